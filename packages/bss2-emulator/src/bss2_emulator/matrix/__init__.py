"""Multiply-accumulate in hagen mode."""
