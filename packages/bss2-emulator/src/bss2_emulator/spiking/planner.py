"""From registers to the plan of a run, of which only what a change touches is derived anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.events.batches import are_known
from bss2_emulator._kernels.spiking.plan import LAYOUT, Plan, Segment
from bss2_emulator.config import ChipConfig
from bss2_emulator.events.labels import LabelBook, Page
from bss2_emulator.facts import constants
from bss2_emulator.facts.coordinates import HEMISPHERE
from bss2_emulator.memo import Memo
from bss2_emulator.neurons.arrangement import Arrangement, arrange, circuits, moved, seen_together
from bss2_emulator.neurons.compartments import Membranes, join
from bss2_emulator.neurons.physics import REGISTERS, neuron_physics
from bss2_emulator.neurons.propagators import neuron_tables, padded
from bss2_emulator.neurons.terms import REGISTERS as TERM_REGISTERS
from bss2_emulator.neurons.terms import neuron_terms
from bss2_emulator.neurons.topology import REGISTERS as TOPOLOGY_REGISTERS
from bss2_emulator.neurons.topology import find_topology
from bss2_emulator.readout.sampling import Sampling
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking import delivery
from bss2_emulator.spiking.inputs import Recording
from bss2_emulator.synram.weights import arranged_synapses

STEP = LAYOUT["step"]

_PHYSICS, _TERMS, _TOPOLOGY = attrgetter(*REGISTERS), attrgetter(*TERM_REGISTERS), attrgetter(*TOPOLOGY_REGISTERS)
_FIRING = attrgetter("enable_threshold", "enable_bypass_exc", "enable_bypass_inh", "enable_spike_output")
_NEURONS = attrgetter(*REGISTERS, *TERM_REGISTERS, *TOPOLOGY_REGISTERS, "readout_source")


@lru_cache(64)
def _one(*values: object) -> tuple[object, ...]:
    """Return one object for equal values, which a memo tells by its identity: callers may write to their arrays."""
    return values


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that a run is but its events and its noise.

    Attributes:
        plan: For the kernel.
        active: Neurons that are integrated, in the first order of the kernel.
        page: Where events go under the first registers; all others number sources and actions as it does.
        starts: Cycles from which registers hold, ascending from 0, (segments,).
        configs: These registers.
        readouts: What is sampled of each hemisphere, None: nothing.
        least: Recorded columns of the hemisphere that has fewer of them, 0 if none is sampled.
        traced: The membrane ADC samples.
    """

    plan: Plan
    active: NDArray[np.int64]
    page: Page
    starts: NDArray[np.int64]
    configs: list[ChipConfig]
    readouts: tuple[Sampling | None, Sampling | None]
    least: int
    traced: bool


class Planner:
    """Plans runs on one silicon, and keeps what it derived from registers that do not change.

    Args:
        silicon: The chip.
        dtype: Floating point type of the integration.
    """

    def __init__(self, silicon: Silicon, dtype: type) -> None:
        self.silicon, self.dtype = silicon, dtype
        self._memo = Memo()
        self._labels = LabelBook(silicon)
        self._wander = _wander(silicon)

    def prepared(
        self,
        config: ChipConfig,
        runtime: int,
        labels: NDArray[np.uint16],
        recording: Recording,
        threads: int,
        writes: Sequence[tuple[int, ChipConfig]],
    ) -> Prepared:
        """Return what follows of registers and of what is recorded: it holds while they are the same.

        Registers are the same if they are one object, which nobody can write to, and so are the labels that pages know;
        what else goes in is told by its values.
        """
        cycles, later = zip(*writes, strict=True) if writes else ((), ())
        given = _one(
            runtime,
            cycles,
            recording.cadc_neurons.tobytes(),
            recording.cadc_acausal,
            recording.cadc_in_dram,
            recording.madc_neuron,
            recording.correlation_rows.tobytes(),
        )
        self._memo.compare = len(writes) + 1
        ready: Prepared = self._memo.get(
            "run", (config, given, self._labels.known, *later),
            lambda: self._prepare(config, runtime, recording, threads, writes),
        )  # fmt: skip
        if are_known(ready.page.label_route, labels):
            return ready
        self._labels.learn(labels)
        return self.prepared(config, runtime, labels, recording, threads, writes)

    def _prepare(
        self,
        config: ChipConfig,
        runtime: int,
        recording: Recording,
        threads: int,
        writes: Sequence[tuple[int, ChipConfig]],
    ) -> Prepared:
        switches, steps = self.silicon.imperfections, -(-runtime // STEP)
        written = [(-(-cycle // STEP), after) for cycle, after in writes]
        held = [(0, config), *((start, after) for start, after in written if start < steps)]
        starts, configs = [start for start, _ in held], [after for _, after in held]
        joined = [self._membranes(after) for after in configs]
        observable = [
            self._observable(after, membranes, recording) for after, membranes in zip(configs, joined, strict=True)
        ]
        seen = observable[0]
        if len(held) > 1:
            seen = seen_together(joined, np.logical_or.reduce(observable))
        arranged = [self._arrangement(membranes, seen) for membranes in joined]
        pages = self._labels.follow_all(configs, arranged[0].ascending)
        top, bottom = (self._readout(recording, hemisphere) for hemisphere in range(2))
        segments = [
            self._segment(*of_one, recording, (top, bottom), threads)
            for of_one in zip(starts, configs, joined, arranged, pages, strict=True)
        ]
        for i in range(1, len(segments)):
            own, led = moved(joined[i - 1], arranged[i - 1], joined[i], arranged[i])
            segments[i] = segments[i]._replace(own=own, led=led)
        plan = Plan(
            runtime,
            len(arranged[0].active),
            switches.saturation,
            self.silicon.mean("compliance"),
            switches.membrane_noise or switches.run_offset,
            self._wander,
            constants.RAILS[0],
            constants.RAILS[1],
            tuple(segments),
        )
        return Prepared(
            plan,
            arranged[0].active,
            pages[0],
            np.array(starts) * STEP,
            configs,
            (top, bottom),
            min((len(one.neurons) for one in (top, bottom) if one is not None), default=0),
            recording.madc_neuron is not None,
        )

    def _readout(self, recording: Recording, hemisphere: int) -> Sampling | None:
        neurons = recording.cadc_neurons[HEMISPHERE[recording.cadc_neurons] == hemisphere]
        if not len(neurons):
            return None
        return Sampling(neurons, recording.cadc_acausal, recording.cadc_in_dram, self.silicon)

    def _segment(
        self,
        start: int,
        config: ChipConfig,
        membranes: Membranes,
        arrangement: Arrangement,
        page: Page,
        recording: Recording,
        readouts: Sequence[Sampling | None],
        threads: int,
    ) -> Segment:
        """Translate one set of registers for the kernel."""
        memo, active = self._memo, arrangement.active
        tables, neurons = memo.get(
            "tables",
            (membranes, arrangement),
            lambda: (neuron_tables(membranes, active, self.silicon, self.dtype), padded(active).astype(np.uint32)),
        )
        joints = memo.get(
            "circuits", (membranes, arrangement, config.readout_source),
            lambda: circuits(membranes, arrangement, config.readout_source, self.silicon.mean("line_rest")),
        )  # fmt: skip
        synapses = memo.get(
            "synapses",
            (config.weight, config.label, config.row_mode, page.routes, arrangement, tables.scale),
            lambda: arranged_synapses(config, self.silicon, page.routes, arrangement, tables.scale, threads),
        )
        top, bottom = (None if one is None else one.under(config, arrangement.place) for one in readouts)
        traced = -1 if recording.madc_neuron is None else int(arrangement.place[recording.madc_neuron])
        return Segment(
            start,
            tables.rows,
            tables.columns,
            synapses.exc,
            synapses.inh,
            synapses.spans,
            neurons,
            tables.reset_cycles,
            tables.refractory_cycles,
            joints,
            delivery.describe(config, self.silicon, page, len(recording.correlation_rows) > 0, memo),
            top,
            bottom,
            traced,
            None,
            None,
        )

    def _arrangement(self, membranes: Membranes, seen: NDArray[np.bool_]) -> Arrangement:
        return self._memo.get("arrangement", (membranes, seen), lambda: arrange(membranes, seen))

    def _observable(self, config: ChipConfig, membranes: Membranes, recording: Recording) -> NDArray[np.bool_]:
        compartment = membranes.topology.compartment
        recorded = _one(recording.cadc_neurons.tobytes(), recording.madc_neuron, recording.correlation_rows.tobytes())
        inputs = (*_FIRING(config), compartment, recorded)
        return self._memo.get("observable", inputs, lambda: _observable(config, compartment, recording))

    def _membranes(self, config: ChipConfig) -> Membranes:
        """Translate registers of neurons, keeping what has not changed."""
        return self._memo.get("neurons", _NEURONS(config), lambda: self._joined(config))

    def _joined(self, config: ChipConfig) -> Membranes:
        """Join the terms of neurons, of which only what depends on a register that changed is derived anew."""
        memo, silicon = self._memo, self.silicon
        physics = memo.get("physics", _PHYSICS(config), lambda: neuron_physics(config, silicon))
        terms = memo.get("terms", _TERMS(config), lambda: neuron_terms(config, silicon))
        topology = memo.get("topology", _TOPOLOGY(config), lambda: find_topology(config, silicon))
        return memo.get(
            "membranes", (physics, terms, topology, config.readout_source == 3),
            lambda: join(physics, terms, topology, config),
        )  # fmt: skip


def _wander(silicon: Silicon) -> tuple[float, float, float, float]:
    """Return the volts rms that leak potentials are off by: each entry, run, few runs, and part during a run."""
    mean, switches = silicon.mean, silicon.imperfections
    run, runs = mean("run_share"), mean("runs_share")
    shares = max(1 - run - runs, 0.0), run, runs
    entry, run, runs = (mean("run_offset") * switches.run_offset * share**0.5 for share in shares)
    return entry, run, runs, mean("slow_noise") * switches.membrane_noise


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
    if len(recording.correlation_rows):
        for hemisphere in np.unique(recording.correlation_rows // constants.ROWS):
            seen |= fires & (hemisphere == HEMISPHERE)
    return np.asarray(seen)
