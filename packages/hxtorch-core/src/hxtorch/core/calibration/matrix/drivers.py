"""Calibrate the offset of the synapse drivers: the response to an activation must be proportional to it."""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, progress_bar, signed
from hxtorch.core.calibration.bench.searches import LinearPrediction, predictive_search
from hxtorch.core.calibration.matrix.products import MOST_SENDS, ROWS, mean_products
from hxtorch.core.calibration.nominal.codes import driver_registers
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import CalibTarget, HagenNeuronCalibTarget, SynapseDriverCalibTarget
from hxtorch.core.interfaces import Connection
from hxtorch.core.seam.configuration import ChipConfiguration

HIGH = 20  # larger one of two activations; the other one is the target's
LARGEST_WEIGHT, REPETITIONS = 63, 4
TRIAL_SENDS = 10  # show how large responses are; fewer where these reach the end of the range
LARGEST = 99  # percentile of the responses that counts as the largest
RESULT_RANGE = 127  # LSB
LINEAR = 0.8  # share of it in which the largest responses are surely not cut
OFFSET_PER_CODE = 0.4  # LSB of the activation per code of hagen_dac_offset (nominal)


class SynapseDriverCalibrator:
    """Calibrates the drivers with neurons that are calibrated as integrators.

    Success is that of these neurons; ``measured["driver_offset"]`` shows what each driver is left with.
    """

    needs: CalibTarget = HagenNeuronCalibTarget()

    def calibrate_on(
        self,
        connection: Connection,
        target: SynapseDriverCalibTarget,
        ready: Calibration,
        options: CalibrationOptions | None = None,
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        bench = Bench(connection, HagenNeuronCalibTarget())
        registers = driver_registers(target)
        bench.configuration = ready.apply(ChipConfiguration())
        bench.set(**registers)
        with progress_bar(options, f"calibrate {connection.identifier}", 1) as progress:
            progress.stage("synapse drivers")
            calibrate_drivers(bench, target)
        found = {name: bench.found[name] for name in registers}
        return signed(connection, target, found, ready.success, bench.measured, "measured")


def calibrate_drivers(bench: Bench, target: SynapseDriverCalibTarget, steps: int = 3) -> None:
    """Bring the offset of every driver to zero, with neurons that integrate."""
    low = int(np.asarray(target.test_activation))
    weight, sends = _factors(bench, float(np.asarray(target.limit)))

    def measure(codes: np.ndarray) -> np.ndarray:
        bench.set(hagen_dac_offset=codes)
        tried.append(codes)
        return driver_offsets(bench, low, weight, sends)

    tried: list[np.ndarray] = []
    start = bench.configuration.hagen_dac_offset
    prediction = LinearPrediction(1 / OFFSET_PER_CODE)
    found = predictive_search(measure, np.zeros((2, ROWS)), start, prediction, high=63, steps=steps, keep=2)
    bench.set(hagen_dac_offset=found.codes)
    bench.measured["driver_offset"] = found.values + OFFSET_PER_CODE * (found.codes - tried[-1])


def driver_offsets(bench: Bench, activation: int, weight: int, sends: int) -> np.ndarray:
    """Return what each driver adds to an activation, LSB of the activation, (hemisphere, 128).

    Each driver alone, at two activations: the line through both responses, means over columns, meets zero at minus the
    offset, whatever the gain is.

    Args:
        bench: With neurons that integrate.
        activation: Smaller one of the two.
        weight: Of all synapses.
        sends: How often each is sent.
    """
    single = np.eye(ROWS, dtype=np.int64)
    both = np.concatenate([activation * single, HIGH * single])
    response = mean_products(bench, weight, both, REPETITIONS, sends)
    low, high = response.mean(axis=2).reshape(2, 2, ROWS).swapaxes(0, 1)
    slope = np.maximum((high - low) / (HIGH - activation), 1e-3)
    return np.asarray(low / slope - activation)


def _factors(bench: Bench, limit: float) -> tuple[int, int]:
    """Return a weight, and how often to send, so that the largest responses reach ``limit`` of the range."""
    single, weight, sends = HIGH * np.eye(ROWS, dtype=np.int64), LARGEST_WEIGHT, TRIAL_SENDS
    while True:
        largest = float(np.percentile(mean_products(bench, weight, single, REPETITIONS, sends), LARGEST))
        if largest <= LINEAR * RESULT_RANGE or weight == 1:
            break
        sends, weight = (sends // 2, weight) if sends > 1 else (1, weight // 2)
    return weight, int(np.clip(limit * RESULT_RANGE * sends / max(largest, 1.0), 1, MOST_SENDS))
