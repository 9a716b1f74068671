"""Path of user scripts; see :mod:`hxtorch.spiking.nir`."""

from hxtorch.spiking.nir.data import from_nir_data

__all__ = ["from_nir_data"]
