"""Matrix products that show single drivers and single columns of both hemispheres.

A matrix of 256 rows and 256 columns makes two tiles: the first on the top hemisphere, the second on the bottom one.
With activations for one of them only, a product shows that one. Results have the sign of the weights also where
they are read from the excitatory lines, which drop.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, HEMISPHERES
from hxtorch.core.backends.exchange import run_matrix
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.nominal.codes import EXCITATORY_LINE
from hxtorch.core.seam.programs import MatrixProgram

ROWS = 128
MOST_SENDS = 1000


def mean_products(
    bench: Bench, weight: int, activations: np.ndarray, repetitions: int, num_sends: int = 1
) -> np.ndarray:
    """Return the mean response of all columns of a hemisphere to vectors of activations.

    Args:
        bench: The chip.
        weight: Of all synapses, -63..63.
        activations: One vector per row for the drivers of a hemisphere, 0..31, (vectors, 128).
        repetitions: Products per vector.
        num_sends: How often each vector is sent.

    Returns:
        LSB, (hemisphere, vectors, 256).
    """
    return np.asarray(_products(bench, weight, activations, repetitions, num_sends).mean(axis=0, dtype=np.float64))


def product_noise(bench: Bench, weight: int, activations: np.ndarray, repetitions: int) -> np.ndarray:
    """Return the noise of the results of all columns of a hemisphere, LSB rms, (hemisphere, 256).

    The silent tile of the other hemisphere adds noise of its own, which two silent tiles show and which is taken off.

    Args:
        bench: The chip.
        weight: Of all synapses, -63..63.
        activations: For the drivers of a hemisphere, 0..31, (128,).
        repetitions: Products.
    """
    values = _products(bench, weight, np.stack([activations, np.zeros_like(activations)]), repetitions)
    variance = values.var(axis=0, dtype=np.float64)
    return np.asarray(np.sqrt(np.maximum(variance[:, 0] - variance[:, 1] / 2, 0)))


def _products(bench: Bench, weight: int, activations: np.ndarray, repetitions: int, num_sends: int = 1) -> np.ndarray:
    """Return single responses, int16 (repetitions, hemisphere, vectors, 256)."""
    nothing = np.zeros_like(activations)
    batch = np.concatenate([np.hstack([activations, nothing]), np.hstack([nothing, activations])])
    program = MatrixProgram(
        bench.configuration,
        np.full((2 * ROWS, COLUMNS), weight, np.int8),
        np.tile(batch, (repetitions, 1)).astype(np.uint8),
        num_sends,
    )
    values = run_matrix(bench.connection, program).values.reshape(repetitions, 2, len(activations), COLUMNS)
    drops = (bench.configuration.readout_source == EXCITATORY_LINE).reshape(HEMISPHERES, 1, COLUMNS)
    return np.asarray(np.where(drops, -values.astype(np.int16), values))
