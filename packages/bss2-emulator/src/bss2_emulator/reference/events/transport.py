"""Capacity of link and crossbar, cycle by cycle (facts 5; twin of ``_kernels/events/transport.h``)."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.reference.events.background import generate_all
from bss2_emulator.reference.events.path import crossbar_outputs

ON_CHIP_LATENCY = 13  # cycles from a spike to the crossbar


class Event(NamedTuple):
    """An event at the crossbar.

    Attributes:
        input: Crossbar input.
        label: 14 bit.
        neuron: That fired, -1 where it came from elsewhere.
        way: Which of the registers that hold in turn say where it goes.
    """

    input: int
    label: int
    neuron: int = -1
    way: int = 0


def link_arrivals(events: list[tuple[int, int]], runtime: int) -> tuple[list[tuple[int, Event]], int]:
    """Send (cycle, 16-bit label) as the FPGA does: in order, in a cycle at most two labels, for different channels.

    Returns:
        When what arrives at the crossbar, and how many events could not be sent within the run.
    """
    arriving: list[tuple[int, Event]] = []
    busy: dict[int, list[int]] = {}  # channels that a cycle uses
    now, lost = 0, 0
    for cycle, label in events:
        channel = label >> 14
        time = max(cycle, now)
        while len(busy.get(time, [])) == c.LINK_LABELS or channel in busy.get(time, []):
            time += 1
        if time >= runtime:
            lost += 1
            continue
        busy.setdefault(time, []).append(channel)
        arriving.append((time, Event(c.LINK_INPUT + channel, label & 0x3FFF)))
        now = time
    return arriving, lost


def way_of(held: list[tuple[int, ChipConfig]], cycle: int) -> int:
    """Return which of the registers that hold from a cycle on do so at ``cycle``."""
    return max(i for i, (start, _) in enumerate(held) if start <= cycle)


def arrivals(
    held: list[tuple[int, ChipConfig]], events: list[tuple[int, int]], runtime: int, loss: bool
) -> tuple[dict[int, list[Event]], int]:
    """Return what arrives at the crossbar in which cycle from link and background, and what the link cannot deliver."""
    if loss:
        arriving, unsent = link_arrivals(events, runtime)
    else:
        arriving = [(cycle, Event(c.LINK_INPUT + (label >> 14), label & 0x3FFF)) for cycle, label in events]
        unsent = 0
    for source in range(c.BACKGROUND_SOURCES):
        made = generate_all(held, source, runtime)
        arriving += [(cycle, Event(c.BACKGROUND_INPUT + source, label)) for cycle, label in made]
    by_cycle: dict[int, list[Event]] = {}
    for cycle, event in arriving:
        by_cycle.setdefault(cycle, []).append(event._replace(way=way_of(held, cycle)))
    return by_cycle, unsent


@dataclass
class Crossbar:
    """The crossbar during one run.

    Attributes:
        configs: All registers that hold in turn.
        runtime: Cycles.
        loss: Capacities are finite.
        queues: Events that wait at each input.
        first: Input that has the first choice, until it passes an event.
        bus_free: Cycle from which each PADI bus is free.
        returned: (cycle, event) of what came over the link.
        channel_free: Cycle from which each link channel is free.
        delivered, dropped: Events by input.
        link_dropped: Events lost on the way back, by channel.
        known: Outputs of what came by so far, by registers, input and label.
        now: Which registers hold.
    """

    configs: list[ChipConfig]
    runtime: int
    loss: bool
    queues: list[deque[Event]] = field(default_factory=lambda: [deque() for _ in range(c.CROSSBAR_INPUTS)])
    first: int = 0
    bus_free: list[int] = field(default_factory=lambda: [0] * 8)
    channel_free: list[int] = field(default_factory=lambda: [0] * c.LINK_CHANNELS)
    returned: list[tuple[int, Event]] = field(default_factory=list)
    delivered: Counter[int] = field(default_factory=Counter)
    dropped: Counter[int] = field(default_factory=Counter)
    link_dropped: Counter[int] = field(default_factory=Counter)
    known: dict[tuple[int, int, int], list[int]] = field(default_factory=dict)
    now: int = 0

    def outputs(self, event: Event) -> list[int]:
        key = event.way, event.input, event.label
        if key not in self.known:
            self.known[key] = crossbar_outputs(self.configs[event.way], event.input, event.label)
        return self.known[key]

    def waiting(self) -> bool:
        return any(self.queues)

    def step(self, cycle: int, arriving: list[Event]) -> list[Event]:
        """Return the events that pass in a cycle."""
        passing: list[Event] = []
        for event in arriving:
            queue = self.queues[event.input]
            room = c.NEURON_QUEUE if event.input < c.LINK_INPUT else c.EVENT_QUEUE
            if not self.outputs(event) or (self.loss and len(queue) == room):
                self.dropped[event.input] += 1
            elif self.loss:
                queue.append(event)
            else:
                passing.append(event)
        turns = [(self.first + k) % c.CROSSBAR_INPUTS for k in range(c.CROSSBAR_INPUTS)]
        for number, source in enumerate(source for source in turns if self.queues[source]):
            queue = self.queues[source]
            buses = [o for o in self.outputs(queue[0]) if o < 8]
            free = all(self.bus_free[bus] <= cycle for bus in buses)
            if number == 0:
                self.first = (source + 1) % c.CROSSBAR_INPUTS if free else source
            if free:
                for bus in buses:
                    self.bus_free[bus] = cycle + self.pulse_cycles(bus)
                passing.append(queue.popleft())
        for event in passing:
            self.delivered[event.input] += 1
            if any(output >= 8 for output in self.outputs(event)):
                self.leave(event, cycle)
        return passing

    def pulse_cycles(self, bus: int) -> int:
        """Return for how many cycles an event keeps a bus busy: pulses last 4 ns more per code of their extension."""
        return (int(self.configs[self.now].dacen_pulse_extension[bus // 4, bus % 4]) + 2) // 2

    def leave(self, event: Event, cycle: int) -> None:
        """Send an event over the link; its stamp does not show the latency of spikes."""
        channel = event.input % c.LINK_CHANNELS
        time = max(cycle, self.channel_free[channel]) if self.loss else cycle
        if time - cycle >= c.RETURN_QUEUE:
            self.link_dropped[channel] += 1
            return
        self.channel_free[channel] = time + 1
        stamp = time - (ON_CHIP_LATENCY if event.neuron >= 0 else 0)
        if stamp >= self.runtime:
            self.link_dropped[channel] += 1
        else:
            self.returned.append((stamp, event))
