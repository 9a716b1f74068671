"""What lies between the modules of an experiment and the chip."""
