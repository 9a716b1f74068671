"""Constants of neurons that are not plain, as the kernel wants them (plan.h, from TERMS on)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import LAYOUT
from bss2_emulator.facts import constants as c
from bss2_emulator.neurons.compartments import EXP, Membranes
from bss2_emulator.neurons.response import drive
from bss2_emulator.silicon.serial import FloatArray, Silicon

STEP = LAYOUT["step"]
STEEP = 0.25  # share of exp(-x) that a step may take off where it is not followed with care (terms.h)


def fill_terms(rows: FloatArray, membranes: Membranes, active: NDArray[np.int64], silicon: Silicon) -> None:
    """Write the rows of the terms.

    Args:
        rows: (tables, active); rows of plain neurons are filled already.
        membranes: Of all neurons.
        active: Active neurons n.
        silicon: The chip.
    """
    physics, terms = membranes.physics, membranes.terms
    capacitance, leak = physics.capacitance[active], physics.leak[active]
    whole: FloatArray = np.arange(1, STEP + 1, dtype=np.float64)[:, None] * c.CYCLE
    half = whole / 2
    coba = terms.coba[:, active] & physics.connected[:, active]

    def put(name: str, values: FloatArray, offset: int = 0) -> None:
        values = np.atleast_2d(values)
        at = LAYOUT[name] + offset * len(values)
        rows[at : at + len(values)] = values

    for mode in (0, 1):
        conductance = leak + physics.reset[active] * mode
        put("decay_half", np.exp(-half * conductance / capacitance), mode)
        put("adapt_pull", terms.coupling[active] / conductance, mode)
        put("adapt_lag", _lag(whole * conductance / capacitance), mode)
        for sign, name in enumerate(("drive_half_exc", "drive_half_inh")):
            tau = physics.tau_syn[sign, active]
            volts = drive(half, capacitance / conductance, tau, capacitance)
            put(name, volts * (physics.connected[sign, active] & ~coba[sign]), mode)
    for sign, name in enumerate(("exc", "inh")):
        tau = physics.tau_syn[sign, active]
        put(f"syn_half_{name}", np.exp(-half / tau))
        siemens = terms.conductance[sign, active] * coba[sign]
        charge = siemens / capacitance * tau * -np.expm1(-whole / tau)
        put(f"charge_{name}", charge)
        jump = rows[LAYOUT[f"jump_{name}"] : LAYOUT[f"jump_{name}"] + STEP]
        late = rows[LAYOUT[f"late_{name}"] : LAYOUT[f"late_{name}"] + STEP]
        late[:] = np.where(coba[sign], charge - jump * charge[-1], late)
        put("is_coba", coba[sign].astype(np.float64), sign)
        put("reversal", terms.reversal[sign, active], sign)
    put("adapt_decay", np.exp(-half / terms.tau[active]))
    put("adapt_gain", terms.gain[active])
    put("adapt_base", terms.reference[active] - terms.gain[active] * terms.leak_potential[active])
    put("adapt_pulse", terms.slope[active] * terms.tau[active])
    put("adapt_ref", terms.reference[active])
    delta = terms.delta[active]
    start, limit = silicon.mean("exp_current"), silicon.mean("exp_limit")
    current = start * terms.exponential[active] * ((membranes.kind[active] & EXP) > 0)
    put("exp_rate", whole * current / (capacitance * delta))
    put("exp_start", terms.exp_potential[active])
    put("exp_sharpness", 1 / delta)
    put("exp_delta", delta)
    put("exp_top", np.full(len(active), np.log(limit / start)))
    put("exp_limit", np.full(len(active), start / limit))
    doublings = math.log2(math.e) / delta
    put("exp_doublings", doublings)
    moved = np.maximum(whole[-1] * current / (capacitance * delta), 1e-30)
    put("exp_offset", np.log2(moved) - terms.exp_potential[active] * doublings)
    limited = limit / start * moved[current > 0]
    put("exp_steep", np.full(len(active), np.log2(np.min(limited, initial=STEEP))))
    idle = ~terms.adaptation[active]
    for name, value in (("adapt_gain", 0.0), ("adapt_pulse", 0.0), ("adapt_pull", 0.0)):
        rows[LAYOUT[name], idle] = value
    rows[LAYOUT["adapt_pull"] + 1, idle] = 0
    rows[LAYOUT["adapt_base"], idle] = terms.reference[active][idle]


def _lag(steps: FloatArray) -> FloatArray:
    """Return how far two points on an exponential are beyond its mean between them, over half their distance.

    Args:
        steps: From the one to the other, in time constants, any shape; small ones by their series.
    """
    small = steps < 1e-2
    x = np.where(small, 1.0, steps)
    return np.asarray(np.where(small, steps / 6, 1 / np.tanh(x / 2) - 2 / x))
