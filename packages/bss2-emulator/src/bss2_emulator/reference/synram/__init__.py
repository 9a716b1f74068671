"""Synapses, one at a time."""
