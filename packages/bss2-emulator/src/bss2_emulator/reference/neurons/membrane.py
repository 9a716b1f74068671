"""One neuron, cycle by cycle where it matters (twin of ``_kernels/neurons/membrane.h``).

Between events the membrane obeys ``C dV/dt = g (E - V) + I_exc - I_inh`` and each synaptic state ``tau dx/dt = -x``
which is its current. What low membranes take from inhibitory currents (:func:`compliance`) is held in a step of 8
cycles at its value for the membrane at the start, which makes the step linear; it is then solved exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.physics import NeuronPhysics
from bss2_emulator.silicon.serial import Silicon

STEP = 8  # cycles


def compliance(v: float, room: float) -> float:
    """Return the share of its current that an inhibitory input draws from a membrane at ``v`` (facts 2.6).

    A transistor in saturation draws the same whatever its voltage, one below that a parabola less; at the lower rail
    nothing is left. It needs ``room`` volts above the rail for all of its current.
    """
    return 1 - max((c.RAILS[0] + room - v) / room, 0.0) ** 2


def inhibition(silicon: Silicon, v: float) -> float:
    """Return the same on a chip, where the imperfection may be switched off."""
    return compliance(v, silicon.mean("compliance")) if silicon.imperfections.saturation else 1.0


@dataclass
class Neuron:
    """State and constants of neuron n during one batch entry.

    Attributes:
        physics, n: Its physical values.
        silicon: The chip.
        wander: Volts by which its leak potential is off.
        noise: Volts that noise adds in a step.
        v: Membrane, V.
        state: Synaptic currents, excitatory and inhibitory, A.
        fired: Cycle of the last spike, or None.
        lengths: Of its reset and its refractory period, cycles.
    """

    physics: NeuronPhysics
    n: int
    silicon: Silicon
    wander: float = 0.0
    noise: float = 0.0
    v: float = 0.0
    state: list[float] = field(default_factory=lambda: [0.0, 0.0])
    fired: int | None = None

    def __post_init__(self) -> None:
        p, n = self.physics, self.n
        self.tau = (float(p.tau_syn[0, n]), float(p.tau_syn[1, n]))
        self.threshold = float(p.threshold[n])
        self.lengths = (int(p.reset_cycles[n]), int(p.refractory_cycles[n]))

    def rewrite(self, physics: NeuronPhysics, cycle: int) -> None:
        """Go on under other registers: potentials of membrane and synaptic lines stay, and periods that have begun."""
        for sign in (0, 1):
            before, after = (max(float(p.line_current[sign, self.n]), 1e-30) for p in (self.physics, physics))
            self.state[sign] *= after / before
        lengths = self.lengths
        self.physics = physics
        self.__post_init__()
        if self.fired is not None and self.fired < cycle:
            self.lengths = lengths

    def in_reset(self, cycle: int) -> bool:
        """Tell whether the reset conductance is on at a cycle."""
        return self.fired is not None and self.fired <= cycle < self.fired + self.lengths[0]

    def free_from(self) -> int:
        """Return the cycle from which the neuron may fire."""
        return 0 if self.fired is None else self.fired + self.lengths[1]

    def membrane(self, reset: bool) -> tuple[float, float]:
        """Return conductance and resting potential."""
        p, n = self.physics, self.n
        pull = float(p.reset[n]) if reset else 0.0
        leak = float(p.leak[n])
        rest = leak * (float(p.leak_potential[n]) + self.wander) + float(p.current[n])
        return leak + pull, (rest + pull * float(p.reset_potential[n])) / (leak + pull)

    def response(self, cycles: float, tau_syn: float, reset: bool) -> float:
        """Return the volts after a time per ampere of a synaptic current that decays from there."""
        t, capacitance = cycles * c.CYCLE, float(self.physics.capacitance[self.n])
        tau_mem = capacitance / self.membrane(reset)[0]
        if math.isclose(tau_mem, tau_syn, rel_tol=1e-7):
            return t / capacitance * math.exp(-t / tau_syn)
        difference = math.exp(-t / tau_mem) - math.exp(-t / tau_syn)
        return difference / (capacitance * (1 / tau_syn - 1 / tau_mem))

    def move(self, v: float, state: list[float], factor: list[float], start: float, stop: float, reset: bool) -> float:
        """Return the membrane after the cycles from ``start`` to ``stop`` of a step without events."""
        conductance, rest = self.membrane(reset)
        cycles = stop - start
        decay = math.exp(-cycles * c.CYCLE * conductance / float(self.physics.capacitance[self.n]))
        v = rest + (v - rest) * decay + self.noise * cycles / STEP
        for sign in (0, 1):
            current = state[sign] * math.exp(-start * c.CYCLE / self.tau[sign]) * factor[sign]
            if self.physics.connected[sign, self.n]:
                v += (-1) ** sign * current * self.response(cycles, self.tau[sign], reset)
        return v

    @staticmethod
    def clip(v: float) -> float:
        """Return a membrane between the rails."""
        return min(max(v, c.RAILS[0]), c.RAILS[1])

    def step(self, start: int, events: list[tuple[int, int, float]]) -> int | None:
        """Move by one step.

        Args:
            start: First cycle of the step.
            events: (cycle in the step, 0 excitatory or 1 inhibitory, A that it adds).

        Returns:
            Cycle of a spike whose comparator decision fell into this step, or None.
        """
        referred, late = list(self.state), [0.0, 0.0]
        reset_now = self.in_reset(start)
        for cycle, sign, weight in events:
            jump = weight * math.exp((cycle - start) * c.CYCLE / self.tau[sign])
            referred[sign] += jump
            exact = weight * self.response(start + STEP - cycle, self.tau[sign], False)
            late[sign] += exact - jump * self.response(STEP, self.tau[sign], False)
        factor = [1.0, inhibition(self.silicon, self.v)]
        self.state = [x * math.exp(-STEP * c.CYCLE / tau) for x, tau in zip(referred, self.tau, strict=True)]

        since, before, able = start, self.v, start >= self.free_from()
        changes = self.changes(start)
        for cycle, reset, free in changes:
            before = self.clip(self.move(before, referred, factor, since - start, cycle - start, reset_now))
            since, reset_now, able = cycle, reset, free
        v = self.move(before, referred, factor, since - start, STEP, reset_now)
        if not changes:  # the events' exact times count, unless the neuron changes its phase
            v += sum((-1) ** i * late[i] * factor[i] for i in (0, 1) if self.physics.connected[i, self.n])
        v = self.clip(v)
        if not able or v < self.threshold:
            self.v = v
            return None

        part = 0.0 if before >= self.threshold else (self.threshold - before) / (v - before)
        latency = float(self.physics.latency[self.n]) / c.CYCLE
        self.fired = since + math.floor(part * (start + STEP - since) + latency)
        self.lengths = (int(self.physics.reset_cycles[self.n]), int(self.physics.refractory_cycles[self.n]))
        if self.fired < start + STEP:
            v = before + (v - before) * (self.fired - since) / (start + STEP - since)
            since, reset_now = self.fired, True
            for cycle, reset, _ in self.changes(start, after=True):
                v = self.clip(self.move(v, referred, factor, since - start, cycle - start, reset_now))
                since, reset_now = cycle, reset
            v = self.clip(self.move(v, referred, factor, since - start, STEP, reset_now))
        self.v = v
        return self.fired

    def changes(self, start: int, after: bool = False) -> list[tuple[int, bool, bool]]:
        """Return the changes inside a step: (cycle, reset is on from there, may fire from there)."""
        if self.fired is None:
            return []
        reset_end = self.fired + self.lengths[0]
        found = [(self.fired, True, False), (reset_end, False, False), (self.free_from(), False, True)]
        return [change for change in found[after:] if start <= change[0] < start + STEP]
