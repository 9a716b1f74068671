"""Path of user scripts; see :mod:`hxtorch.spiking.nir`."""

from hxtorch.spiking.nir.data import to_nir_data

__all__ = ["to_nir_data"]
