"""Noise of membranes, and by how much leak potentials are off (twin of ``_kernels/neurons/wander.h``)."""

from __future__ import annotations

import math

from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.compartments import Membranes
from bss2_emulator.reference.neurons.membrane import STEP, Neuron
from bss2_emulator.reference.neurons.unit import Unit
from bss2_emulator.reference.silicon.shorts import coarse_normals
from bss2_emulator.silicon.serial import Silicon

MEMBRANE, START, SLOW = 1 << 16, 2 << 16, 16 << 16  # purposes of noise
SLOW_STEPS, SLOW_PARTS = 512, 3


def start_noise(n: int, silicon: Silicon, key: int, run: int, entry: int) -> float:
    """Return what noise adds at the start, V."""
    return (
        silicon.mean("membrane_noise")
        * silicon.imperfections.membrane_noise
        * coarse_normals(key, 0, n + START, entry, run)[1]
    )


def wander(n: int, silicon: Silicon, key: int, run: int, entry: int, step: int) -> float:
    """Return by how much the leak potential of a circuit is off in a step, V (twin of ``neurons/wander.h``)."""
    mean, switches = silicon.mean, silicon.imperfections
    shares = mean("run_share"), mean("runs_share")
    of_entry, of_run, of_runs = (mean("run_offset") * math.sqrt(share) for share in (1 - sum(shares), *shares))
    shared = coarse_normals(key, 1, n + START, 0, run // 4)
    volts = of_entry * coarse_normals(key, 0, n + START, entry, run)[0] + of_run * shared[run % 4] + of_runs * shared[4]
    volts *= switches.run_offset
    number = step // SLOW_STEPS
    for part in range(SLOW_PARTS * switches.membrane_noise):
        numbers = coarse_normals(key, number // 8, n + SLOW + (part << 16), entry, run)
        volts += mean("slow_noise") * numbers[number % 8]
        number //= 8
    return volts


def unit_wander(unit: Unit, membranes: Membranes, silicon: Silicon, key: int, run: int, entry: int, step: int) -> float:
    """Return by how much the leak potential of a membrane is off in a step, V."""
    return sum(
        wander(n, silicon, key, run, entry, step) * (not membranes.physics.held[n]) * float(membranes.share[n])
        for n in unit.members
    )


def unit_noise(unit: Unit, membranes: Membranes, silicon: Silicon, key: int, run: int, entry: int, step: int) -> float:
    """Return the volts that the noise of all circuits adds in a step."""
    total = sum(coarse_normals(key, step // 64, n + MEMBRANE, entry, run)[step // 8 % 8] for n in unit.members)
    rate = float(membranes.physics.leak[unit.lead] / membranes.physics.capacitance[unit.lead])
    return silicon.mean("membrane_noise") * _hold(rate) * total / len(unit.members)


def neuron_noise(cell: Neuron, silicon: Silicon, key: int, run: int, entry: int, step: int) -> float:
    """Return the volts that noise adds in a step: a normal that is held for eight, so that membranes get its rms."""
    number = coarse_normals(key, step // 64, cell.n + MEMBRANE, entry, run)[step // 8 % 8]
    rate = float(cell.physics.leak[cell.n]) / float(cell.physics.capacitance[cell.n])
    return silicon.mean("membrane_noise") * _hold(rate) * number


def _hold(rate: float) -> float:
    decay = math.exp(-STEP * c.CYCLE * rate)
    added = sum(decay**k for k in range(8))  # volts per unit in eight steps
    return math.sqrt(1 - decay**16) / added
