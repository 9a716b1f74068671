"""Path of user scripts; see :mod:`hxtorch.spiking.nir`."""

from hxtorch.spiking.nir.exporting import to_nir
from hxtorch.spiking.nir.snn import SNN

__all__ = ["SNN", "to_nir"]
