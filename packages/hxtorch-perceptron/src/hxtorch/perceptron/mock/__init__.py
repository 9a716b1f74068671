"""The mock model: what the chip would do if all its columns were equal."""
