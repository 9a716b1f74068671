"""Neurons: registers as physical values, terms, compartments, and the tables that kernels step with."""
