"""What comes out of a run.

Times are FPGA cycles of 8 ns. Batches are flat arrays with offsets: entry ``b`` owns ``[offsets[b], offsets[b + 1])``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.ground.cached import cached_property


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


class SpikeCounters(NamedTuple):
    """Spike counters of the neurons.

    Attributes:
        values: Spikes, 255 at most, uint8 (batch, 512).
        overflow: There were more, bool (batch, 512).
    """

    values: NDArray[np.uint8]
    overflow: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SpikingRun:
    """Result of a spiking run.

    Attributes:
        spike_times: Spikes that the crossbar forwards to the link; by time, then neuron in each entry, int64 (spikes,).
        spike_labels: 14-bit label on the chip: event output << 8 | address, uint16 (spikes,).
        spike_neurons: Neuron n that fired, int64 (spikes,).
        spike_offsets: int64 (batch + 1,).
        loopback_times, loopback_labels, loopback_offsets: Other events that came back over the link; input events with
            the label that was sent, background events with theirs and the link channel in bits 14 and 15.
        loopback_inputs: Crossbar input by which each of them came, which tells them apart: 8 to 11 link, 12 to 19
            background, uint8.
        cadc: One entry for each hemisphere with recorded neurons, top first.
        madc: Samples of the recorded neuron, or None.
        delivered, dropped: Events that the crossbar forwarded, and those that it did not, since no node takes them or
            a queue was full; by crossbar input, all entries, int64 (20,).
        passed: Events by crossbar output, int64 (12,).
        dropped_link: Events lost on the link: those to the chip that it could not deliver within the run, then those
            back that found their queue full or came after it; by channel, int64 (8,).
        background: Events that the background generators made, int64 (8,).
        fired_neurons, fired_offsets: Spikes that neurons handed to the crossbar, in order of time; see
            :attr:`spike_counters`.
        correlation: Codes of the (causal, acausal) sensors asked for, uint8 (batch, rows, 256, 2), or None.
        written: Cycle from which the registers of each write held, int64 (writes,).
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
    loopback_inputs: NDArray[np.uint8]
    delivered: NDArray[np.int64]
    dropped: NDArray[np.int64]
    passed: NDArray[np.int64]
    dropped_link: NDArray[np.int64]
    background: NDArray[np.int64]
    fired_neurons: NDArray[np.int64]
    fired_offsets: NDArray[np.int64]
    correlation: NDArray[np.uint8] | None
    written: NDArray[np.int64]

    @cached_property
    def spike_counters(self) -> SpikeCounters:
        """The 8-bit counter of each neuron at the end of the run."""
        batch = len(self.fired_offsets) - 1
        entry = np.repeat(np.arange(batch), np.diff(self.fired_offsets))
        counts = np.bincount(entry * NEURONS + self.fired_neurons, minlength=batch * NEURONS).reshape(batch, NEURONS)
        return SpikeCounters(np.minimum(counts, 255).astype(np.uint8), np.asarray(counts > 255))


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
