"""One tile of a matrix product (twin of ``_kernels/matrix/hagen.h``)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.facts import constants as c
from bss2_emulator.matrix.columns import MAX_PULSE, PULSE_STEPS, WEIGHT_STEPS, Columns
from bss2_emulator.reference.silicon.reads import read_pairs
from bss2_emulator.reference.synram.dac import level
from bss2_emulator.silicon.serial import Silicon

HAGEN = 6 << 16  # purpose of noise
FARTHEST = 320  # LSB
MOST_SHIFT = 1000  # LSB
MOST_NOISE = 48  # LSB rms
FRACTION = 32  # what is read lies in fractions of an LSB
NOISE = 512  # rms of noise is rounded to these fractions


def half_away(x: float) -> int:
    """Round half away from zero."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def pulse(activation: int, gain: float, offset: float) -> float:
    """Return the length of a pulse in activation LSB, a multiple of an eighth; ``offset`` of the driver in LSB.

    Both constants are rounded to 256ths.
    """
    if activation == 0:
        return 0.0
    length = activation * round(gain * 256) + round(offset * 256)
    return min(max((length + 16) // 32, 0), MAX_PULSE) / PULSE_STEPS


def synapse(weight: float, strength_inh: float, strength_exc: float, ratio: NDArray[np.float32]) -> float:
    """Return what a signed weight, as its converter makes it, weighs in its column, LSB; ``ratio`` as in Columns."""
    factor = strength_exc * ratio[1] if weight > 0 else strength_inh * ratio[0]
    return half_away(weight * float(factor)) / WEIGHT_STEPS


def line(charge: float, events: int, num_sends: int, wait_between_events: int, tau: float = c.HAGEN_TAU) -> float:
    """Return what a line passes on of the charge of one sending, both in LSB of weight times activation.

    Many of the largest events at the usual wait fill a line just so. Shorter waits let charge pile up; what a
    line forgets meanwhile (time constant of the synaptic input, ``tau`` in s) gives it room again.
    """
    if wait_between_events >= c.HAGEN_WAIT or events == 0:
        return charge
    duration = events * num_sends * wait_between_events * c.CYCLE
    usual = c.HAGEN_WAIT * c.CYCLE
    capacity = c.MAX_ACTIVATION * c.MAX_WEIGHT * duration / (1 - math.exp(-duration / tau)) / usual / num_sends
    size = abs(charge)
    if size <= capacity:
        return charge
    bent = 1.5 * capacity if size >= 2 * capacity else size - (size - capacity) ** 2 / (2 * capacity)
    return math.copysign(bent, charge)


def saturate(y: float, limit: float) -> float:
    """Bend the negative side: linear to 0.7 of the limit, flat from 1.3, a parabola in between; no limit where 0."""
    if limit <= 0 or y >= -0.7 * limit:
        return y
    if y <= -1.3 * limit:
        return -limit
    return y + limit / 1.2 * (-y / limit - 0.7) ** 2


def shift(columns: Columns, hemisphere: int, column: int, sent: int, most: float) -> float:
    """Return the offset that a column has after so many events, LSB: each takes it a little nearer to its end.

    After ``most`` events all but 1 / e of it is there. It is rounded to fractions, and the share that is there
    to 2^-15.
    """
    end = round(min(max(float(columns.shift[hemisphere, column]), -MOST_SHIFT), MOST_SHIFT) * FRACTION)
    share = min(round((1 - math.exp(-1 / most) ** sent) * 2**15), 2**15 - 1)
    return (end * share + (1 << 14) >> 15) / FRACTION


def read(
    y: float,
    columns: Columns,
    hemisphere: int,
    column: int,
    sent: int,
    offset: float,
    noise: tuple[int, int],
    common: list[int],
) -> int:
    """Return int8: the difference of two reads, one at rest and one after ``sent`` events.

    These gave the column an ``offset``. Noise of the column, and of all columns, is in units of rms / 4096.
    """
    baseline = round(min(max(columns.baseline[hemisphere, column], -FARTHEST), FARTHEST) * FRACTION)
    charge = min(max(round(y * FRACTION), -(2**15)), 2**15 - 1) / FRACTION
    level = min(max(charge + offset, -FARTHEST), FARTHEST)
    collected = round(saturate(level, float(columns.limit[hemisphere, column])) * FRACTION)
    of_events = columns.event_noise[hemisphere, column] * math.sqrt(sent)
    rest, result = (
        (level + (number * round(rms * NOISE) >> 16) + (shared * round(columns.common_noise * NOISE) >> 16) + 16)
        // FRACTION
        for level, number, rms, shared in (
            (baseline, noise[0], columns.read_noise, common[0]),
            (baseline + collected, noise[1], min(math.hypot(columns.read_noise, of_events), MOST_NOISE), common[1]),
        )
    )
    difference = min(max(result, 0), 255) - min(max(rest, 0), 255)
    return int(min(max(difference, -128), 127))


def left_at_the_read(charges: list[float], wait_between_events: int, rate: float) -> float:
    """Return what is left of the charges of successive events when a column is read, event by event.

    Args:
        charges: One per event, any unit.
        wait_between_events: Cycles.
        rate: At which charge goes away, 1/s.
    """
    end = len(charges) * wait_between_events * c.CYCLE + c.HAGEN_READ_DELAY
    arrivals = [(k + 0.5) * wait_between_events * c.CYCLE for k in range(len(charges))]
    return sum(q * math.exp(-(end - t) * rate) for q, t in zip(charges, arrivals, strict=True))


def share(events: int, num_sends: int, wait_between_events: int, rate: float) -> float:
    """Return the share of the charge of so many equal events that is left; it stands for that of unequal ones."""
    count = events * num_sends
    return left_at_the_read([1.0] * count, wait_between_events, rate) / count if count else 1.0


def run_tile(
    weights: NDArray[np.int8],
    activations: NDArray[np.uint8],
    drivers: NDArray[np.float64],
    silicon: Silicon,
    columns: Columns,
    gain: NDArray[np.float64],
    key: int,
    run: int,
    number: int,
    num_sends: int = 1,
    wait_between_events: int = c.HAGEN_WAIT,
) -> NDArray[np.int64]:
    """Run one tile.

    Args:
        weights: (rows, columns) of the tile, up to (128, 256).
        activations: (batch, rows).
        drivers: Gain of each driver and what it adds, LSB, (2, rows).
        silicon: The chip.
        columns: Constants of all columns.
        gain: LSB per weight and activation, (256,).
        key: Keys the noise, with the next two.
        run: Number of the run.
        number: Number of the tile.
        num_sends: How often each vector is sent.
        wait_between_events: Cycles.

    Returns:
        int8 results, (batch, columns).
    """
    rows, width = weights.shape
    hemisphere, ideal = number % c.HEMISPHERES, silicon.fidelity == "ideal"
    strength = silicon.synapse[hemisphere]
    tau = silicon.mean("tau_syn") / c.HAGEN_TAU_CODE * silicon.mean("small_capacitance")
    out = np.empty((len(activations), width), np.int64)
    for b, vector in enumerate(activations):
        lengths = [
            pulse(int(a), float(gain_), float(offset)) for a, gain_, offset in zip(vector, *drivers, strict=False)
        ]
        events = sum(int(a) > 0 for a in vector)
        common = [numbers[b % 4] for numbers in read_pairs(key, number | 1 << 31, b // 4, HAGEN, run)]
        for j in range(width):
            ratio = columns.ratio[hemisphere, :, j]
            quadrant = 2 * hemisphere + j // 128
            levels = [math.copysign(level(silicon, quadrant, abs(w)), w) for w in weights[:, j].tolist()]
            weigh = [
                synapse(levels[i], float(strength[2 * i, j]), float(strength[2 * i + 1, j]), ratio) for i in range(rows)
            ]
            charges = [a * w for a, w in zip(lengths, weigh, strict=True)]
            lines = [sum(max(q, 0) for q in charges), sum(min(q, 0) for q in charges)]
            if silicon.imperfections.saturation:
                lines = [line(charge, events, num_sends, wait_between_events, tau) for charge in lines]
            left = share(events, num_sends, wait_between_events, float(columns.decay[hemisphere, j]))
            y = float(gain[j]) * left * num_sends * sum(lines)
            if ideal:
                out[b, j] = min(max(half_away(y), -128), 127)
                continue
            rest, result = read_pairs(key, number, b * -(-width // 4) + j // 4, HAGEN, run)
            noise = rest[j % 4], result[j % 4]
            sent = events * num_sends
            offset = shift(columns, hemisphere, j, sent, silicon.mean("hagen_offset_events"))
            out[b, j] = read(y, columns, hemisphere, j, sent, offset, noise, common)
    return out
