"""Codes of the column ADC (twin of ``_kernels/readout/cadc.h``)."""

from __future__ import annotations

import math

from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import HEMISPHERE
from bss2_emulator.reference.silicon.shorts import coarse_normals
from bss2_emulator.silicon.serial import Silicon

CADC = 3 << 16  # purpose of noise


def cadc_code(
    volts: list[float],
    gain: float,
    offset: float,
    silicon: Silicon,
    key: int,
    run: int,
    entry: int,
    n: int,
    number: int,
) -> int:
    """Return the code of sample ``number`` of neuron n, with ``volts`` at all samples up to it.

    What is held of a sample is left in the next one by a share; all columns of a hemisphere's read share some noise.
    """
    mean, switches = silicon.mean, silicon.imperfections
    held = volts[0]
    for volt in volts[1:]:
        held = volt + mean("cadc_settling") * switches.settling * (held - volt)
    own, common = (
        coarse_normals(key, number // 8, i + CADC, entry, run)[number % 8] for i in (n, c.NEURONS + int(HEMISPHERE[n]))
    )
    lsb = mean("cadc_noise") * switches.cadc_noise * own + mean("cadc_common") * switches.cadc_common * common
    return math.floor(min(max(gain * held + offset + lsb, 0.0), 255.0) + 0.5)
