"""Calibrate for analog matrix products that are read from the synaptic lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from bss2_emulator.facts.constants import MAX_ACTIVATION, NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, own_runs, progress_bar, signed
from hxtorch.core.calibration.cadc import calibrate_cadc
from hxtorch.core.calibration.matrix.drivers import calibrate_drivers
from hxtorch.core.calibration.matrix.lines import calibrate_lines, match_synapses
from hxtorch.core.calibration.matrix.products import ROWS, mean_products, product_noise
from hxtorch.core.calibration.nominal.codes import EXCITATORY_LINE, cadc_range, nominal_registers
from hxtorch.core.calibration.stored.result import Calibration, derivation
from hxtorch.core.calibration.targets import (
    HagenSyninCalibTarget,
    SpikingCalibTarget,
    SynapseDriverCalibTarget,
)
from hxtorch.core.errors import CalibrationTargetError
from hxtorch.core.interfaces import Connection

STAGES = 5
MIDDLE = 140.0  # LSB between lines at rest and the end of a result's range
WEIGHT = 4  # by which columns are judged; one weight for all chips, since converters of weights are not even
TRIAL = 4  # activation of a product that shows how large results are
WANTED = 80.0  # LSB of the products by which columns are judged
REPETITIONS, NOISE_REPETITIONS = 100, 400
TOLERANCE = 0.15


class HagenSyninCalibrator:
    """Calibrates the readout, the lines and the drivers; neurons play no part.

    Lines have no gain of their own, so columns keep what is left of the mismatch of readout and synapses.
    """

    def calibrate(
        self,
        connection: Connection,
        target: HagenSyninCalibTarget,
        options: CalibrationOptions | None = None,
        drivers: np.ndarray | None = None,
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``.

        Args:
            connection: An open chip.
            target: What to reach.
            options: How to calibrate.
            drivers: Codes of ``hagen_dac_offset`` that are known already, (2, 128), or None.
        """
        bench = Bench(connection, SpikingCalibTarget())
        bench.adc = cadc_range(target)
        registers = nominal_registers(target)
        bench.set(**registers)
        with progress_bar(options, f"calibrate {connection.identifier}", STAGES) as progress:
            progress.stage("CADC")
            calibrate_cadc(bench, MIDDLE)
            progress.stage("synaptic lines")
            drops = calibrate_lines(bench, target)
            progress.stage("synapse DAC bias")
            match_synapses(bench, drops)
            progress.stage("synapse drivers")
            if drivers is None:
                calibrate_drivers(bench, SynapseDriverCalibTarget())
            else:
                bench.set(hagen_dac_offset=drivers)
            progress.stage("products")
            judge_columns(bench)
            bench.measured["rest"] = bench.mean(bench.configuration)
        found = {name: bench.found[name] for name in registers}
        return signed(connection, target, found, bench.success, bench.measured, "measured")


@derivation("hagen_synin")
def hagen_synin_of(connection: Connection, calibration: Calibration, target: Any) -> Calibration:
    """Return a calibration for products on lines, with the synapse drivers of one for products on membranes.

    Raises:
        CalibrationTargetError: ``calibration`` has no drivers of hagen mode.
        CalibrationSerialError: It belongs to another chip.
    """
    if "hagen_dac_offset" not in calibration.registers:
        raise CalibrationTargetError(
            f"calibration: got kind {calibration.kind!r}, wanted one with synapse drivers: hagen"
        )
    calibration.require_chip(connection)
    with own_runs(connection):
        drivers = calibration.registers["hagen_dac_offset"]
        return HagenSyninCalibrator().calibrate(connection, target, None, drivers)


def judge_columns(bench: Bench) -> None:
    """Measure gain and noise of products on both lines; columns far from the typical gain fail."""
    trial = np.abs(mean_products(bench, WEIGHT, np.full((1, ROWS), TRIAL), REPETITIONS))
    activation = int(np.clip(np.rint(WANTED * TRIAL / max(float(np.median(trial)), 0.1)), 1, MAX_ACTIVATION))
    vector, gains = np.full((1, ROWS), activation), np.empty((2, NEURONS))
    excitatory = bench.configuration
    for line, sign in ((1, -1), (0, 1)):
        bench.configuration = excitatory.replace(readout_source=EXCITATORY_LINE + line)
        rest = mean_products(bench, sign * WEIGHT, np.zeros((1, ROWS), np.int64), REPETITIONS)
        moved = mean_products(bench, sign * WEIGHT, vector, REPETITIONS)
        gains[line] = ((moved - rest) / (sign * WEIGHT * activation * ROWS)).reshape(NEURONS)
    bench.measured["gain"] = gains
    bench.measured["noise"] = product_noise(bench, WEIGHT, vector[0], NOISE_REPETITIONS).reshape(NEURONS)
    bench.require(np.abs(gains / np.median(gains, axis=1, keepdims=True) - 1) < TOLERANCE)
