"""A background generator, clock by clock (facts 1.5; twin of ``_kernels/background.h``)."""

from __future__ import annotations

from bss2_emulator.config import ChipConfig

_WORD = 0xFFFFFFFF


def shift(word: int) -> int:
    """Return the next word of the shift register.

    Source: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003), the triple 13, 17, 5.
    """
    word ^= word << 13 & _WORD
    word ^= word >> 17
    return word ^ (word << 5 & _WORD)


def generate(config: ChipConfig, source: int, runtime: int) -> list[tuple[int, int]]:
    """Return the events (cycle, 14-bit label) of generator ``source`` during a run of ``runtime`` cycles."""
    if not config.enable_background[source]:
        return []
    word = int(config.background_seed[source]) or 1
    mask, base = int(config.background_mask[source]), int(config.background_label[source])
    rate = int(config.background_rate[source])
    chance = (rate + 1 if rate else 0) if config.background_random[source] else 256
    events: list[tuple[int, int]] = []
    counter = 0
    for clock in range(1, 2 * runtime):  # 4 ns
        counter += 1
        if counter <= config.background_period[source]:
            continue
        counter = 0
        word = shift(word)
        cycle = clock // 2
        if word % 256 < chance and not (events and events[-1][0] == cycle):
            events.append((cycle, base & ~mask | (word >> 8) & mask))
    return events
