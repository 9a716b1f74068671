"""Circuits on one membrane as one: their capacitances, conductances and currents add up."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import LAYOUT
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.neurons.physics import NeuronPhysics
from bss2_emulator.neurons.terms import Terms
from bss2_emulator.neurons.topology import Topology
from bss2_emulator.silicon.serial import FloatArray

ADAPT, COBA, EXP, JOINED = (LAYOUT[f"kind_{name}"] for name in ("adapt", "coba", "exp", "joined"))


@dataclass(frozen=True, eq=False)
class Membranes:
    """Physical values of the membrane that each circuit is on.

    Attributes:
        physics: As for single neurons; synaptic inputs stay those of the circuit.
        terms: Of the circuit.
        kind: Terms of the membrane's circuits, bits of the kernel's plan, 0 for a plain neuron, int8 (512,).
        group: Loop of the kernel that moves it, (512,).
        share: Part of the leak that is the circuit's own, (512,).
        circuits: Number of circuits on the membrane, (512,).
        topology: What is joined.
    """

    physics: NeuronPhysics
    terms: Terms
    kind: NDArray[np.int8]
    group: NDArray[np.int64]
    share: FloatArray
    circuits: NDArray[np.int64]
    topology: Topology


def join(physics: NeuronPhysics, terms: Terms, topology: Topology, config: ChipConfig) -> Membranes:
    """Add up the circuits of each membrane; a spike of its master resets all of them."""
    lead = topology.compartment
    circuits = np.bincount(lead, minlength=NEURONS)[lead]
    kind = _kinds(terms, lead, circuits, config)
    group = _GROUP_OF[kind]
    if (circuits == 1).all():
        return Membranes(physics, terms, kind, group, np.ones(NEURONS), circuits, topology)

    def total(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(lead, values, NEURONS)[lead])

    leak, reset = total(physics.leak), total(physics.reset)
    joined = dataclasses.replace(
        physics,
        capacitance=total(physics.capacitance),
        leak=leak,
        leak_potential=total(physics.leak * physics.leak_potential) / leak,
        reset=reset,
        reset_potential=total(physics.reset * physics.reset_potential) / reset,
        current=total(physics.current),
        latency=physics.latency[lead],
        reset_cycles=physics.reset_cycles[lead],
        refractory_cycles=physics.refractory_cycles[lead],
        held=total((~physics.held).astype(np.float64)) == 0,
    )
    return Membranes(joined, terms, kind, group, physics.leak / leak, circuits, topology)


_GROUP_OF = np.array([0, 1, 2, 2, 3, 3, 4, 4, 5, *[6] * 7])  # by bits of the kind: plan.h


def _kinds(terms: Terms, lead: NDArray[np.int64], circuits: NDArray[np.int64], config: ChipConfig) -> NDArray[np.int8]:
    adapts = terms.adaptation | (config.readout_source == 3)  # a voltage that is looked at is integrated
    own = ADAPT * adapts | COBA * terms.coba.any(axis=0) | EXP * terms.exponential | JOINED * (circuits > 1)
    kind = np.zeros(NEURONS, np.int64)
    np.bitwise_or.at(kind, lead, own)
    return np.asarray(kind[lead].astype(np.int8))
