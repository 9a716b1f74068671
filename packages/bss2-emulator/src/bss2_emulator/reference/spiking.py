"""One batch entry of a spiking run (twin of ``_kernels/entry.h``)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import constants as c
from bss2_emulator.config import ChipConfig
from bss2_emulator.coordinates import OUTPUT
from bss2_emulator.neurons import NeuronPhysics, neuron_physics
from bss2_emulator.reference.background import generate
from bss2_emulator.reference.events import drivers as selected_drivers
from bss2_emulator.reference.events import synapses
from bss2_emulator.reference.neuron import STEP, Neuron
from bss2_emulator.reference.noise import coarse_normals
from bss2_emulator.reference.stp import Driver
from bss2_emulator.reference.transport import ON_CHIP_LATENCY, Crossbar, Event, link_arrivals
from bss2_emulator.silicon import Silicon

MEMBRANE, START, CADC = 1 << 16, 2 << 16, 3 << 16  # purposes of noise
Effects: TypeAlias = dict[int, list[tuple[int, float, tuple[int, int]]]]
Amplitudes: TypeAlias = dict[tuple[int, int], float]


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
) -> ReferenceRun:
    """Run one batch entry.

    Args:
        config: All registers.
        silicon: The chip.
        runtime: Cycles.
        events: (cycle, 16-bit label), sorted.
        neurons: The n that are integrated.
        key: Keys the noise, with the next two.
        run: Number of the run.
        entry: Number of the batch entry.
    """
    switches = silicon.imperfections
    physics = neuron_physics(config, silicon)
    cells = {n: Neuron(physics, n, switches.saturation) for n in neurons}
    for n, cell in cells.items():
        offset, first, *_ = coarse_normals(key, 0, n + START, entry, run)
        settled = not physics.held[n]
        cell.run_offset = c.RUN_OFFSET * switches.run_offset * offset * settled
        noise = c.MEMBRANE_NOISE * switches.membrane_noise * first * settled
        cell.v = cell.clip(cell.membrane(not settled)[1] + noise)
        if cell.v >= cell.threshold:
            cell.v = min(max(cell.membrane(True)[1], c.RAILS[0]), c.RAILS[1])

    @cache
    def effects_of(crossbar_input: int, label: int) -> Effects:
        return _effects(config, silicon, physics, crossbar_input, label)

    plastic = np.argwhere(config.enable_stp).tolist()
    drivers = {(h, d): Driver(config, h, d, float(silicon.stp_amplitude[h, d])) for h, d in plastic}

    @cache
    def plastic_of(crossbar_input: int, label: int) -> list[tuple[int, int]]:
        return [driver for driver in selected_drivers(config, crossbar_input, label) if driver in drivers]

    def amplitudes(cycle: int, event: Event) -> Amplitudes:
        return {driver: drivers[driver].event(cycle) for driver in plastic_of(event.input, event.label)}

    arriving, unsent = _arrivals(config, events, runtime, switches.event_loss)
    crossbar = Crossbar(config, runtime, switches.event_loss)
    passed: list[tuple[int, Event]] = []
    steps = -(-runtime // STEP)
    traces = np.empty((len(neurons), steps + 1))
    spikes: list[tuple[int, int]] = []
    for step in range(steps):
        start = step * STEP
        traces[:, step] = [cells[n].v for n in neurons]
        here = []
        for cycle in range(start, start + STEP):
            for event in crossbar.step(cycle, arriving.pop(cycle, [])):
                passed.append((cycle, event))
                here.append((cycle, effects_of(event.input, event.label), amplitudes(cycle, event)))
        for n, cell in cells.items():
            if switches.membrane_noise and step % 4 == 0:
                number = coarse_normals(key, step // 32, n + MEMBRANE, entry, run)[step // 4 % 8]
                cell.noise = c.MEMBRANE_NOISE * _step_noise(cell) * number
            own = [
                (cycle, sign, amperes * amplitude.get(driver, 1.0) / cell.limit[sign])
                for cycle, effects, amplitude in here
                for sign, amperes, driver in effects.get(n, [])
            ]
            fired = cell.step(start, own)
            if fired is not None:
                label = int(OUTPUT[n]) << 8 | int(config.event_address[n])
                spikes.append((fired, n))
                if config.enable_spike_output[n] and fired < runtime:
                    queue = arriving.setdefault(fired + ON_CHIP_LATENCY, [])
                    queue.append(Event(int(OUTPUT[n]), label, n))
                    queue.sort(key=lambda event: event.neuron)  # stable: those from elsewhere come first
    traces[:, steps] = [cells[n].v for n in neurons]
    cycle = steps * STEP
    while arriving or crossbar.waiting():  # what is still on its way comes over the link
        crossbar.step(cycle, arriving.pop(cycle, []))
        cycle += 1
    linked = sorted((stamp, event.neuron) for stamp, event in crossbar.returned if event.neuron >= 0)
    spikes = sorted(spike for spike in spikes if spike[0] < runtime)
    return ReferenceRun(spikes, linked, crossbar, passed, unsent, traces)


def _arrivals(
    config: ChipConfig, events: list[tuple[int, int]], runtime: int, loss: bool
) -> tuple[dict[int, list[Event]], int]:
    """Return what arrives at the crossbar in which cycle from link and background, and what the link cannot deliver."""
    if loss:
        arriving, unsent = link_arrivals(events, runtime)
    else:
        arriving, unsent = [(cycle, Event(8 + (label >> 14), label & 0x3FFF)) for cycle, label in events], 0
    for source in range(c.BACKGROUND_SOURCES):
        made = generate(config, source, runtime)
        arriving += [(cycle, Event(c.BACKGROUND_INPUT + source, label)) for cycle, label in made]
    by_cycle: dict[int, list[Event]] = {}
    for cycle, event in arriving:
        by_cycle.setdefault(cycle, []).append(event)
    return by_cycle, unsent


def _effects(config: ChipConfig, silicon: Silicon, physics: NeuronPhysics, crossbar_input: int, label: int) -> Effects:
    """Return for each neuron the (sign, amperes, driver) that an event adds to its synaptic currents."""
    effects: Effects = {}
    for hit in synapses(config, crossbar_input, label, silicon.driver_offset):
        place = hit.neuron // 256, hit.row, hit.column
        weight = float(config.weight[place]) * float(silicon.synapse[place]) * hit.pulse
        amperes = weight * float(physics.event_current[int(hit.inhibitory), hit.neuron])
        effects.setdefault(hit.neuron, []).append((int(hit.inhibitory), amperes, (place[0], hit.row // 2)))
    return effects


def _step_noise(cell: Neuron) -> float:
    """Return the factor of a normal that is held for four steps, so that the membrane gets unit variance."""
    decay = math.exp(-STEP * c.CYCLE * float(cell.physics.leak[cell.n]) / float(cell.physics.capacitance[cell.n]))
    added = sum(decay**k for k in range(4))  # volts per unit in four steps
    return math.sqrt(1 - decay**8) / added


def cadc_code(
    volts: float, gain: float, offset: float, noise: float, key: int, run: int, entry: int, n: int, number: int
) -> int:
    """Return the code of sample ``number`` of neuron n; ``noise`` in LSB rms."""
    lsb = noise * coarse_normals(key, number // 8, n + CADC, entry, run)[number % 8]
    return math.floor(min(max(gain * volts + offset + lsb, 0.0), 255.0) + 0.5)
