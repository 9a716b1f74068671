"""Facts of the chip: counts, clocks, conversion factors and coordinates; pure Python and NumPy."""
