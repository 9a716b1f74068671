"""Neurons, one at a time."""
