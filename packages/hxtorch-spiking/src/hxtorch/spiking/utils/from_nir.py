"""Path of user scripts; see :mod:`hxtorch.spiking.nir`."""

from hxtorch.spiking.nir.config import ConversionConfig
from hxtorch.spiking.nir.importing import from_nir

__all__ = ["ConversionConfig", "from_nir"]
