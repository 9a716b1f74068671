"""Results of calibrations, as objects and as files."""
