"""Noise, one number at a time."""
