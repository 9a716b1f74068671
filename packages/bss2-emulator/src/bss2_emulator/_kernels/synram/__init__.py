"""Synapses: rows, plasticity of drivers, correlation sensors."""
