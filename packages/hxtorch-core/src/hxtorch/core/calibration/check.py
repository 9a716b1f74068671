"""A quick look at a chip: does a stored calibration still hold on it?"""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.bench import Bench
from hxtorch.core.calibration.calibrator import own_runs
from hxtorch.core.calibration.result import Calibration
from hxtorch.core.calibration.targets import IntegratorTarget, SpikingCalibTarget
from hxtorch.core.interfaces import Connection

ENTRIES = 4
TOLERANCE = 4.0  # LSB of the median neuron: noise of this look is below 1, raw silicon is off by 9


def still_holds(connection: Connection, calibration: Calibration) -> bool:
    """Return whether the calibrated neurons of a chip rest near their target; takes milliseconds.

    A serial names one chip, but the chip behind it may have been replaced, or be emulated by a newer version. A
    calibration of something else than neurons says nothing about rest: it is taken as it is.
    """
    if not isinstance(calibration.target, SpikingCalibTarget | IntegratorTarget):
        return True
    bench = Bench(connection, calibration.target)
    bench.set(**{**calibration.registers, "enable_leak": True})
    with own_runs(connection):
        rest = bench.mean(bench.configuration, entries=ENTRIES)
    off = np.abs(rest - bench.target.per_neuron("leak"))[calibration.success]
    return bool(off.size == 0 or np.median(off) < TOLERANCE)
