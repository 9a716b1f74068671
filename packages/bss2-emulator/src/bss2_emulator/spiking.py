"""Run spiking experiments: registers and events in, spikes and samples out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import background, cadc, constants, correlation, madc, plasticity
from bss2_emulator._kernels.lif import LAYOUT, Delivery, Outcome, Readout, run_batch
from bss2_emulator.config import ChipConfig
from bss2_emulator.coordinates import HEMISPHERE, spike_label
from bss2_emulator.events import bus_cycles
from bss2_emulator.inputs import Events
from bss2_emulator.labels import LabelBook, Page
from bss2_emulator.memo import Memo
from bss2_emulator.neurons import REGISTERS, neuron_physics
from bss2_emulator.noise import RunNoise
from bss2_emulator.propagators import neuron_tables, padded
from bss2_emulator.results import CadcSamples, MadcSamples, SpikingRun
from bss2_emulator.silicon import Silicon
from bss2_emulator.synram import compile_synapses


@dataclass(frozen=True, eq=False)
class Recording:
    """What to record beside spikes; see :meth:`bss2_emulator.Chip.run_spiking`."""

    cadc_neurons: NDArray[np.int64]
    cadc_acausal: bool = False
    cadc_in_dram: bool = False
    madc_neuron: int | None = None
    correlation_rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    correlation_reset: int = 0


@dataclass(frozen=True, eq=False)
class Integration:
    """What the kernel left behind.

    Attributes:
        active: Neurons that were integrated, ascending.
        page: Where events went.
        outcome: Lists of events and counters.
        samples: Of the column ADC.
        trace: Membrane of the MADC's neuron at the borders of internal steps, V, (batch, steps + 1).
    """

    active: NDArray[np.int64]
    page: Page
    outcome: Outcome
    samples: tuple[CadcSamples, ...]
    trace: np.ndarray


class SpikingEngine:
    """Runs spiking experiments on one silicon, and keeps what it derived from registers that do not change.

    Args:
        silicon: The chip.
        dtype: Floating point type of the integration.
    """

    def __init__(self, silicon: Silicon, dtype: type) -> None:
        self.silicon, self.dtype = silicon, dtype
        self._memo = Memo()
        self._labels = LabelBook(silicon)

    def run(
        self, config: ChipConfig, runtime: int, events: Events, recording: Recording, noise: RunNoise, threads: int
    ) -> SpikingRun:
        """Run all batch entries; arguments are legal."""
        done = self.integrate(config, runtime, events, recording, noise, threads)
        active, page, out = done.active, done.page, done.outcome
        spike_times, index, spike_offsets = out.sent
        neurons = active[index]
        loop_times, sources, loop_offsets = out.back
        fired, fired_offsets = active[out.fired[1]], out.fired[2]
        counted = config.enable_spike_output[fired]
        if not counted.all():
            fired, fired_offsets = fired[counted], np.concatenate(([0], np.cumsum(counted)))[fired_offsets]
        return SpikingRun(
            spike_times=spike_times,
            spike_labels=spike_label(neurons, config.event_address[neurons]).astype(np.uint16),
            spike_neurons=neurons,
            spike_offsets=spike_offsets,
            loopback_times=loop_times,
            loopback_labels=page.label[sources],
            loopback_offsets=loop_offsets,
            cadc=done.samples,
            madc=self._madc(done.trace, runtime, recording.madc_neuron, noise),
            loopback_inputs=page.table["input"][sources],
            delivered=out.delivered.sum(axis=0),
            dropped=out.dropped.sum(axis=0),
            passed=out.through.sum(axis=0),
            dropped_link=out.link_dropped.sum(axis=0),
            background=out.generated.sum(axis=0),
            fired_neurons=fired,
            fired_offsets=fired_offsets,
            correlation=self._correlation(config, done, recording, threads),
        )

    def integrate(
        self, config: ChipConfig, runtime: int, events: Events, recording: Recording, noise: RunNoise, threads: int
    ) -> Integration:
        """Move the membranes; arguments are legal."""
        memo, switches = self._memo, self.silicon.imperfections
        active = _observable(config, recording)
        registers = tuple(getattr(config, name) for name in REGISTERS)
        physics = memo.get("physics", registers, lambda: neuron_physics(config, self.silicon))
        tables = memo.get("tables", (physics, active), lambda: neuron_tables(physics, active, switches, self.dtype))
        page = self._labels.follow(config, active, events.labels)
        synapses = memo.get(
            "synapses",
            (config.weight, config.label, config.row_mode, page.routes, active, tables.scale),
            lambda: compile_synapses(config, self.silicon.synapse, page.routes, active, tables.scale, threads),
        )
        readouts, samples = self._readouts(config, runtime, events.batch, active, recording, noise)
        traced = -1 if recording.madc_neuron is None else int(np.searchsorted(active, recording.madc_neuron))
        steps = -(-runtime // LAYOUT["step"])
        trace: np.ndarray = np.empty((events.batch, steps + 1) if traced >= 0 else (1, 1), self.dtype)
        outcome = run_batch(
            runtime,
            len(active),
            switches.saturation,
            switches.membrane_noise or switches.run_offset,
            constants.RAILS[0],
            constants.RAILS[1],
            tables.rows,
            synapses.exc,
            synapses.inh,
            synapses.spans,
            padded(active).astype(np.uint32),
            tables.reset_cycles,
            tables.refractory_cycles,
            self._delivery(config, page, events, recording),
            noise.key,
            noise.run,
            noise.first_entry,
            readouts[0],
            readouts[1],
            traced,
            trace,
            threads,
        )
        return Integration(active, page, outcome, samples, trace)

    def _delivery(self, config: ChipConfig, page: Page, events: Events, recording: Recording) -> Delivery:
        """Tell the kernel how events travel."""
        laws = self._memo.get(
            "plasticity",
            tuple(getattr(config, name) for name in plasticity.REGISTERS),
            lambda: (plasticity.driver_laws(config, self.silicon), plasticity.powers(config)),
        )
        return Delivery(
            self.silicon.imperfections.event_loss,
            len(recording.correlation_rows) > 0,
            (constants.NEURON_QUEUE, constants.EVENT_QUEUE, constants.RETURN_QUEUE, constants.LINK_LABELS),
            page.table,
            page.routes.actions,
            page.first_neuron,
            page.label_route,
            page.neuron_route,
            page.background_route,
            bus_cycles(config),
            background.sources(config),
            page.routes.part_offsets,
            page.routes.part_driver,
            *laws,
            events.times,
            events.labels,
            events.offsets,
        )

    def _correlation(
        self, config: ChipConfig, done: Integration, recording: Recording, threads: int
    ) -> NDArray[np.uint8] | None:
        if not len(recording.correlation_rows):
            return None
        return correlation.measure(
            config,
            self.silicon,
            recording.correlation_rows,
            done.page.routes,
            done.outcome.passed,
            done.active,
            done.outcome.fired,
            recording.correlation_reset,
            threads,
        )

    def _readouts(
        self,
        config: ChipConfig,
        runtime: int,
        batch: int,
        active: NDArray[np.int64],
        recording: Recording,
        noise: RunNoise,
    ) -> tuple[list[Readout | None], tuple[CadcSamples, ...]]:
        """Lay out the samples of both hemispheres."""
        readouts: list[Readout | None] = [None, None]
        samples = []
        neurons, switches = recording.cadc_neurons, self.silicon.imperfections
        for hemisphere in range(2):
            here = neurons[HEMISPHERE[neurons] == hemisphere]
            if not len(here):
                continue
            layout = cadc.sample_times(
                runtime, batch, hemisphere, len(here), recording.cadc_in_dram, noise, switches.cadc_jitter
            )
            gain, offset = cadc.transfer(config, self.silicon, here, recording.cadc_acausal)
            values = np.empty((len(layout.times), len(here)), np.uint8)
            readouts[hemisphere] = Readout(
                np.searchsorted(active, here).astype(np.int32),
                here.astype(np.uint32),
                gain.astype(np.float32),
                offset.astype(np.float32),
                constants.CADC_NOISE * switches.cadc_noise,
                layout.times,
                layout.batch_offsets,
                layout.first,
                values,
            )
            samples.append(CadcSamples(layout.times, values, here, layout.batch_offsets))
        if samples:
            cadc.warn_if_capped(runtime, max(len(sample.neurons) for sample in samples), recording.cadc_in_dram)
        return readouts, tuple(samples)

    def _madc(self, trace: np.ndarray, runtime: int, neuron: int | None, noise: RunNoise) -> MadcSamples | None:
        if neuron is None:
            return None
        offset = float(self.silicon.readout_offset[neuron])
        return MadcSamples(*madc.sample(trace, runtime, offset, noise, self.silicon.imperfections.madc_noise))


def _observable(config: ChipConfig, recording: Recording) -> NDArray[np.int64]:
    """Return the neurons that anybody can see, ascending: others are not integrated."""
    seen = config.enable_threshold & config.enable_spike_output
    seen[recording.cadc_neurons] = True
    if recording.madc_neuron is not None:
        seen[recording.madc_neuron] = True
    for hemisphere in np.unique(recording.correlation_rows // constants.ROWS):
        seen |= config.enable_threshold & (hemisphere == HEMISPHERE)
    return np.flatnonzero(seen)
