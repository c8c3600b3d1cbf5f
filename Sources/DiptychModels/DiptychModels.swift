// DiptychModels
