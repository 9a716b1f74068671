"""Short-term plasticity of synapse drivers: registers as a law for the amplitude of events.

A driver holds a voltage V, in codes. An event has the amplitude

    A = clip((v_stp + 370 - V) / 500 * 600 / i_stp_ramp + offset, 0, 1),

a share of the full pulse; then V goes the share ``utilization`` of its way to the charge voltage. Between events it
recovers exponentially to the recovery voltage. A run starts recovered. Set 0 of the voltages facilitates by default,
set 1 depresses. Source: facts 2.3; the numbers behind utilisation, recovery and offset codes are a model.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bss2_emulator._kernels.spiking.plan import LAYOUT
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.silicon.serial import FloatArray, Silicon

REGISTERS: Final = (
    "stp_target", "stp_utilization", "stp_recovery", "stp_offset", "stp_recovery_clock", "enable_stp_recovery",
    "v_stp", "i_stp_ramp", "v_stp_charge", "v_stp_recover",
)  # fmt: skip

# Analog biases of even drivers come from the west, those of odd ones from the east (facts 1.1).
_HEMISPHERE, _D = np.divmod(np.arange(c.HEMISPHERES * c.DRIVERS), c.DRIVERS)
_QUADRANT = 2 * _HEMISPHERE + _D % 2


def recovery_time(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return the time constant of the recovery of each driver, cycles, inf without recovery, (256,)."""
    clock = 2.0 ** config.stp_recovery_clock[_HEMISPHERE]  # 250 MHz / 2 ** (s + 1) is 2 ** s cycles of 8 ns
    share = config.stp_recovery.ravel() * silicon.mean("stp_recovery") * config.enable_stp_recovery[_HEMISPHERE]
    with np.errstate(divide="ignore"):
        return np.asarray(clock / share)


def driver_laws(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return zero, slope (``A = zero - slope * V``), utilisation, charge and recovery voltage of drivers, (5, 256)."""
    mean = silicon.mean
    slope = c.STP_RAMP / np.maximum(config.i_stp_ramp, 1)[_QUADRANT] / mean("stp_range")
    step = mean("stp_offset_step") * (config.stp_offset.ravel().astype(np.float64) - c.STP_OFFSET_CENTER)
    zero = (config.v_stp[_QUADRANT] + mean("stp_zero")) * slope + silicon.stp_amplitude.ravel() + step
    target = config.stp_target.ravel().astype(np.int64)
    utilization = mean("stp_utilization") * config.stp_utilization.ravel()
    voltages = (config.v_stp_charge[_QUADRANT, target], config.v_stp_recover[_QUADRANT, target])
    return np.array([zero, slope, utilization, *voltages], np.float64)


def powers(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return what is left of a deviation after 2**k cycles, (256, 32)."""
    cycles = 2.0 ** np.arange(LAYOUT["stp_powers"])
    return np.asarray(np.exp(-cycles / recovery_time(config, silicon)[:, None]))
