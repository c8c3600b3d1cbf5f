// DiptychEngine
