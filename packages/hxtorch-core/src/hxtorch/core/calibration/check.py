"""A quick look at a chip: does a stored calibration still hold on it?"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import own_runs
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import HagenSyninCalibTarget, IntegratorTarget, SpikingCalibTarget
from hxtorch.core.interfaces import Connection

ENTRIES = 4
TOLERANCE = 4.0  # LSB of the median neuron: noise of this look is below 1, raw silicon is off by 9


def still_holds(connection: Connection, calibration: Calibration) -> bool:
    """Return whether what was calibrated on a chip rests where it shall, or did; takes milliseconds.

    A serial names one chip, but the chip behind it may have been replaced, or be emulated by a newer version. A
    calibration of something else than neurons or their lines says nothing about rest: it is taken as it is.
    """
    target = calibration.target
    if isinstance(target, SpikingCalibTarget | IntegratorTarget):
        bench, wanted = Bench(connection, target), target.per_neuron("leak")
    elif isinstance(target, HagenSyninCalibTarget):
        bench, wanted = Bench(connection, SpikingCalibTarget()), calibration.measured.get("rest", np.empty(0))
    else:
        return True
    if wanted.shape != (NEURONS,):
        return False
    bench.set(**{**calibration.registers, "enable_leak": True})
    if isinstance(target, IntegratorTarget):  # whose leak makes up for no current of the inputs
        bench.set(enable_synin_exc=False, enable_synin_inh=False)
    with own_runs(connection):
        rest = bench.mean(bench.configuration, entries=ENTRIES)
    off = np.abs(rest - wanted)[calibration.success]
    return bool(off.size == 0 or np.median(off) < TOLERANCE)
