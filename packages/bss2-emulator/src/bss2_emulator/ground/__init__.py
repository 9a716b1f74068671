"""What the emulator and hxtorch.core stand on, as nothing is below both, and is no fact of the chip."""
