"""Terms that a neuron has beside leak and synaptic currents: exponential, adaptation, conductance-based inputs.

The law, with ``w`` the current of the adaptation and ``U`` the voltage on its own capacitor::

    C dV/dt = ... + I_0 exp((V - V_exp) / Delta_T) - w,    w = g_w (U - U_ref)
    tau_w dU/dt = U_ref + A (V - V_leak) - U,              dU/dt = I_b / C_w beside it while a pulse lasts
    I_syn = current (E_rev - V) G                          in place of the current alone

so that ``a = g_w A`` and ``b = g_w I_b t / C_w`` of the model. The exponential current ends at a limit, and is off
while the reset is on. Source: facts 3.1, 3.2, 3.5, 3.6; scales in :mod:`bss2_emulator.facts.constants`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import BACKEND
from bss2_emulator.silicon.serial import FloatArray, Silicon

REGISTERS: Final = (
    "enable_exponential", "i_exp", "v_exp", "enable_adaptation", "i_adapt_tau", "i_adapt_a", "i_adapt_b",
    "adaptation_a_negative", "adaptation_b_negative", "adaptation_pulse_scale", "v_adapt_leak", "v_adapt_ref",
    "enable_coba_exc", "enable_coba_inh", "i_synin_exc_coba", "i_synin_inh_coba", "e_synin_exc_rev",
    "e_synin_inh_rev",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Terms:
    """Physical values of all neurons; a leading axis of 2 is (excitatory, inhibitory).

    Attributes:
        exponential, adaptation: The term is on, bool (512,).
        coba: The input is conductance based, bool (2, 512).
        delta: Delta_T, V, (512,).
        exp_potential: V_exp, V, (512,).
        coupling: g_w, S, 0 where adaptation is off, (512,).
        tau: tau_w, s, (512,).
        gain: A, sign included, (512,).
        leak_potential, reference: V_leak of the adaptation and U_ref, V, (512,).
        slope: I_b / C_w, sign included, V/s, (512,).
        pulse_cycles: Length of a pulse, int32 (512,).
        conductance: G, 1/V, (2, 512).
        reversal: E_rev, V, (2, 512).
    """

    exponential: NDArray[np.bool_]
    adaptation: NDArray[np.bool_]
    coba: NDArray[np.bool_]
    delta: FloatArray
    exp_potential: FloatArray
    coupling: FloatArray
    tau: FloatArray
    gain: FloatArray
    leak_potential: FloatArray
    reference: FloatArray
    slope: FloatArray
    pulse_cycles: NDArray[np.int32]
    conductance: FloatArray
    reversal: FloatArray


def neuron_terms(config: ChipConfig, silicon: Silicon) -> Terms:
    """Translate registers to physical values."""
    mean = silicon.mean
    residual = mean("adapt_tau") / mean("residual_leak")  # codes that leak from the capacitor anyway
    relaxing = config.i_adapt_tau + residual
    sign_a, sign_b = (np.where(s, -1.0, 1.0) for s in (config.adaptation_a_negative, config.adaptation_b_negative))
    coba = np.stack((config.enable_coba_exc, config.enable_coba_inh))
    codes = np.stack((config.i_synin_exc_coba, config.i_synin_inh_coba))
    reversal = silicon.potential(
        "reversal", c.REVERSAL_REFERENCE[0], np.stack((config.e_synin_exc_rev, config.e_synin_inh_rev))
    )
    sharpness = np.maximum(config.i_exp, 1) * silicon.factors("exp_sharpness")
    return Terms(
        exponential=config.enable_exponential & (config.i_exp > 0),
        adaptation=config.enable_adaptation.copy(),
        coba=coba,
        delta=mean("exp_sharpness") / sharpness,
        exp_potential=silicon.potential("exp_potential", c.EXP_REFERENCE[0], config.v_exp)
        + silicon.offsets("exp_potential"),
        coupling=mean("adapt_coupling") * config.enable_adaptation,
        tau=mean("adapt_tau") / relaxing * silicon.factors("adapt_tau"),
        gain=sign_a * config.i_adapt_a / relaxing * silicon.factors("adapt_a"),
        leak_potential=silicon.potential("leak", c.LEAK_REFERENCE[0], config.v_adapt_leak)
        + silicon.offsets("adapt_leak"),
        reference=silicon.potential("adapt_reference", c.ADAPT_REFERENCE[0], config.v_adapt_ref)
        + silicon.offsets("adapt_reference"),
        slope=sign_b * config.i_adapt_b * mean("adapt_b") / mean("adapt_capacitance") * silicon.factors("adapt_b"),
        pulse_cycles=(1 << config.adaptation_pulse_scale.astype(np.int32))[BACKEND],
        conductance=mean("coba") * codes * silicon.factors("coba", 2, c.NEURONS) * coba,
        reversal=reversal + silicon.offsets("reversal", 2, c.NEURONS),
    )
