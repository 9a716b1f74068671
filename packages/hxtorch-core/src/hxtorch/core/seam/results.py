"""What comes up from a chip.

Times are FPGA cycles of 8 ns. Batches are flat arrays with offsets: entry ``b`` owns ``[offsets[b], offsets[b + 1])``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hxtorch.core.looks import Looks


@dataclass(frozen=True, eq=False, repr=False)
class SpikeEvents(Looks):
    """Spikes of neurons, sorted by time inside each batch entry.

    Attributes:
        times: int64 (spikes,), in [0, runtime).
        neurons: Neuron ``n`` of each spike, int64 (spikes,).
        batch_offsets: int64 (batch + 1,).
    """

    times: np.ndarray
    neurons: np.ndarray
    batch_offsets: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class LabelEvents(Looks):
    """Events that the crossbar sent to the host, by label.

    Attributes:
        times: int64 (events,), ascending inside each batch entry.
        labels: 16-bit labels, the link's channel in bits 15 and 14, uint16 (events,).
        batch_offsets: int64 (batch + 1,).
    """

    times: np.ndarray
    labels: np.ndarray
    batch_offsets: np.ndarray

    @classmethod
    def none(cls, batch_size: int) -> LabelEvents:
        """Return ``batch_size`` entries without events."""
        return cls(np.empty(0, np.int64), np.empty(0, np.uint16), np.zeros(batch_size + 1, np.int64))


@dataclass(frozen=True, eq=False, repr=False)
class CADCSamples(Looks):
    """Samples of the column ADC of one hemisphere: all columns at one instant.

    Attributes:
        times: int64 (samples,), in [0, runtime).
        values: Raw codes 0..255, uint8 (samples, neurons).
        neurons: Recorded neurons ``n`` of this hemisphere, int64 (neurons,), in the order asked for.
        batch_offsets: int64 (batch + 1,).
    """

    times: np.ndarray
    values: np.ndarray
    neurons: np.ndarray
    batch_offsets: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class MADCSamples(Looks):
    """Samples of the membrane ADC.

    Attributes:
        times: int64 (samples,), in [0, runtime), 4 or 5 cycles apart.
        values: Codes 0..1023, uint16 (samples,).
        neuron: The recorded neuron ``n``.
        batch_offsets: int64 (batch + 1,).
    """

    times: np.ndarray
    values: np.ndarray
    neuron: int
    batch_offsets: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class CorrelationCodes(Looks):
    """Correlation sensors of synapses at the end of a run.

    Attributes:
        values: Codes 0..255 of the (causal, acausal) sensor of each synapse, uint8 (batch, rows, 256, 2).
        rows: Recorded rows ``256 * hemisphere + row``, int64 (rows,).
    """

    values: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class SpikeCounters(Looks):
    """Spike counters of all neurons at the end of a run.

    Attributes:
        values: Spikes, at most 255, uint8 (batch, 512).
        overflow: Whether there were more, bool (batch, 512).
    """

    values: np.ndarray
    overflow: np.ndarray


@dataclass(frozen=True, repr=False)
class ExecutionInfo(Looks):
    """What a run did.

    Attributes:
        backend, serial, fidelity: The chip that ran.
        run: Number of this run since the connection opened.
        emulated_time: Seconds of chip time, all batch entries together.
        wall_time: Seconds on the caller's clock.
        events_sent: Input events.
        events_dropped: Events that the crossbar forwarded nowhere or had no place for, per input, int64 (20,).
        events_forwarded: Events that it forwarded, per input, int64 (20,).
        events_passed: Events that left it, per output, int64 (12,).
        link_dropped: Events lost on the link: to the chip by channel, then to the host by channel, int64 (8,).
        background_events: Events that the background generators made, int64 (8,).

    All batch entries count together.
    """

    backend: str
    serial: str
    fidelity: str
    run: int
    emulated_time: float
    wall_time: float
    events_sent: int = 0
    events_dropped: np.ndarray = field(default_factory=lambda: np.zeros(20, np.int64))
    events_forwarded: np.ndarray = field(default_factory=lambda: np.zeros(20, np.int64))
    events_passed: np.ndarray = field(default_factory=lambda: np.zeros(12, np.int64))
    link_dropped: np.ndarray = field(default_factory=lambda: np.zeros(8, np.int64))
    background_events: np.ndarray = field(default_factory=lambda: np.zeros(8, np.int64))

    def _rows(self) -> list[tuple[str, str]]:
        """Return what a reader asks for: counts as sums, times with units."""
        return [
            ("chip", f"{self.serial!r} of {self.backend!r}, fidelity {self.fidelity!r}"),
            ("run", str(self.run)),
            ("emulated_time", f"{self.emulated_time * 1e3:.4g} ms"),
            ("wall_time", f"{self.wall_time * 1e3:.4g} ms"),
            ("events_sent", str(self.events_sent)),
            *(
                (name, str(int(np.sum(getattr(self, name)))))
                for name in ("events_forwarded", "events_passed", "events_dropped", "link_dropped", "background_events")
            ),
        ]


@dataclass(frozen=True, eq=False, repr=False)
class SpikingResult(Looks):
    """Everything recorded during a :class:`~hxtorch.core.seam.programs.SpikingProgram`.

    Attributes:
        spikes: Spikes that reached the link.
        loopback: Input events that came back.
        cadc: One entry per hemisphere with recorded neurons, top first.
        madc: Samples of the recorded neuron, or None.
        info: What the run did.
        background: Events of background generators that reached the link, or None if the backend has none.
        correlation: Correlation sensors, or None where none are asked for.
        spike_counters: Spike counters, or None where they are not asked for.
    """

    spikes: SpikeEvents
    loopback: LabelEvents
    cadc: tuple[CADCSamples, ...]
    madc: MADCSamples | None
    info: ExecutionInfo
    background: LabelEvents | None = None
    correlation: CorrelationCodes | None = None
    spike_counters: SpikeCounters | None = None


@dataclass(frozen=True, eq=False, repr=False)
class MatrixResult(Looks):
    """Result of a :class:`~hxtorch.core.seam.programs.MatrixProgram`.

    Attributes:
        values: int8 (batch, columns), tiles added and saturated.
        madc: Membrane of the column asked for, or None.
        info: What the run did.
    """

    values: np.ndarray
    madc: MADCSamples | None
    info: ExecutionInfo
