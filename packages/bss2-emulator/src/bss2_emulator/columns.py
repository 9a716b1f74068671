"""What a column makes of charge in hagen mode (facts 2.4, 2.5)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import cadc
from bss2_emulator import constants as c
from bss2_emulator.config import ChipConfig
from bss2_emulator.neurons import NeuronPhysics, synin_strength, tau_syn
from bss2_emulator.silicon import FloatArray, Silicon

# Operands are rounded to these fractions of an LSB: then every product and sum is an integer below 2**24 and exact in
# float32, so that the bytes of a result do not depend on the order of sums: not on the processor, nor on how a batch is
# split.
PULSE_STEPS: Final = 8
WEIGHT_STEPS: Final = 4


class Columns(NamedTuple):
    """Constants of the 256 columns of a hemisphere.

    Attributes:
        ratio: Gain of (inhibitory, excitatory) rows over the larger one, fractions of a weight LSB, float32 (2, 256).
        gain: The larger gain, LSB per weight and activation, (256,).
        baseline: What a read at rest gives, LSB, float32 (256,).
        limit, inverse_limit: Where the negative side ends, LSB, and its inverse; 0 if nowhere, float32 (256,).
        noise_baseline, noise_result: rms of the two reads, LSB.
    """

    ratio: NDArray[np.float32]
    gain: FloatArray
    baseline: NDArray[np.float32]
    limit: NDArray[np.float32]
    inverse_limit: NDArray[np.float32]
    noise_baseline: float
    noise_result: float


def column_constants(config: ChipConfig, silicon: Silicon, hemisphere: int, physics: NeuronPhysics) -> Columns:
    """Translate registers to column constants: gain is charge per pulse over capacitance and ADC step."""
    neurons = np.arange(c.COLUMNS) + c.COLUMNS * hemisphere
    transfer, offset = cadc.transfer(config, silicon, neurons, acausal=False)
    nominal = (c.HAGEN_GM / c.GM_REFERENCE) ** c.GM_EXPONENT * (c.HAGEN_DAC / c.DAC_REFERENCE)
    strength = synin_strength(config, silicon)[:, neurons] / nominal
    time = tau_syn(config, silicon)[:, neurons] / (c.TAU_SYN / c.HAGEN_TAU_CODE * c.SMALL_CAPACITANCE)
    slope = transfer * c.CADC_LSB * c.HAGEN_SLOPE / c.CADC_NOMINAL_SLOPE
    size = c.CAPACITANCE / physics.capacitance[neurons]
    gain = c.HAGEN_GAIN * strength * time * slope * size * physics.connected[:, neurons]
    largest = np.maximum(gain.max(axis=0), 1e-30)
    switches = silicon.imperfections
    limit = np.maximum((c.HAGEN_LIMIT + silicon.hagen_limit[neurons]) * slope, 1.0)
    read = c.CADC_NOISE * switches.cadc_noise
    return Columns(
        ratio=(gain[::-1] / largest * WEIGHT_STEPS).astype(np.float32, order="C"),
        gain=largest,
        baseline=(physics.leak_potential[neurons] * transfer + offset).astype(np.float32),
        limit=(limit * switches.saturation).astype(np.float32),
        inverse_limit=(switches.saturation / limit).astype(np.float32),
        noise_baseline=read,
        noise_result=float(np.hypot(read, c.HAGEN_NOISE * switches.cadc_noise)),
    )
