"""What a column makes of charge in hagen mode (facts 2.4, 2.5)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import cadc
from bss2_emulator import constants as c
from bss2_emulator.config import ChipConfig
from bss2_emulator.neurons import NeuronPhysics, synin_strength
from bss2_emulator.silicon import FloatArray, Silicon

# Pulses and weights are integers of 16 bits in these fractions of an LSB, so that sums are exact: the bytes of a result
# do not depend on the processor, nor on how a batch is split.
PULSE_STEPS: Final = 8
WEIGHT_STEPS: Final = 32
MAX_PULSE: Final = round(c.MAX_PULSE * PULSE_STEPS)


class Columns(NamedTuple):
    """Constants of the 256 columns of both hemispheres.

    Attributes:
        ratio: Gain of (inhibitory, excitatory) rows over the larger one, in fractions of a weight LSB, float32
            (hemisphere, line, column), (2, 2, 256).
        gain: The larger gain, LSB per weight and activation, (2, 256).
        start: Membrane at the read at rest, which follows a reset, V, (2, 256).
        baseline: What that read gives, LSB, (2, 256).
        limit: Where the negative side ends, LSB; 0 if nowhere, (2, 256).
        noise_baseline, noise_result: rms of the two reads, LSB.
    """

    ratio: NDArray[np.float32]
    gain: FloatArray
    start: FloatArray
    baseline: FloatArray
    limit: FloatArray
    noise_baseline: float
    noise_result: float


def column_constants(config: ChipConfig, silicon: Silicon, physics: NeuronPhysics) -> Columns:
    """Translate registers to column constants: gain is charge per pulse over capacitance and ADC step."""
    transfer, offset = cadc.transfer(config, silicon, np.arange(c.NEURONS), acausal=False)
    nominal = (c.HAGEN_GM / c.GM_REFERENCE) ** c.GM_EXPONENT * (c.HAGEN_DAC / c.DAC_REFERENCE)
    strength = synin_strength(config, silicon) / nominal
    slope = transfer * c.CADC_LSB * c.HAGEN_SLOPE / c.CADC_NOMINAL_SLOPE
    size = c.CAPACITANCE / physics.capacitance
    gain = c.HAGEN_GAIN * strength * (physics.tau_syn / c.HAGEN_TAU) * slope * size * physics.connected
    largest = np.maximum(gain.max(axis=0), 1e-30)
    ratio = (gain[::-1] / largest * WEIGHT_STEPS).reshape(2, c.HEMISPHERES, c.COLUMNS)
    limit = np.maximum((c.HAGEN_LIMIT + silicon.hagen_limit) * slope, 1.0) * silicon.imperfections.saturation
    resting = np.exp(-c.HAGEN_BASELINE_DELAY * physics.leak / physics.capacitance)  # from reset towards the leak
    start = physics.leak_potential + (physics.reset_potential - physics.leak_potential) * resting
    read = c.CADC_NOISE * silicon.imperfections.cadc_noise
    sides = (c.HEMISPHERES, c.COLUMNS)
    return Columns(
        ratio=ratio.swapaxes(0, 1).astype(np.float32, order="C"),
        gain=largest.reshape(sides),
        start=start.reshape(sides),
        baseline=np.asarray(start * transfer + offset).reshape(sides),
        limit=limit.reshape(sides),
        noise_baseline=read,
        noise_result=float(np.hypot(read, c.HAGEN_NOISE * silicon.imperfections.cadc_noise)),
    )


def line_capacity(num_sends: int, wait_between_events: int) -> NDArray[np.float32]:
    """Return how much charge a column's excitatory or inhibitory line takes in full.

    A line forgets an event with the time constant of the synaptic input; events that come faster pile up. As many as
    the largest ones at the usual wait pile up in full; of more, less and less arrives (:func:`line_charge`). Waits from
    the usual one on never reach the capacity.

    Args:
        num_sends: How often a vector is sent.
        wait_between_events: Cycles.

    Returns:
        Charge in fractions of weight and pulse LSB of one sending, for 0 to 128 events in a vector, (129,).

    Source:
        Facts 2.4, 2.6: column lines saturate; 40 sends of the largest event at a wait of 2 give more than 40 LSB, less
        than the sum of them. The law in between is our assumption.
    """
    duration = np.arange(1, c.TILE_ROWS + 1) * num_sends * wait_between_events * c.CYCLE
    piled = duration / -np.expm1(-duration / c.HAGEN_TAU) / (c.HAGEN_WAIT * c.CYCLE)  # events of the largest size
    largest = c.MAX_ACTIVATION * PULSE_STEPS * c.MAX_WEIGHT * WEIGHT_STEPS
    return np.asarray(np.concatenate(([0.0], piled * largest / num_sends)), np.float32)


def line_charge(charge: FloatArray, capacity: FloatArray | NDArray[np.float32]) -> FloatArray:
    """Return what arrives of a ``charge`` of 0 and more, any shape.

    Linear up to ``capacity``, flat from twice that on at 1.5 times of it, a parabola in between.
    """
    beyond = np.asarray(charge - capacity, np.float64)
    flat = np.maximum(beyond - capacity, 0)
    knee = np.maximum(beyond, 0) - flat
    return np.asarray(charge - knee**2 / np.maximum(2.0 * capacity, 1e-30) - flat)
