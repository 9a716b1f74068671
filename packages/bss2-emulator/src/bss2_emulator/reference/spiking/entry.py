"""One batch entry of a spiking run (twin of ``_kernels/spiking/entry.h``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import OUTPUT, QUADRANT
from bss2_emulator.neurons.arrangement import seen_together
from bss2_emulator.neurons.compartments import Membranes, join
from bss2_emulator.neurons.exchange import coupled_groups, settled
from bss2_emulator.neurons.physics import NeuronPhysics, neuron_physics
from bss2_emulator.neurons.terms import neuron_terms
from bss2_emulator.neurons.topology import find_topology
from bss2_emulator.reference.events.path import drivers as selected_drivers
from bss2_emulator.reference.events.path import synapses
from bss2_emulator.reference.events.transport import ON_CHIP_LATENCY, Crossbar, Event, arrivals, way_of
from bss2_emulator.reference.neurons.membrane import STEP, Neuron
from bss2_emulator.reference.neurons.unit import Unit
from bss2_emulator.reference.neurons.wander import neuron_noise, start_noise, unit_noise, unit_wander, wander
from bss2_emulator.reference.synram.dac import level
from bss2_emulator.reference.synram.stp import Driver
from bss2_emulator.silicon.serial import Silicon

Effects: TypeAlias = dict[int, list[tuple[int, float]]]
Parts: TypeAlias = dict[int, list[tuple[int, float, tuple[int, int]]]]


@dataclass(frozen=True, eq=False)
class ReferenceRun:
    """What one entry did.

    Attributes:
        spikes: (cycle, n) of all spikes before the end, sorted, wherever the crossbar sends them.
        linked: Those that come back over the link, sorted.
        crossbar: What else came back, and what was lost.
        passed: (cycle, event) of what passed the crossbar during the run.
        unsent: Events from outside that the link could not deliver.
        traces: Membranes at the borders of steps, V, (neurons, steps + 1).
    """

    spikes: list[tuple[int, int]]
    linked: list[tuple[int, int]]
    crossbar: Crossbar
    passed: list[tuple[int, Event]]
    unsent: int
    traces: NDArray[np.float64]

    def membrane(self, neuron: int, cycle: float) -> float:
        """Return the membrane of a row of ``traces`` between the borders of steps, V."""
        step = int(cycle // STEP)
        before, after = self.traces[neuron, step], self.traces[neuron, step + 1]
        return float(before + (after - before) * (cycle / STEP - step))


def run_entry(
    config: ChipConfig,
    silicon: Silicon,
    runtime: int,
    events: list[tuple[int, int]],
    neurons: list[int],
    key: int = 0,
    run: int = 0,
    entry: int = 0,
    writes: Sequence[tuple[int, ChipConfig]] = (),
) -> ReferenceRun:
    """Run one batch entry.

    Args:
        config: All registers at the start.
        silicon: The chip.
        runtime: Cycles.
        events: (cycle, 16-bit label), sorted.
        neurons: The n that are integrated.
        key: Keys the noise, with the next two.
        run: Number of the run.
        entry: Number of the batch entry.
        writes: Cycles, ascending, and all registers from then on: from the next step that begins there or later.
    """
    switches, steps = silicon.imperfections, -(-runtime // STEP)
    held = [(0, config), *((-(-cycle // STEP) * STEP, after) for cycle, after in writes)]
    configs = [after for _, after in held]
    joined = [_membranes(after, silicon) for after in configs]
    membranes, now = joined[0], 0
    wanted = seen_together(joined, np.isin(np.arange(c.NEURONS), neurons))
    more = np.logical_or.reduce([_is_unit(one) for one in joined])
    leads = np.flatnonzero(wanted & more)
    cells = {n: Neuron(membranes.physics, n, silicon) for n in neurons if not more[n]}
    units = _units(membranes, wanted, leads, silicon, key, run, entry)
    couplings = _couplings(membranes, list(units))
    for n, cell in cells.items():
        loose = not membranes.physics.held[n]
        cell.wander = wander(n, silicon, key, run, entry, 0) * loose
        cell.v = cell.clip(cell.membrane(not loose)[1] + start_noise(n, silicon, key, run, entry) * loose)
        if cell.v >= cell.threshold:
            cell.v = min(max(cell.membrane(True)[1], c.RAILS[0]), c.RAILS[1])

    @cache
    def effects_of(way: int, now: int, crossbar_input: int, label: int) -> Parts:
        cells = {name: getattr(configs[now], name) for name in ("weight", "label", "row_mode")}
        passing = configs[way].replace(**cells)
        return _effects(passing, silicon, joined[now].physics, crossbar_input, label)

    plastic = np.argwhere(np.logical_or.reduce([after.enable_stp for after in configs])).tolist()
    drivers = {(h, d): Driver(config, h, d, silicon) for h, d in plastic}

    @cache
    def plastic_of(way: int, crossbar_input: int, label: int) -> list[tuple[int, int]]:
        chosen = selected_drivers(configs[way], crossbar_input, label)
        return [driver for driver in chosen if configs[way].enable_stp[driver]]

    def felt(cycle: int, event: Event) -> Effects:
        chosen = plastic_of(event.way, event.input, event.label)
        amplitude = {driver: drivers[driver].event(cycle) for driver in chosen}
        return {
            n: [(sign, amperes * amplitude.get(driver, 1.0)) for sign, amperes, driver in effects]
            for n, effects in effects_of(event.way, now, event.input, event.label).items()
        }

    def spread(fired: int, n: int) -> None:
        spikes.append((fired, n))
        way = way_of(held, fired)
        if configs[way].enable_spike_output[n] and fired < runtime:
            label = int(OUTPUT[n]) << 8 | int(configs[way].event_address[n])
            queue = arriving.setdefault(fired + ON_CHIP_LATENCY, [])
            queue.append(Event(int(OUTPUT[n]), label, n, way))
            queue.sort(key=lambda event: event.neuron)  # stable: those from elsewhere come first

    arriving, unsent = arrivals(held, events, runtime, switches.event_loss)
    crossbar = Crossbar(configs, runtime, switches.event_loss)
    passed: list[tuple[int, Event]] = []
    traces = np.empty((len(neurons), steps + 1))
    spikes: list[tuple[int, int]] = []
    for step in range(steps):
        start = step * STEP
        fresh = step % 8 == 0
        while now + 1 < len(held) and held[now + 1][0] <= start:
            now, fresh = now + 1, True
            membranes, crossbar.now = joined[now], now
            units = _rewritten(units, membranes, start)
            couplings = _couplings(membranes, list(units))
            for driver in drivers.values():
                driver.rewrite(configs[now], start)
            for cell in cells.values():
                cell.rewrite(membranes.physics, start)
        if fresh:
            for unit in units.values():
                unit.wander = unit_wander(unit, membranes, silicon, key, run, entry, step)
            for n, cell in cells.items():
                cell.wander = wander(n, silicon, key, run, entry, step) * (not membranes.physics.held[n])
        traces[:, step] = [_potential(n, cells, units, membranes) for n in neurons]
        here: list[tuple[int, Effects]] = []
        for cycle in range(start, start + STEP):
            for event in crossbar.step(cycle, arriving.pop(cycle, [])):
                passed.append((cycle, event))
                here.append((cycle, felt(cycle, event)))
        for n, cell in cells.items():
            if switches.membrane_noise and fresh:
                cell.noise = neuron_noise(cell, silicon, key, run, entry, step)
            own = [(cycle, *effect) for cycle, effects in here for effect in effects.get(n, [])]
            fired = cell.step(start, own)
            if fired is not None:
                spread(fired, n)
        if switches.membrane_noise and fresh:
            for unit in units.values():
                unit.noise = unit_noise(unit, membranes, silicon, key, run, entry, step)
        for n, fired in _move_units(units, couplings, start, here):
            spread(fired, n)
    traces[:, steps] = [_potential(n, cells, units, membranes) for n in neurons]
    cycle = steps * STEP
    while arriving or crossbar.waiting():  # what is still on its way comes over the link
        crossbar.step(cycle, arriving.pop(cycle, []))
        cycle += 1
    linked = sorted((stamp, event.neuron) for stamp, event in crossbar.returned if event.neuron >= 0)
    spikes = sorted(spike for spike in spikes if spike[0] < runtime)
    return ReferenceRun(spikes, linked, crossbar, passed, unsent, traces)


def _membranes(config: ChipConfig, silicon: Silicon) -> Membranes:
    physics = neuron_physics(config, silicon)
    return join(physics, neuron_terms(config, silicon), find_topology(config, silicon), config)


def _is_unit(membranes: Membranes) -> NDArray[np.bool_]:
    """Tell which circuits are more than a plain neuron, (512,)."""
    coupled = np.isin(membranes.topology.compartment, membranes.topology.edges)
    return np.asarray((membranes.kind > 0) | coupled)


def _potential(n: int, cells: dict[int, Neuron], units: dict[int, Unit], membranes: Membranes) -> float:
    lead = int(membranes.topology.compartment[n])
    return units[lead].v if lead in units else cells[n].v


def _units(
    membranes: Membranes,
    wanted: NDArray[np.bool_],
    circuits: NDArray[np.int64],
    silicon: Silicon,
    key: int,
    run: int,
    entry: int,
) -> dict[int, Unit]:
    """Return the membranes of some circuits, by leading circuit, at their start.

    Args:
        membranes: Physical values.
        wanted: All circuits that are integrated, (512,).
        circuits: Those on these membranes.
        silicon: The chip.
        key: Keys the noise, with the next two.
        run: Number of the run.
        entry: Number of the batch entry.
    """
    physics = membranes.physics
    leads = np.unique(membranes.topology.compartment[circuits]).tolist()
    units = {lead: Unit(membranes, lead, silicon) for lead in leads}
    active = np.flatnonzero(wanted)
    alone = [Unit(membranes, n, silicon) for n in active.tolist()]
    rest = np.array([[unit.rest(reset) for unit in alone] for reset in (False, True)])
    start = settled(membranes, active, rest, physics.held[active])
    for lead, unit in units.items():
        v = float(start[np.flatnonzero(active == lead)[0]])
        unit.wander = unit_wander(unit, membranes, silicon, key, run, entry, 0)
        for n in unit.members:
            v += start_noise(n, silicon, key, run, entry) * (not physics.held[n]) / len(unit.members)
        unit.settle(v + unit.wander)
    return units


def _rewritten(units: dict[int, Unit], membranes: Membranes, cycle: int) -> dict[int, Unit]:
    """Let membranes go on under other registers, by the circuit that leads each of them then."""
    found = {}
    for unit in units.values():
        lead = int(membranes.topology.compartment[unit.lead])
        unit.rewrite(membranes, lead, cycle)
        found[lead] = unit
    return found


def _couplings(membranes: Membranes, leads: list[int]) -> list[tuple[list[int], NDArray[np.float64]]]:
    """Return leading circuits and the propagator of half a step of exchange, of each logical neuron that has it."""
    active = np.array(sorted(set(leads)), np.int64)
    return [
        (active[places].tolist(), expm(-laplacian / membranes.physics.capacitance[active[places]][:, None], STEP / 2))
        for places, laplacian in coupled_groups(membranes, active)
    ]


def expm(rates: NDArray[np.float64], cycles: float) -> NDArray[np.float64]:
    """Return the exponential of a small square matrix times a time, by its series."""
    matrix = rates * cycles * c.CYCLE / 1024
    out = term = np.eye(len(matrix))
    for k in range(1, 12):
        term = term @ matrix / k
        out = out + term
    return np.linalg.matrix_power(out, 1024)


def _move_units(
    units: dict[int, Unit],
    couplings: list[tuple[list[int], NDArray[np.float64]]],
    start: int,
    here: list[tuple[int, Effects]],
) -> list[tuple[int, int]]:
    """Move all membranes with terms by a step; return (circuit, cycle) of their spikes."""
    border = {lead: unit.v for lead, unit in units.items()}
    coupled = {lead for leads, _ in couplings for lead in leads}

    def exchange() -> None:
        for leads, matrix in couplings:
            for lead, v in zip(leads, matrix @ [units[n].v for n in leads], strict=True):
                units[lead].v = float(v)

    exchange()
    spikes = []
    for lead, unit in units.items():
        own = [
            (cycle, n, sign, amperes)
            for cycle, effects in here for n in unit.members for sign, amperes in effects.get(n, [])
        ]  # fmt: skip
        spikes.append((lead, unit.step(start, own, compare=lead not in coupled)))
    exchange()
    for lead in sorted(coupled):
        unit = units[lead]
        if start >= unit.free_from() and unit.v >= unit.threshold:
            spikes.append((lead, unit.spike(start, start, border[lead], unit.v)))
    return [(lead, fired) for lead, fired in spikes if fired is not None]


def _effects(config: ChipConfig, silicon: Silicon, physics: NeuronPhysics, crossbar_input: int, label: int) -> Parts:
    """Return for each neuron the (sign, amperes, driver) that an event adds to its synaptic currents."""
    effects: Parts = {}
    for hit in synapses(config, crossbar_input, label, silicon):
        place = hit.neuron // 256, hit.row, hit.column
        weight = (
            level(silicon, int(QUADRANT[hit.neuron]), int(config.weight[place]))
            * float(silicon.synapse[place])
            * hit.pulse
        )
        amperes = weight * float(physics.event_current[int(hit.inhibitory), hit.neuron])
        effects.setdefault(hit.neuron, []).append((int(hit.inhibitory), amperes, (place[0], hit.row // 2)))
    return effects
