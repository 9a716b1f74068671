"""How a membrane answers a synaptic current."""

from __future__ import annotations

import numpy as np

from bss2_emulator.silicon.serial import FloatArray


def drive(t: FloatArray, tau_mem: FloatArray, tau_syn: FloatArray, capacitance: FloatArray) -> FloatArray:
    """Return the volts after time ``t`` per ampere of a synaptic current that decays from there, any broadcast shape.

    Two exponentials over the difference of their rates, written so that equal time constants are no exception.
    """
    z = t * (1 / tau_syn - 1 / tau_mem)
    z = np.where(np.abs(z) < 1e-9, 1e-9, z)
    return np.asarray(t / capacitance * np.exp(-t / tau_syn) * np.expm1(z) / z)
