"""Membranes and their terms."""
