"""What lies between the modules of an experiment and the chip."""

from hxtorch.spiking.paths import submodules as _submodules

__getattr__ = _submodules(__name__, "module_manager")
