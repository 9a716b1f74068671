"""The workbench: measuring programs, stimuli, fits and searches."""
