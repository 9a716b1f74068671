"""Path of user scripts; see :mod:`hxtorch.spiking.functional.step_integration_code_factory`."""

from hxtorch.spiking.functional.step_integration_code_factory import *  # noqa: F403
