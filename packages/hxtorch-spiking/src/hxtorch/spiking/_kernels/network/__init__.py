"""Kernels of what modules hand to each other."""
