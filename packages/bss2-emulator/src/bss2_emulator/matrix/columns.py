"""What a column makes of charge in hagen mode (facts 2.4, 2.5)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.physics import NeuronPhysics, synapse_bias, synin_strength
from bss2_emulator.readout import cadc
from bss2_emulator.silicon.serial import FloatArray, Silicon

# Pulses and weights are integers of 16 bits in these fractions of an LSB, so that sums are exact: the bytes of a result
# do not depend on the processor, nor on how a batch is split.
PULSE_STEPS: Final = 8
WEIGHT_STEPS: Final = 32
MAX_PULSE: Final = 255  # steps: a byte, so nearly a whole c.MAX_PULSE
EXC_LINE, INH_LINE, ADAPTATION = 1, 2, 3  # codes of readout_source; 0 is the membrane


class Columns(NamedTuple):
    """Constants of the 256 columns of both hemispheres.

    Attributes:
        ratio: Gain of (inhibitory, excitatory) rows over the larger one, in fractions of a weight LSB, float32
            (hemisphere, line, column), (2, 2, 256).
        gain: The larger gain, LSB per weight and activation, (2, 256); negative where the excitatory line is read,
            which drops.
        decay: Rate at which what was collected goes away, 1/s, (2, 256).
        start: What is read at rest, which follows a reset, V, (2, 256).
        baseline: What that read gives, LSB, (2, 256).
        limit: Where the negative side ends, LSB; 0 if nowhere, (2, 256).
        shift: What many events move each column by, whatever their weights, LSB, (2, 256).
        event_noise: rms that an event adds to the second read, LSB, (2, 256).
        read_noise: rms of a read in one column, LSB.
        common_noise: rms that all columns of a read share, LSB.
    """

    ratio: NDArray[np.float32]
    gain: FloatArray
    decay: FloatArray
    start: FloatArray
    baseline: FloatArray
    limit: FloatArray
    shift: FloatArray
    event_noise: FloatArray
    read_noise: float
    common_noise: float


def column_constants(config: ChipConfig, silicon: Silicon, physics: NeuronPhysics) -> Columns:
    """Translate registers to column constants: gain is charge per pulse over capacitance and ADC step.

    A column whose readout is a synaptic line shows the charge that came to that line; the adaptation has none.
    """
    transfer, offset = cadc.transfer(config, silicon, np.arange(c.NEURONS), acausal=False)
    mean = silicon.mean
    nominal = (c.HAGEN_GM / mean("gm")) ** mean("gm_exponent") * (c.HAGEN_DAC / mean("dac_bias"))
    strength = synin_strength(config, silicon) / nominal
    slope = transfer * c.CADC_LSB * c.HAGEN_SLOPE / c.CADC_NOMINAL_SLOPE
    size = mean("capacitance") / physics.capacitance
    gain = (
        mean("hagen_gain")
        * silicon.scale("gain")
        * strength
        * (physics.tau_syn / hagen_tau(silicon))
        * slope
        * size
        * physics.connected
    )
    if silicon.fidelity == "calibrated":  # columns are calibrated on products, whatever their parts are
        strengths = silicon.gm ** mean("gm_exponent") * silicon.quadrant_strength
        own = strengths * silicon.tau_syn * silicon.cadc_gain[:, 0].ravel() / silicon.capacitance
        gain *= (1 + silicon.offsets("hagen_column", 2, c.NEURONS)) / own
    largest = np.maximum(gain.max(axis=0), 1e-30)
    ratio = gain[::-1] / largest * WEIGHT_STEPS
    limit = np.maximum((mean("hagen_limit") + silicon.hagen_limit) * slope, 1.0) * silicon.imperfections.saturation
    decay = np.where(config.enable_leak, physics.leak / physics.capacitance, 0.0)
    resting = np.exp(-c.HAGEN_BASELINE_DELAY * physics.leak / physics.capacitance)  # from reset towards the leak
    start = physics.leak_potential + (physics.reset_potential - physics.leak_potential) * resting
    for line, source in enumerate((EXC_LINE, INH_LINE)):
        here = np.flatnonzero(config.readout_source == source)
        drop = mean("line_drop") / c.MAX_ACTIVATION * synapse_bias(config, silicon)[here]  # V per weight and activation
        largest[here] = drop * transfer[here] * (-1, 1)[line]  # inhibitory weights are negative themselves
        ratio[1 - line, here], ratio[line, here] = WEIGHT_STEPS, 0
        decay[here], limit[here], start[here] = 1 / physics.tau_syn[line, here], 0, mean("line_rest")
    here = np.flatnonzero(config.readout_source == ADAPTATION)
    reference = silicon.potential("adapt_reference", c.ADAPT_REFERENCE[0], config.v_adapt_ref) + silicon.offsets(
        "adapt_reference"
    )
    largest[here], decay[here], limit[here], start[here] = 0, 0, 0, reference[here]
    relative = (
        gain.max(axis=0) / mean("hagen_gain") * (config.readout_source == 0)
    )  # noise and offset come as charge does
    sides = (c.HEMISPHERES, c.COLUMNS)
    return Columns(
        ratio=ratio.reshape(2, *sides).swapaxes(0, 1).astype(np.float32, order="C"),
        gain=largest.reshape(sides),
        decay=decay.reshape(sides),
        start=start.reshape(sides),
        baseline=np.asarray(start * transfer + offset).reshape(sides),
        limit=limit.reshape(sides),
        shift=(relative * silicon.event_offset).reshape(sides),
        event_noise=(relative * mean("hagen_event_noise") * silicon.imperfections.event_noise).reshape(sides),
        read_noise=mean("hagen_read_noise") * silicon.imperfections.cadc_noise,
        common_noise=mean("cadc_common") * silicon.imperfections.cadc_common,
    )


def hagen_tau(silicon: Silicon) -> float:
    """Return the time constant of synaptic inputs for which gain is given, s."""
    return silicon.mean("tau_syn") / c.HAGEN_TAU_CODE * silicon.mean("small_capacitance")


def noise_of_events(columns: Columns, num_sends: int) -> FloatArray:
    """Return the rms of a read after 0 to 128 events of one sending, LSB, (2, 129, 256)."""
    sent = np.arange(c.TILE_ROWS + 1)[:, np.newaxis] * num_sends
    return np.asarray(np.sqrt(columns.read_noise**2 + sent * columns.event_noise[:, np.newaxis] ** 2))


def share_of_shift(num_sends: int, most: float) -> NDArray[np.float32]:
    """Return how much of its own offset a column has after 0 to 128 events of one sending, (129,).

    ``most`` is the number of events after which all but 1 / e of it is there.
    """
    return np.asarray(-np.expm1(-np.arange(c.TILE_ROWS + 1) * num_sends / most), np.float32)


def kept(rate: FloatArray, cycles: int) -> NDArray[np.float32]:
    """Return the share of the charge of 0 to 128 events that is left at the read, mean over these events.

    Args:
        rate: At which charge goes away, 1/s, (hemisphere, column), (2, 256).
        cycles: That each event takes, repetitions included.

    Returns:
        Shape (2, 129, 256).
    """
    exponent = np.arange(c.TILE_ROWS + 1)[:, np.newaxis] * (cycles * c.CYCLE * rate)[:, np.newaxis]
    mean = np.divide(-np.expm1(-exponent), exponent, out=np.ones_like(exponent), where=exponent > 0)
    return np.asarray(mean * np.exp(-c.HAGEN_READ_DELAY * rate)[:, np.newaxis], np.float32)


def line_capacity(num_sends: int, wait_between_events: int, tau: float) -> NDArray[np.float32]:
    """Return how much charge a column's excitatory or inhibitory line takes in full.

    A line forgets an event with the time constant of the synaptic input; events that come faster pile up. As many as
    the largest ones at the usual wait pile up in full; of more, less and less arrives (:func:`line_charge`). Waits from
    the usual one on never reach the capacity.

    Args:
        num_sends: How often a vector is sent.
        wait_between_events: Cycles.
        tau: Of synaptic inputs, s.

    Returns:
        Charge in fractions of weight and pulse LSB of one sending, for 0 to 128 events in a vector, (129,).

    Source:
        Facts 2.4, 2.6: column lines saturate; 40 sends of the largest event at a wait of 2 give more than 40 LSB, less
        than the sum of them. The law in between is our assumption.
    """
    duration = np.arange(1, c.TILE_ROWS + 1) * num_sends * wait_between_events * c.CYCLE
    piled = duration / -np.expm1(-duration / tau) / (c.HAGEN_WAIT * c.CYCLE)  # events of the largest size
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
