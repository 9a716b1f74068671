"""Spiking runs, one entry at a time."""
