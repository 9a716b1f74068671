"""Hagen mode."""
