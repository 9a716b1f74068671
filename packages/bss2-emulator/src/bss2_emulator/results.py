"""What comes out of a run.

Times are FPGA cycles of 8 ns. Batches are flat arrays with offsets: entry ``b`` owns ``[offsets[b], offsets[b + 1])``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class CadcSamples(NamedTuple):
    """Samples of the column ADC of one hemisphere, all columns at one instant.

    Attributes:
        times: int64 (samples,), in [0, runtime).
        values: Raw codes, uint8 (samples, neurons).
        neurons: Recorded neurons n of this hemisphere in the order asked for, int64 (neurons,).
        offsets: int64 (batch + 1,).
    """

    times: NDArray[np.int64]
    values: NDArray[np.uint8]
    neurons: NDArray[np.int64]
    offsets: NDArray[np.int64]


class MadcSamples(NamedTuple):
    """Samples of the membrane ADC.

    Attributes:
        times: int64 (samples,), 4 or 5 apart.
        values: Codes 0..1023, uint16 (samples,).
        offsets: int64 (batch + 1,).
    """

    times: NDArray[np.int64]
    values: NDArray[np.uint16]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SpikingRun:
    """Result of a spiking run.

    Attributes:
        spike_times: Spikes that the crossbar forwards to the link; by time, then neuron in each entry, int64 (spikes,).
        spike_labels: 14-bit label on the chip: event output << 8 | address, uint16 (spikes,).
        spike_neurons: Neuron n that fired, int64 (spikes,).
        spike_offsets: int64 (batch + 1,).
        loopback_times, loopback_labels, loopback_offsets: Input events that came back, labels as sent.
        cadc: One entry for each hemisphere with recorded neurons, top first.
        madc: Samples of the recorded neuron, or None.
        dropped: Events that no crossbar node forwarded, by crossbar input, int64 (20,).
    """

    spike_times: NDArray[np.int64]
    spike_labels: NDArray[np.uint16]
    spike_neurons: NDArray[np.int64]
    spike_offsets: NDArray[np.int64]
    loopback_times: NDArray[np.int64]
    loopback_labels: NDArray[np.uint16]
    loopback_offsets: NDArray[np.int64]
    cadc: tuple[CadcSamples, ...]
    madc: MadcSamples | None
    dropped: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MatrixRun:
    """Result of a matrix product.

    Attributes:
        values: int8 (batch, columns), tiles added and clamped.
        madc: Membrane of the column asked for during the first tile, or None.
        events_sent: Input events, all tiles and batch entries.
    """

    values: NDArray[np.int8]
    madc: MadcSamples | None
    events_sent: int
