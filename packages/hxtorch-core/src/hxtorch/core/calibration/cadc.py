"""Calibrate the column ADC: slope and start of each quadrant's ramp, a digital offset for each channel.

All channels read the test voltage, so mismatch of neurons plays no part.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import CADC_OFFSET_STEP, COLUMNS
from bss2_emulator.facts.coordinates import QUADRANT
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, progress_bar, signed
from hxtorch.core.calibration.nominal.codes import DEBUG_VOLT_PER_CODE, cadc_range
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import CADCCalibTarget, SpikingCalibTarget
from hxtorch.core.interfaces import Connection
from hxtorch.core.seam.configuration import CAPMEM_MAX

SPAN = 100.0  # LSB between the two readings
TOLERANCE = 5.0  # LSB
RAMP_VOLT_PER_CODE = CADC_OFFSET_STEP  # of cadc_ramp_offset


class CADCCalibrator:
    """Calibrates the column ADC alone."""

    def calibrate(
        self, connection: Connection, target: CADCCalibTarget, options: CalibrationOptions | None = None
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        bench = Bench(connection, SpikingCalibTarget())
        bench.adc = cadc_range(target)
        registers = bench.adc.registers()
        bench.set(**registers)
        with progress_bar(options, f"calibrate {connection.identifier}", 1) as progress:
            progress.stage("CADC")
            calibrate_cadc(bench, (bench.adc.low + bench.adc.high) / 2)
        found = {name: bench.found[name] for name in registers}
        return signed(connection, target, found, bench.success, bench.measured, "measured")


def calibrate_cadc(bench: Bench, middle: float | None = None) -> None:
    """Bring all channels to the target's transfer from volts to LSB.

    Args:
        bench: The chip.
        middle: Reading at which they agree best, or None for the middle of what the target's potentials read.
    """
    if middle is None:
        names = ("leak", "reset", "threshold")
        used = [bench.target.per_neuron(name) for name in names if hasattr(bench.target, name)]
        middle = float(np.min(used) + np.max(used)) / 2
    codes, wanted = _test_points(bench, middle)
    for _ in range(2):
        _calibrate_ramps(bench, codes, wanted)
    error = np.stack([_readings(bench, codes, acausal).mean(axis=0) for acausal in (False, True)]) - wanted.mean()
    offset = np.rint(-error.reshape(2, 2, COLUMNS).swapaxes(0, 1)).astype(
        np.int64
    )  # (hemisphere, causal or acausal, column)
    bench.set(cadc_offset=np.clip(offset, -128, 127))
    left = (_readings(bench, codes, False) - wanted[:, np.newaxis]).mean(axis=0)
    bench.measured["cadc_error"] = left
    bench.require(np.abs(left) < TOLERANCE)


def _test_points(bench: Bench, middle: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two codes of the test voltage, and the readings that they shall give.

    Channels differ in slope too, which has no register of its own: they agree best midway between the two.
    """
    middle = float(np.clip(middle, 20 + SPAN / 2, 220 - SPAN / 2))
    lsb = np.array([middle - SPAN / 2, middle + SPAN / 2])
    adc = bench.adc
    codes = np.rint(adc.low_code + (lsb - adc.low) * adc.volt_per_lsb / DEBUG_VOLT_PER_CODE).astype(np.int64)
    return codes, adc.low + (codes - adc.low_code) * DEBUG_VOLT_PER_CODE / adc.volt_per_lsb


def _calibrate_ramps(bench: Bench, codes: np.ndarray, wanted: np.ndarray) -> None:
    """Correct slope and start of the four ramps by what the quadrants read on average."""
    readings = _readings(bench, codes, False)
    means = np.stack([readings[:, quadrant == QUADRANT].mean(axis=1) for quadrant in range(4)])  # (quadrant, code)
    slope = bench.configuration.cadc_ramp_slope * (means[:, 1] - means[:, 0]) / (wanted[1] - wanted[0])
    slope = np.clip(np.rint(slope), 1, CAPMEM_MAX)
    # With the new slope, readings scale about the reading zero: what is left is an offset of the start voltage.
    ahead = means.mean(axis=1) * bench.configuration.cadc_ramp_slope / slope - wanted.mean()
    start = bench.configuration.cadc_ramp_offset + ahead * bench.adc.volt_per_lsb / RAMP_VOLT_PER_CODE
    bench.set(
        cadc_ramp_slope=slope.astype(np.int64), cadc_ramp_offset=np.clip(np.rint(start), 0, CAPMEM_MAX).astype(np.int64)
    )


def _readings(bench: Bench, codes: np.ndarray, acausal: bool) -> np.ndarray:
    """Return mean readings of all channels at some test voltages, (codes, 512)."""
    readings = []
    for code in codes:
        test = bench.configuration.replace(enable_cadc_debug=True, debug_voltage=int(code))
        readings.append(bench.mean(test, window=20e-6, entries=8, acausal=acausal))
    return np.stack(readings)
