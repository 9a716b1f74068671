"""Name under which low-level scripts know runs of networks and what they record, as tensors."""

from hxtorch.core import run, tensor_to_spike_times, weight_to_connection
from hxtorch.spiking.chip.handles import (
    CADCHandle,
    DataHandle,
    MADCHandle,
    SpikeHandle,
    dense_spikes_to_list,
    extract_cadc,
    extract_madc,
    extract_spikes,
)

__all__ = [
    "CADCHandle",
    "DataHandle",
    "MADCHandle",
    "SpikeHandle",
    "dense_spikes_to_list",
    "extract_cadc",
    "extract_madc",
    "extract_spikes",
    "run",
    "tensor_to_spike_times",
    "weight_to_connection",
]


def __dir__() -> list[str]:
    return sorted(__all__)
