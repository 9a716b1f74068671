"""Run spiking experiments: registers and events in, spikes and samples out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import cadc, constants, correlation, delivery, madc
from bss2_emulator._kernels.lif import LAYOUT, Outcome, Readout, run_batch
from bss2_emulator.arrangement import Arrangement, arrange, circuits
from bss2_emulator.compartments import Membranes, join
from bss2_emulator.config import ChipConfig
from bss2_emulator.coordinates import HEMISPHERE, spike_label
from bss2_emulator.events import Routes
from bss2_emulator.inputs import Events
from bss2_emulator.labels import LabelBook, Page
from bss2_emulator.memo import Memo
from bss2_emulator.neurons import REGISTERS, neuron_physics
from bss2_emulator.noise import RunNoise
from bss2_emulator.propagators import neuron_tables, padded
from bss2_emulator.results import CadcSamples, MadcSamples, SpikingRun
from bss2_emulator.silicon import Silicon
from bss2_emulator.synram import Synapses, compile_synapses
from bss2_emulator.terms import REGISTERS as TERM_REGISTERS
from bss2_emulator.terms import neuron_terms
from bss2_emulator.topology import REGISTERS as TOPOLOGY_REGISTERS
from bss2_emulator.topology import find_topology


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
        active: Neurons that were integrated, in the order of the kernel.
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
        page, out = done.page, done.outcome
        spike_times, senders, spike_offsets = out.sent
        neurons = page.neurons[senders]
        loop_times, sources, loop_offsets = out.back
        _, fired, fired_offsets = out.fired
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
            fired_neurons=fired.astype(np.int64),
            fired_offsets=fired_offsets,
            correlation=self._correlation(config, done, recording, threads),
        )

    def integrate(
        self, config: ChipConfig, runtime: int, events: Events, recording: Recording, noise: RunNoise, threads: int
    ) -> Integration:
        """Move the membranes; arguments are legal."""
        memo, switches = self._memo, self.silicon.imperfections
        membranes = self._membranes(config)
        arrangement = memo.get(
            "arrangement", (membranes, seen := _observable(config, membranes.topology.compartment, recording)),
            lambda: arrange(membranes, seen),
        )  # fmt: skip
        active = arrangement.active
        tables = memo.get(
            "tables", (membranes, arrangement), lambda: neuron_tables(membranes, active, switches, self.dtype)
        )
        joints = memo.get(
            "circuits", (membranes, arrangement, config.readout_source),
            lambda: circuits(membranes, arrangement, config.readout_source),
        )  # fmt: skip
        page = self._labels.follow(config, arrangement.ascending, events.labels)
        synapses = memo.get(
            "synapses",
            (config.weight, config.label, config.row_mode, page.routes, arrangement, tables.scale),
            lambda: _synapses(config, self.silicon, page.routes, arrangement, tables.scale, threads),
        )
        readouts, samples = self._readouts(config, runtime, events.batch, arrangement.place, recording, noise)
        traced = -1 if recording.madc_neuron is None else int(arrangement.place[recording.madc_neuron])
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
            joints,
            delivery.describe(config, self.silicon, page, events, len(recording.correlation_rows) > 0, memo),
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
            done.outcome.fired,
            recording.correlation_reset,
            threads,
        )

    def _membranes(self, config: ChipConfig) -> Membranes:
        """Translate registers of neurons, keeping what has not changed."""
        memo, silicon = self._memo, self.silicon

        def values(names: tuple[str, ...]) -> tuple[np.ndarray, ...]:
            return tuple(getattr(config, name) for name in names)

        physics = memo.get("physics", values(REGISTERS), lambda: neuron_physics(config, silicon))
        terms = memo.get("terms", values(TERM_REGISTERS), lambda: neuron_terms(config, silicon))
        topology = memo.get("topology", values(TOPOLOGY_REGISTERS), lambda: find_topology(config, silicon))
        return memo.get(
            "membranes", (physics, terms, topology, config.readout_source == 3),
            lambda: join(physics, terms, topology, config),
        )  # fmt: skip

    def _readouts(
        self,
        config: ChipConfig,
        runtime: int,
        batch: int,
        place: NDArray[np.int64],
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
                place[here].astype(np.int32),
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


def _synapses(
    config: ChipConfig,
    silicon: Silicon,
    routes: Routes,
    arrangement: Arrangement,
    scale: np.ndarray,
    threads: int,
) -> Synapses:
    """Compile synapses in the order of the kernel."""
    if not arrangement.shuffled:
        return compile_synapses(config, silicon.synapse, routes, arrangement.active, scale, threads)
    count, order = len(arrangement.order), arrangement.order
    ascending = scale.copy()
    ascending[:, order] = scale[:, :count]
    synapses = compile_synapses(config, silicon.synapse, routes, arrangement.ascending, ascending, threads)
    exc, inh = synapses.exc.copy(), synapses.inh.copy()
    exc[:, :count], inh[:, :count] = synapses.exc[:, order], synapses.inh[:, order]
    spans = np.empty_like(synapses.spans)
    for sign, line in enumerate((exc, inh)):
        reached = line != 0
        spans[:, 2 * sign] = reached.argmax(axis=1)
        last = line.shape[1] - reached[:, ::-1].argmax(axis=1)
        spans[:, 2 * sign + 1] = np.where(reached.any(axis=1), last, spans[:, 2 * sign])
    return Synapses(exc, inh, spans)


def _observable(config: ChipConfig, compartment: NDArray[np.int64], recording: Recording) -> NDArray[np.bool_]:
    """Return which neurons anybody can see, (512,): others are not integrated.

    Where circuits share a membrane, any of them may make the spike that another one sends.
    """
    firing = config.enable_threshold | config.enable_bypass_exc | config.enable_bypass_inh
    fires = np.bincount(compartment, firing, len(compartment))[compartment] > 0
    seen = fires & config.enable_spike_output
    seen[recording.cadc_neurons] = True
    if recording.madc_neuron is not None:
        seen[recording.madc_neuron] = True
    for hemisphere in np.unique(recording.correlation_rows // constants.ROWS):
        seen |= fires & (hemisphere == HEMISPHERE)
    return np.asarray(seen)
