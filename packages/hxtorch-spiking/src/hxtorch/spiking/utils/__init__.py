"""Helpers of user scripts, under the names that these know."""

from hxtorch.spiking.paths import submodules as _submodules

_PATHS = "calib_helper", "dynamic_range", "from_nir", "from_nir_data", "model_mapper", "readout_source", "to_nir"

__getattr__ = _submodules(__name__, *_PATHS, "to_nir_data")
