"""Calibrate conductance-based synaptic inputs: where they reverse, and how strong they are at the reference potential.

Such an input is the current-based one times ``G * (E - V)``. From whatever potential a membrane is moved, its response
is proportional to ``E`` less that potential, so responses at two potentials show ``E`` and ``G``.
"""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.neurons.psps import measure_psps
from hxtorch.core.calibration.nominal.codes import REVERSAL_VOLT_PER_CODE, coba_registers
from hxtorch.core.calibration.targets import SpikingCalibTarget
from hxtorch.core.seam.configuration import CAPMEM_MAX

RESTS = (0.42, 0.72)  # volts
PEAK = 0.05  # volts of a typical response: where the current hardly changes on the way
AVERAGES = 1
LOAD = 0.85  # the current gets weaker while the membrane moves: of its share of the way to the reversal potential
TOLERANCE = 15.0  # LSB; noise of the measurement is 3, a cell that works is off by 6 at first
_SIGN = np.array([[1.0], [-1.0]])  # a membrane below the reversal of an excitatory input is driven up


def calibrate_coba(bench: Bench, steps: int = 2) -> None:
    """Bring reversal potentials and strengths to the target; without conductance-based inputs nothing is done."""
    target = bench.target
    if not isinstance(target, SpikingCalibTarget) or not (registers := coba_registers(target)):
        return
    on = ~np.isnan(target.per_input("e_coba_reversal"))
    reversal = bench.adc.volts(np.where(on, target.per_input("e_coba_reversal"), 0))
    wanted = 1 / np.abs(reversal - bench.adc.volts(target.coba_reference()))
    _, current_based = measure_psps(bench, bench.configuration, peak=PEAK, averages=AVERAGES)
    bench.set(**registers)
    codes = {name: np.stack([registers[name.format(sign)] for sign in ("exc", "inh")]) for name in _CODES}
    trail: dict[str, list[np.ndarray]] = {name: [] for name in _CODES}
    for _ in range(steps):
        found, gain = _look(bench, current_based)
        usable = on & np.isfinite(found) & (gain > 0)
        moved = codes[_REVERSAL] + np.where(usable, (reversal - found) / REVERSAL_VOLT_PER_CODE, 0)
        scaled = codes[_STRENGTH] * np.where(usable, wanted / np.where(usable, gain, 1), 1)
        for name, values in ((_REVERSAL, moved), (_STRENGTH, scaled)):
            trail[name].append(values)
            legal = np.clip(np.rint(np.mean(trail[name][-2:], axis=0)), 0, CAPMEM_MAX).astype(np.int64)
            codes[name] = np.where(on, legal, codes[name])
            bench.set(**{name.format(sign): codes[name][row] for row, sign in enumerate(("exc", "inh"))})
    bench.measured["e_coba_reversal"] = np.where(on, bench.adc.lsb(found), np.nan)
    inside = np.all([(codes[name] > 0) & (codes[name] < CAPMEM_MAX) for name in _CODES], axis=0)
    close = np.abs(found - reversal) < TOLERANCE * bench.adc.volt_per_lsb
    bench.require(~on | (inside & usable & close))


_REVERSAL, _STRENGTH = _CODES = ("e_synin_{}_rev", "i_synin_{}_coba")


def _look(bench: Bench, current_based: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return reversal potentials, volts, and gains G, 1 / V, both (2, 512)."""
    low, high = (
        measure_psps(bench, bench.configuration, rest, PEAK, AVERAGES)[1] / current_based * _SIGN for rest in RESTS
    )
    seen = (low - high) / (RESTS[1] - RESTS[0])
    gain = seen * (1 + LOAD * seen * PEAK)
    with np.errstate(divide="ignore", invalid="ignore"):
        return RESTS[0] + low / seen, gain
