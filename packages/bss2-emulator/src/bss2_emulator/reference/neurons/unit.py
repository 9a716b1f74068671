"""Circuits on one membrane, with all terms (twin of ``_kernels/neurons/terms.h``).

The law is that of :mod:`bss2_emulator.neurons.terms`.

A step is symmetric: half a step of each adaptation with the membrane held, a step of the membrane with the adaptations
held, half a step of each adaptation. The membrane's step is linear, and an exponential adds what its flow brings from
the middle of it on, less half a step's decay; with conductance-based inputs it is half a linear step, their flow and
that of the exponential, and the same backwards. As in
:mod:`bss2_emulator.reference.neurons.membrane`, what low membranes take from inhibitory inputs is held.
"""

from __future__ import annotations

import math

import numpy as np

from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.compartments import ADAPT, COBA, EXP, Membranes
from bss2_emulator.reference.neurons.membrane import STEP, Neuron, inhibition
from bss2_emulator.silicon.serial import Silicon


class Unit:
    """State and constants of one membrane during one batch entry.

    Args:
        membranes: Physical values.
        lead: Circuit that leads it.
        silicon: The chip.
    """

    def __init__(self, membranes: Membranes, lead: int, silicon: Silicon) -> None:
        self.read(membranes, lead)
        self.silicon = silicon
        self.state = {n: [0.0, 0.0] for n in self.members}
        self.wander = self.noise = self.v = 0.0
        self.u: dict[int, float] = {}
        self.fired: int | None = None
        self.lengths = (0, 0)  # of reset and refractory period
        self.pulse = self.next_pulse = (-1, -1)  # from, to
        self.inputs: dict[int, list[float]] = {}
        self.before_u: dict[int, float] = {}

    def read(self, membranes: Membranes, lead: int) -> None:
        """Take physical values."""
        self.physics, self.terms, self.lead = membranes.physics, membranes.terms, lead
        others = np.flatnonzero(membranes.topology.compartment == lead).tolist()
        self.members = [lead, *(n for n in others if n != lead)]
        kind = int(membranes.kind[lead])
        self.flows, self.steep = kind & COBA != 0, kind & EXP != 0
        self.adapts = {n: bool(self.terms.adaptation[n]) for n in self.members}
        self.has_terms = kind & (ADAPT | COBA | EXP) != 0
        self.pulsing = any(self.adapts[n] and self.terms.slope[n] for n in self.members)
        self.threshold = float(self.physics.threshold[lead])

    def rewrite(self, membranes: Membranes, lead: int, cycle: int) -> None:
        """Go on under other registers: potentials of membrane and synaptic lines stay, and periods that have begun.

        An adaptation that is switched on starts at its reference.
        """
        before, had_terms = self.physics, self.has_terms
        self.read(membranes, lead)
        for n in self.members:
            for sign in (0, 1):
                old, new = (max(float(p.line_current[sign, n]), 1e-30) for p in (before, self.physics))
                self.state[n][sign] *= new / old
            if not had_terms:
                self.u[n] = float(self.terms.reference[n])
        if not self.pulsing:
            self.pulse = self.next_pulse = (-1, -1)
        if self.fired is not None and self.fired >= cycle:
            self.begin(self.fired)

    def goal(self, n: int, v: float, pulsing: bool) -> float:
        """Return where the adaptation voltage of a circuit goes."""
        if not self.adapts[n]:
            return float(self.terms.reference[n])
        pulse = self.terms.slope[n] * self.terms.tau[n] if pulsing else 0.0
        return float(self.terms.reference[n] + self.terms.gain[n] * (v - self.terms.leak_potential[n]) + pulse)

    def settle(self, v: float) -> None:
        """Start at ``v``, with the adaptation where it holds."""
        self.v = Neuron.clip(v)
        if self.v >= self.threshold:
            self.v = Neuron.clip(self.rest(True))
        self.u = {n: Neuron.clip(self.goal(n, self.v, False)) for n in self.members}

    def rest(self, reset: bool) -> float:
        """Return the membrane without synaptic input, adaptation and exponential."""
        p, n = self.physics, self.lead
        pull = float(p.reset[n]) if reset else 0.0
        total = p.leak[n] * p.leak_potential[n] + p.current[n] + pull * p.reset_potential[n]
        return float(total / (p.leak[n] + pull)) + self.wander * float(p.leak[n] / (p.leak[n] + pull))

    def conductance(self, reset: bool) -> float:
        """Return what pulls at the membrane, S."""
        return float(self.physics.leak[self.lead] + (self.physics.reset[self.lead] if reset else 0.0))

    def response(self, cycles: float, n: int, sign: int, reset: bool) -> float:
        """Return the volts after a time per ampere of a synaptic current of a circuit that decays from there."""
        p, t = self.physics, cycles * c.CYCLE
        tau_syn, capacitance = float(p.tau_syn[sign, n]), float(p.capacitance[n])
        rate = (p.leak[n] + (p.reset[n] if reset else 0.0)) / capacitance - 1 / tau_syn
        if abs(rate * t) < 1e-7:
            return t / capacitance * math.exp(-t / tau_syn)
        return float((1 - math.exp(-t * rate)) / rate * math.exp(-t / tau_syn) / capacitance)

    def decay(self, cycles: float, reset: bool) -> float:
        """Return what is left after some cycles of a membrane's distance from rest."""
        p, n = self.physics, self.lead
        conductance = float(p.leak[n] + (p.reset[n] if reset else 0.0))
        return math.exp(-cycles * c.CYCLE * conductance / float(p.capacitance[n]))

    def linear(self, v: float, cycles: float, begin: float, inputs: dict[int, list[float]], reset: bool) -> float:
        """Return the membrane after some cycles with adaptations held; ``inputs``: A at the start of the step."""
        p, n = self.physics, self.lead
        conductance = float(p.leak[n] + (p.reset[n] if reset else 0.0))
        rest = self.rest(reset)
        for m in self.members:
            rest -= self.terms.coupling[m] * (self.u[m] - self.terms.reference[m]) / conductance
        v = rest + (v - rest) * self.decay(cycles, reset)
        for m in self.members:
            for sign in (0, 1):
                if p.connected[sign, m] and not self.terms.coba[sign, m]:
                    current = inputs[m][sign] * math.exp(-begin * c.CYCLE / p.tau_syn[sign, m])
                    v += (-1) ** sign * current * self.response(cycles, m, sign, reset)
        return float(v)

    def charge(self, cycles: float, n: int, sign: int) -> float:
        """Return conductance over capacitance, integrated over some cycles, per ampere; 0 without the term."""
        if not (self.terms.coba[sign, n] and self.physics.connected[sign, n]):
            return 0.0
        tau = float(self.physics.tau_syn[sign, n])
        lasting = tau * (1 - math.exp(-cycles * c.CYCLE / tau))
        return float(self.terms.conductance[sign, n] * lasting / self.physics.capacitance[n])

    def exponential(self, v: float, n: int, cycles: float) -> float:
        """Return the membrane after some cycles of the exponential current alone."""
        delta, capacitance = float(self.terms.delta[n]), float(self.physics.capacitance[n])
        start, limit = self.silicon.mean("exp_current"), self.silicon.mean("exp_limit")
        top = math.log(limit / start)
        x = min((v - float(self.terms.exp_potential[n])) / delta, top)
        rate = start / (capacitance * delta)
        until = (math.exp(-x) - math.exp(-top)) / rate  # s to the limit
        t = cycles * c.CYCLE
        if t <= until:
            return v - delta * math.log(1 - rate * t * math.exp(x))
        return v + delta * (top - x) + limit / capacitance * (t - until)

    def explode(self, v: float, cycles: float, reset: bool) -> float:
        """Return the membrane after some cycles of all its exponential currents alone."""
        for n in self.members:
            if self.terms.exponential[n] and not reset:
                v = self.exponential(v, n, cycles)
        return v

    def move(
        self,
        v: float,
        inputs: dict[int, list[float]],
        begin: int,
        stop: int,
        reset: bool,
        pulsing: bool,
        late: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> float:
        """Move from one cycle of a step to another; ``late``: volts, and charges and their aims, of events."""
        cycles = stop - begin
        gust, half = late[0] + self.noise * cycles / STEP, self.decay(cycles / 2, reset)
        self.relax(v, cycles, pulsing)
        if not self.flows:
            x = self.linear(v, cycles, begin, inputs, reset) + gust
            middle = v + (x - v) / (1 + half)
            x += (self.explode(middle, cycles, reset) - middle) * half
        else:
            gust /= 1 + half  # of each half; what the first brings decays in the second
            x = self.linear(v, cycles / 2, begin, inputs, reset) + gust
            pull, aim = late[1], late[2]
            for n in self.members:
                for sign in (0, 1):
                    decayed = inputs[n][sign] * math.exp(-begin * c.CYCLE / self.physics.tau_syn[sign, n])
                    share = decayed * self.charge(cycles, n, sign)
                    pull, aim = pull + share, aim + share * float(self.terms.reversal[sign, n])
            parts = 2 if self.steep else 1
            x = self.reverse(x, pull / parts, aim / parts)
            x = self.explode(x, cycles, reset)
            if parts == 2:
                x = self.reverse(x, pull / 2, aim / 2)
            x = self.linear(x, cycles / 2, begin + cycles / 2, inputs, reset) + gust
        x = Neuron.clip(x)
        q = cycles * c.CYCLE * self.conductance(reset) / float(self.physics.capacitance[self.lead])
        lag = (
            q / 6 if q < 1e-2 else 1 / math.tanh(q / 2) - 2 / q
        )  # twice the distance of both ends from the mean between
        self.relax(x + lag * (x - v), cycles, pulsing, clip=True)
        return x

    def relax(self, v: float, cycles: int, pulsing: bool, clip: bool = False) -> None:
        """Move the adaptations by half of some cycles."""
        for n in self.members:
            goal = self.goal(n, v, pulsing)
            u = goal + (self.u[n] - goal) * math.exp(-cycles / 2 * c.CYCLE / float(self.terms.tau[n]))
            self.u[n] = Neuron.clip(u) if clip else u

    @staticmethod
    def reverse(v: float, pull: float, aim: float) -> float:
        """Return the membrane after a flow towards reversal potentials, by the implicit midpoint."""
        return (v * (1 - pull / 2) + aim) / (1 + pull / 2)

    def step(self, start: int, events: list[tuple[int, int, int, float]], compare: bool = True) -> int | None:
        """Move by one step.

        Args:
            start: First cycle of the step.
            events: (cycle, circuit, 0 excitatory or 1 inhibitory, ampere that it adds).
            compare: Look for a spike; else the caller does, by :meth:`spike`.

        Returns:
            Cycle of a spike whose comparator decision fell into this step, or None.
        """
        p = self.physics
        referred = {n: list(x) for n, x in self.state.items()}
        volts, charge, aim = [], [], []
        for cycle, n, sign, amperes in events:
            jump = amperes * math.exp((cycle - start) * c.CYCLE / p.tau_syn[sign, n])
            referred[n][sign] += jump
            left = start + STEP - cycle
            if self.terms.coba[sign, n]:
                share = amperes * self.charge(left, n, sign) - jump * self.charge(STEP, n, sign)
                charge.append((n, sign, share))
                aim.append((n, sign, share * float(self.terms.reversal[sign, n])))
            elif p.connected[sign, n]:
                exact = amperes * self.response(left, n, sign, False) - jump * self.response(STEP, n, sign, False)
                volts.append((n, sign, (-1) ** sign * exact))
        factor = (1.0, inhibition(self.silicon, self.v))
        inputs = {n: [x[s] * factor[s] for s in (0, 1)] for n, x in referred.items()}
        self.state = {
            n: [x[s] * math.exp(-STEP * c.CYCLE / p.tau_syn[s, n]) for s in (0, 1)] for n, x in referred.items()
        }
        late = [sum(x * factor[sign] for _, sign, x in part) for part in (volts, charge, aim)]

        self.inputs, self.before_u = inputs, dict(self.u)
        since, before, able = start, self.v, start >= self.free_from()
        reset, pulsing = self.phases(start)
        changes = self.changes(start, start - 1)
        for cycle in changes:
            if cycle > since:
                before = self.move(before, inputs, since - start, cycle - start, reset, pulsing)
            since = cycle
            reset, pulsing = self.phases(cycle)
            able = cycle >= self.free_from()
            self.before_u = dict(self.u)
        ends = (late[0], late[1], late[2]) if not changes else (0.0, 0.0, 0.0)
        after = self.move(before, inputs, since - start, STEP, reset, pulsing, ends) if since < start + STEP else before
        self.v = after
        if compare and able and after >= self.threshold:
            return self.spike(start, since, before, after)
        return None

    def spike(self, start: int, since: int, before: float, after: float) -> int:
        """Fire: find the crossing since a cycle of this step, and follow what comes after it."""
        end, latency = start + STEP, float(self.physics.latency[self.lead]) / c.CYCLE
        pulsing = self.phases(since)[1]
        self.u = dict(self.before_u)
        if any(self.terms.exponential[n] for n in self.members):
            t, x, fraction, crossed = since, before, 0.0, 0
            while x < self.threshold and t < end:
                y = self.move(x, self.inputs, t - start, t + 1 - start, False, pulsing)
                if y >= self.threshold:
                    fraction, crossed, x = (self.threshold - x) / (y - x), 1, y
                    break
                t, x = t + 1, y
            fired = t + math.floor(fraction + latency)
            for now in range(t + crossed, min(fired, end)):
                x = self.move(x, self.inputs, now - start, now + 1 - start, False, pulsing)
            before = after = x
        else:
            fraction = 0.0 if before >= self.threshold else (self.threshold - before) / (after - before)
            fired = since + math.floor(fraction * (end - since) + latency)
            stop = min(fired, end)
            if stop > since:
                self.move(before, self.inputs, since - start, stop - start, False, pulsing)
            before += (after - before) * (fired - since) / (end - since)
        self.fire(fired)
        if fired >= end:
            self.v = after
            return fired
        since = fired
        for cycle in self.changes(start, fired):
            reset, pulsing = self.phases(since)
            before = self.move(before, self.inputs, since - start, cycle - start, reset, pulsing)
            since = cycle
        self.v = self.move(before, self.inputs, since - start, STEP, *self.phases(since))
        return fired

    def fire(self, cycle: int) -> None:
        """Note a spike: phases follow from it."""
        self.fired = cycle
        self.begin(cycle)

    def begin(self, cycle: int) -> None:
        """Note how long the phases last that begin with a spike."""
        self.lengths = (int(self.physics.reset_cycles[self.lead]), int(self.physics.refractory_cycles[self.lead]))
        if self.pulsing:
            self.next_pulse = (cycle, cycle + int(self.terms.pulse_cycles[self.lead]))

    def phases(self, cycle: int) -> tuple[bool, bool]:
        """Tell whether reset and adaptation pulse are on from a cycle on."""
        if self.fired is None:
            return False, False
        if cycle >= self.next_pulse[0]:
            self.pulse = self.next_pulse
        reset = self.fired <= cycle < self.fired + self.lengths[0]
        return reset, self.pulse[0] <= cycle < self.pulse[1]

    def free_from(self) -> int:
        """Return the cycle from which it may fire."""
        return 0 if self.fired is None else self.fired + self.lengths[1]

    def changes(self, start: int, after: int) -> list[int]:
        """Return the cycles of a step, beyond ``after``, at which a phase begins or ends."""
        if self.fired is None:
            return []
        reset = self.fired + self.lengths[0]
        pulses = [self.pulse[1], self.next_pulse[1]] if self.pulsing else []
        found = {self.fired, reset, self.free_from(), *pulses}
        return sorted(t for t in found if start <= t < start + STEP and t > after)
