// DiptychTokenizers
