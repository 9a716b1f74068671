"""What the connected chip can show and how it scales, measured: ranges of membranes, thresholds, weights."""

from hxtorch.spiking.paths import submodules as _submodules

__getattr__ = _submodules(__name__, "boundary", "helper", "threshold", "weight_scaling")
