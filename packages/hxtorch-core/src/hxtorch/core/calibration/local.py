"""Where codes move for a target near the one that was measured: the nominal slope, from the codes of each neuron.

What a neuron needs besides a typical one is in its codes already: offsets of potentials stay as they are, factors of
currents scale with them. So the slope of the nominal law is right for each neuron, to first order, and a small step of
a target needs no measurement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.nominal.codes import CODES_PER_VOLT, PARASITIC_TIME, SPIKING_RANGE
from hxtorch.core.calibration.nominal.refractory import refractory_registers
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import SpikingCalibTarget
from hxtorch.core.seam.configuration import CAPMEM_MAX

REACH: Final = 0.1  # of time constants and strengths
REACH_LSB: Final = 8.0  # of potentials
_POTENTIALS: Final = {"leak": "v_leak", "reset": "v_reset", "threshold": "v_threshold"}
_INPUTS: Final = {
    "tau_syn": ("i_synin_exc_tau", "i_synin_inh_tau"),
    "i_synin_gm": ("i_synin_exc_gm", "i_synin_inh_gm"),
}
_COUNTED: Final = ("refractory_time", "holdoff_time")
_MOVES: Final = {*_POTENTIALS, *_INPUTS, *_COUNTED, "tau_mem", "tau_icc"}


@checked
def moved_to(calibration: Calibration, target: SpikingCalibTarget) -> Calibration | None:
    """Return a measured calibration moved to another target, or None where this has to be measured.

    Args:
        calibration: As measured. Its ``measured`` values stay: they are those of its own target.
        target: Differs in leak, reset or threshold by 8 LSB at most, in ``tau_mem``, ``tau_syn``, ``i_synin_gm`` and
            ``tau_icc`` by 10 % at most, in refractory and holdoff time by anything.

    Returns:
        Codes for ``target``; None if it is farther away, differs in something else, or a code would leave its range.
    """
    before = calibration.target
    if not isinstance(before, SpikingCalibTarget) or not _MOVES.issuperset(_changed(before, target)):
        return None
    if not np.array_equal(np.isnan(before.per_neuron("tau_icc")), np.isnan(target.per_neuron("tau_icc"))):
        return None
    if not np.isnan(target.per_input("e_coba_reversal")).all() and "leak" in _changed(before, target):
        return None  # conductance-based inputs refer to it
    if _far(target.per_neuron("tau_mem") / before.per_neuron("tau_mem")):
        return None
    codes, moved = calibration.registers, {}
    for name, register in _POTENTIALS.items():
        step = target.per_neuron(name) - before.per_neuron(name)
        if np.abs(step).max() > REACH_LSB:
            return None
        moved[register] = codes[register] + step * SPIKING_RANGE.volt_per_lsb * CODES_PER_VOLT[register]
    factors = {"i_leak": _rate(target, "tau_mem") / np.maximum(_rate(before, "tau_mem"), 1e-3)}
    if "i_icc" in codes:
        factors["i_icc"] = before.per_neuron("tau_icc") / target.per_neuron("tau_icc")
    for row, sign in enumerate(("exc", "inh")):
        factors[f"i_synin_{sign}_tau"] = before.per_input("tau_syn")[row] / target.per_input("tau_syn")[row]
        strength = before.per_input("i_synin_gm")[row]
        factors[f"i_synin_{sign}_gm"] = target.per_input("i_synin_gm")[row] / np.maximum(strength, 1e-3)
    for register, factor in factors.items():
        if register != "i_leak" and _far(factor):
            return None
        moved[register] = codes[register] * np.where(np.isnan(factor), 1, factor)
    legal = {register: np.rint(values).astype(np.int64) for register, values in moved.items()}
    inside = [(values >= (codes[register] > 0)) & (values <= CAPMEM_MAX) for register, values in legal.items()]
    if not np.all(inside):
        return None
    if set(_COUNTED) & _changed(before, target):
        legal.update(refractory_registers(target.per_neuron("refractory_time"), target.per_neuron("holdoff_time")))
    provenance = {**calibration.provenance, "method": "moved"}
    return replace(calibration, target=target, registers={**codes, **legal}, provenance=provenance)


def _far(factor: np.ndarray) -> bool:
    """Tell whether a time constant or a strength is beyond the reach; NaN is none at all."""
    return bool(np.nanmax(np.abs(np.log(np.maximum(factor, 1e-9))), initial=0) > np.log1p(REACH) + 1e-9)


def _changed(before: SpikingCalibTarget, target: SpikingCalibTarget) -> set[str]:
    """Return the names of the fields that differ; one value is equal to as many of it."""
    old, new = before.values(), target.values()
    return {name for name in old if not np.all((old[name] == new[name]) | (np.isnan(old[name]) & np.isnan(new[name])))}


def _rate(target: SpikingCalibTarget, name: str) -> np.ndarray:
    """Return what a leak conductance adds to the decay of membranes, 1/s (512,)."""
    return np.asarray(1 / target.per_neuron(name) - 1 / PARASITIC_TIME)
