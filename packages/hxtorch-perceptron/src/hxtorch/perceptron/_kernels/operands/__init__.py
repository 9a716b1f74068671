"""Operands as integers of the chip."""
