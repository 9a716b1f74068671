"""Compiled kernels: the numerics of :mod:`hxtorch.spiking.functional` on arrays in memory, without torch."""
