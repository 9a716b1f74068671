"""Calibrate the offset of the synapse drivers: the response to an activation must be proportional to it."""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.algorithms import LinearPrediction, predictive_search
from hxtorch.core.calibration.bench import Bench
from hxtorch.core.calibration.products import ROWS, mean_products

LOW, HIGH = 5, 20  # activations
WEIGHT, SENDS, REPETITIONS = 63, 20, 4
OFFSET_PER_CODE = 0.1  # LSB of the activation per code of hagen_dac_offset (nominal)


def calibrate_drivers(bench: Bench, steps: int = 3) -> None:
    """Bring the offset of every driver to zero."""

    def measure(codes: np.ndarray) -> np.ndarray:
        bench.set(hagen_dac_offset=codes)
        return driver_offsets(bench)

    start = bench.configuration.hagen_dac_offset
    prediction = LinearPrediction(1 / OFFSET_PER_CODE)
    found = predictive_search(measure, np.zeros((2, ROWS)), start, prediction, high=63, steps=steps, keep=2)
    bench.set(hagen_dac_offset=found.codes)
    bench.measured["driver_offset"] = found.values


def driver_offsets(bench: Bench) -> np.ndarray:
    """Return what each driver adds to an activation, LSB of the activation, (hemisphere, 128).

    Each driver alone, at two activations: the line through both responses, means over columns, meets zero at minus the
    offset, whatever the gain is.
    """
    single = np.eye(ROWS, dtype=np.int64)
    response = mean_products(bench, WEIGHT, np.concatenate([LOW * single, HIGH * single]), REPETITIONS, SENDS)
    low, high = response.mean(axis=2).reshape(2, 2, ROWS).swapaxes(0, 1)
    slope = np.maximum((high - low) / (HIGH - LOW), 1e-3)
    return np.asarray(low / slope - LOW)
