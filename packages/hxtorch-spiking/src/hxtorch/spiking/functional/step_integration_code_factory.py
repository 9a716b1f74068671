"""Path of user scripts; see :mod:`hxtorch.spiking.functional.models.step_code`."""

from hxtorch.spiking.functional.models.step_code import CuBaStepCode as CuBaStepCode
