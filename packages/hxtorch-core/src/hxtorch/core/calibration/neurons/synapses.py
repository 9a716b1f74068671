"""Calibrate time constants and strength of the synaptic inputs, and the bias of the synapses of each quadrant."""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.coordinates import QUADRANT
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.searches import PowerPrediction
from hxtorch.core.calibration.neurons.psps import measure_psps, typical_current
from hxtorch.core.calibration.nominal.codes import GM_EXPONENT
from hxtorch.core.calibration.targets import SpikingCalibTarget
from hxtorch.core.seam.configuration import CAPMEM_MAX

TOLERANCE = 0.2
TAU_STEPS = 3
_TAU, _GM = ("i_synin_exc_tau", "i_synin_inh_tau"), ("i_synin_exc_gm", "i_synin_inh_gm")


def calibrate_tau_syn(bench: Bench, steps: int = 2) -> np.ndarray:
    """Bring the synaptic time constants to the target; return the strengths measured last, amperes (2, 512)."""
    target = np.asarray(bench.target.per_input("tau_syn"))
    predictions = []
    for step in range(steps):
        taus, strengths = measure_psps(bench, bench.configuration, nudge=step % 3 - 1)
        predictions.append(_corrected(bench, _TAU, taus, target, -1))
        _set(bench, _TAU, np.mean(predictions[1:] or predictions, axis=0))  # the first one comes from far off
    bench.measured["tau_syn"] = taus
    _require(bench, _TAU, taus, target)
    return strengths


def calibrate_synaptic_inputs(bench: Bench) -> None:
    """Bring time constants to the target, and all strengths to that of a typical neuron at the nominal code.

    Strengths that the target leaves uncalibrated keep their codes.
    """
    wanted = _match_quadrants(bench, calibrate_tau_syn(bench, steps=TAU_STEPS))
    if isinstance(bench.target, SpikingCalibTarget) and not bench.target.synin_gm_calibrated:
        _set(bench, _GM, bench.target.per_input("i_synin_gm"))
    taus, strengths = measure_psps(bench, bench.configuration, nudge=-1)
    _refine_tau_syn(bench, taus)
    bench.measured.update(tau_syn=taus, synaptic_current=strengths)
    if not isinstance(bench.target, SpikingCalibTarget) or bench.target.synin_gm_calibrated:
        _set(bench, _GM, _corrected(bench, _GM, strengths, wanted, GM_EXPONENT))
        _require(bench, _GM, strengths, wanted)


def _refine_tau_syn(bench: Bench, taus: np.ndarray) -> None:
    """Let a further measurement count as much as those before: each saw the cells as one write had left them."""
    target = np.asarray(bench.target.per_input("tau_syn"))
    _require(bench, _TAU, taus, target)
    before = np.stack([getattr(bench.configuration, name) for name in _TAU])
    seen = TAU_STEPS - 1  # measurements that the codes are a mean of
    _set(bench, _TAU, (seen * before + _corrected(bench, _TAU, taus, target, -1)) / (seen + 1))


def _match_quadrants(bench: Bench, strengths: np.ndarray) -> np.ndarray:
    """Set the synapses' biases and the inputs' codes from strengths at nominal codes; return the strength wanted.

    What a bias can not reach, because it ends at its highest code, is left to the inputs of its neurons.
    """
    relative = strengths / typical_current(bench)
    quadrant = np.array([np.median(relative[:, quadrant == QUADRANT]) for quadrant in range(4)])
    typical = quadrant.mean()
    bias = bench.configuration.i_synapse_dac_bias.astype(np.float64)
    matched = np.clip(np.rint(bias * typical / np.maximum(quadrant, 1e-3)), 1, CAPMEM_MAX)
    wanted = np.asarray(typical * typical_current(bench))
    _set(bench, _GM, _corrected(bench, _GM, strengths * (matched / np.maximum(bias, 1))[QUADRANT], wanted, GM_EXPONENT))
    bench.set(i_synapse_dac_bias=matched.astype(np.int64))
    return wanted


def _corrected(
    bench: Bench, names: tuple[str, str], values: np.ndarray, target: np.ndarray, exponent: float
) -> np.ndarray:
    codes = np.stack([getattr(bench.configuration, name) for name in names]).astype(np.float64)
    wanted = PowerPrediction(exponent).correct(codes, values, target)
    return np.where(np.isfinite(wanted) & (values > 0), wanted, codes)


def _require(bench: Bench, names: tuple[str, str], values: np.ndarray, target: np.ndarray) -> None:
    codes = np.stack([getattr(bench.configuration, name) for name in names])
    bench.require((np.abs(values / target - 1) < TOLERANCE) & (codes > 1) & (codes < CAPMEM_MAX))


def _set(bench: Bench, names: tuple[str, str], codes: np.ndarray) -> None:
    legal = np.clip(np.rint(codes), 1, CAPMEM_MAX).astype(np.int64)
    bench.set(**dict(zip(names, legal, strict=True)))
