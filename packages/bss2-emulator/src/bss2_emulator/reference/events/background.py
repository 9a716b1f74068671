"""A background generator, clock by clock (facts 1.5; twin of ``_kernels/events/background.h``)."""

from __future__ import annotations

from bss2_emulator.config import ChipConfig
from bss2_emulator.events.background import REGISTERS

_WORD = 0xFFFFFFFF


def shift(word: int) -> int:
    """Return the next word of the shift register.

    Source: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003), the triple 13, 17, 5.
    """
    word ^= word << 13 & _WORD
    word ^= word >> 17
    return word ^ (word << 5 & _WORD)


def generate(config: ChipConfig, source: int, runtime: int, start: int = 0) -> list[tuple[int, int]]:
    """Return the events (cycle, 14-bit label) of generator ``source``, on from cycle ``start``, up to ``runtime``."""
    if not config.enable_background[source]:
        return []
    word = int(config.background_seed[source]) or 1
    mask, base = int(config.background_mask[source]), int(config.background_label[source])
    rate = int(config.background_rate[source])
    chance = (rate + 1 if rate else 0) if config.background_random[source] else 256
    events: list[tuple[int, int]] = []
    counter = 0
    for clock in range(2 * start + 1, 2 * runtime):  # 4 ns
        counter += 1
        if counter <= config.background_period[source]:
            continue
        counter = 0
        word = shift(word)
        cycle = clock // 2
        if word % 256 < chance and not (events and events[-1][0] == cycle):
            events.append((cycle, base & ~mask | (word >> 8) & mask))
    return events


def generate_all(held: list[tuple[int, ChipConfig]], source: int, runtime: int) -> list[tuple[int, int]]:
    """Return the same where registers hold from a cycle on: a generator starts anew where one of its own changes."""
    spans = [held[0]]
    for cycle, config in held[1:]:
        if any(getattr(config, name)[source] != getattr(spans[-1][1], name)[source] for name in REGISTERS):
            spans.append((cycle, config))
    ends = [cycle for cycle, _ in spans[1:]] + [runtime]
    return [
        event
        for (start, config), end in zip(spans, ends, strict=True)
        for event in generate(config, source, min(end, runtime), start)
    ]
