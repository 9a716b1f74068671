"""Name under which low-level scripts know the connection to a chip and the plain functions of :mod:`hxtorch.core`."""

from hxtorch.core.backends.setup import CalibrationPath, HWDBPath
from hxtorch.core.networks.weights import weight_to_connection
from hxtorch.core.runs.inputs import tensor_to_spike_times
from hxtorch.core.sessions.session import (
    get_unique_identifier,
    init_hardware,
    init_hardware_minimal,
    release_hardware,
)

__all__ = [
    "CalibrationPath",
    "HWDBPath",
    "get_unique_identifier",
    "init_hardware",
    "init_hardware_minimal",
    "release_hardware",
    "tensor_to_spike_times",
    "weight_to_connection",
]


def __dir__() -> list[str]:
    return sorted(__all__)
