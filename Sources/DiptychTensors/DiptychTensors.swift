// DiptychTensors
