"""Coordinates and registers in the vocabulary of user scripts."""
