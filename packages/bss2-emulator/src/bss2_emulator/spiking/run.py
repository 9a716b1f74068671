"""Run spiking experiments: registers and events in, spikes and samples out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.run import Listed, Outcome, run_batch
from bss2_emulator.config import ChipConfig
from bss2_emulator.events.labels import Page
from bss2_emulator.readout import cadc, madc
from bss2_emulator.results import CadcSamples, MadcSamples, SpikingRun
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking.inputs import Events, Recording
from bss2_emulator.spiking.planner import STEP, Planner
from bss2_emulator.synram import correlation

_NEVER: Final = np.empty(0, np.int64)


class Integration(NamedTuple):
    """What the kernel left behind.

    Attributes:
        active, page, starts, configs: As of :class:`~bss2_emulator.spiking.planner.Prepared`.
        outcome: Lists of events and counters.
        samples: Of the column ADC.
        trace: Membrane of the MADC's neuron at the borders of internal steps, V, (batch, steps + 1), or None.
    """

    active: NDArray[np.int64]
    page: Page
    outcome: Outcome
    samples: tuple[CadcSamples, ...]
    trace: np.ndarray | None
    starts: NDArray[np.int64]
    configs: list[ChipConfig]


class SpikingEngine:
    """Runs spiking experiments on one silicon.

    Args:
        silicon: The chip.
        dtype: Floating point type of the integration.
    """

    def __init__(self, silicon: Silicon, dtype: type) -> None:
        self.silicon, self.dtype = silicon, dtype
        self._planner = Planner(silicon, dtype)

    def run(
        self,
        config: ChipConfig,
        runtime: int,
        events: Events,
        recording: Recording,
        noise: RunNoise,
        threads: int,
        writes: Sequence[tuple[int, ChipConfig]] = (),
    ) -> SpikingRun:
        """Run all batch entries; arguments are legal."""
        done = self.integrate(config, runtime, events, recording, noise, threads, writes)
        page, out = done.page, done.outcome
        spike_times, senders = _sorted_by_neuron(out.sent, page)
        loop_times, sources, loop_offsets = out.back
        fire_times, fired, fired_offsets = out.fired
        counted = config.enable_spike_output[fired]
        if len(done.configs) > 1:
            outputs = np.stack([after.enable_spike_output for after in done.configs])
            counted = outputs[np.searchsorted(done.starts, fire_times, side="right") - 1, fired]
        if not counted.all():
            fired, fired_offsets = fired[counted], np.concatenate(([0], np.cumsum(counted)))[fired_offsets]
        return SpikingRun(
            spike_times=spike_times,
            spike_labels=page.chip_label[senders],
            spike_neurons=page.neuron[senders],
            spike_offsets=out.sent[2],
            loopback_times=loop_times,
            loopback_labels=page.label[sources],
            loopback_offsets=loop_offsets,
            cadc=done.samples,
            madc=self._madc(done.trace, runtime, recording.madc_neuron, noise),
            loopback_inputs=page.input[sources],
            delivered=out.delivered,
            dropped=out.dropped,
            passed=out.through,
            dropped_link=out.link_dropped,
            background=out.generated,
            fired_neurons=fired.astype(np.int64),
            fired_offsets=fired_offsets,
            correlation=self._correlation(config, done, recording, noise, threads),
            written=np.array([-(-cycle // STEP) * STEP for cycle, _ in writes], np.int64) if writes else _NEVER,
        )

    def integrate(
        self,
        config: ChipConfig,
        runtime: int,
        events: Events,
        recording: Recording,
        noise: RunNoise,
        threads: int,
        writes: Sequence[tuple[int, ChipConfig]] = (),
    ) -> Integration:
        """Move the membranes; arguments are legal."""
        ready = self._planner.prepared(config, runtime, events.labels, recording, threads, writes)
        batch = len(events.offsets) - 1
        top, bottom = [None if one is None else one.lay_out(runtime, batch, noise) for one in ready.readouts]
        trace: np.ndarray | None = np.empty((batch, -(-runtime // STEP) + 1), self.dtype) if ready.traced else None
        outcome = run_batch(
            ready.plan,
            noise.key,
            noise.run,
            noise.first_entry,
            events.times,
            events.labels,
            events.offsets,
            None if top is None else top[0],
            None if bottom is None else bottom[0],
            trace,
            threads,
        )
        if ready.least:
            cadc.warn_if_capped(runtime, ready.least, recording.cadc_in_dram)
        samples = tuple([one[1] for one in (top, bottom) if one is not None])
        return Integration(ready.active, ready.page, outcome, samples, trace, ready.starts, ready.configs)

    def _correlation(
        self, config: ChipConfig, done: Integration, recording: Recording, noise: RunNoise, threads: int
    ) -> NDArray[np.uint8] | None:
        if not len(recording.correlation_rows):
            return None
        return correlation.measure(
            config,
            self.silicon,
            recording.correlation_rows,
            done.page.routes,
            done.outcome.passed,
            done.outcome.fired,
            recording.correlation_reset,
            noise,
            threads,
        )

    def _madc(self, trace: np.ndarray | None, runtime: int, neuron: int | None, noise: RunNoise) -> MadcSamples | None:
        if neuron is None or trace is None:
            return None
        return MadcSamples(*madc.sample(trace, runtime, neuron, self.silicon, noise))


def _sorted_by_neuron(sent: Listed, page: Page) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return times and sources of spikes, by time, then neuron in each entry."""
    times, numbers, offsets = sent
    senders = numbers.astype(np.int64) + page.first_neuron
    if page.count > 1:  # the same neuron is another source after a write
        entry = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        order = np.lexsort((page.neuron[senders], times, entry))
        times, senders = times[order], senders[order]
    return times, senders
