"""What the matrix unit of any backend must do, see ``test_contract.py``."""

import numpy as np
import pytest

from hxtorch.core import MatrixProgram


@pytest.mark.parametrize(("rows", "columns", "batch"), [(1, 1, 1), (128, 256, 3), (129, 257, 2), (300, 5, 4)])
def test_a_product_has_the_shape_it_should(connection, hagen, rows, columns, batch):
    rng = np.random.default_rng(0)
    weights, activations = rng.integers(-63, 64, (rows, columns)), rng.integers(0, 32, (batch, rows))
    result = connection.matrix.run(MatrixProgram(hagen(connection), weights, activations))
    assert result.values.dtype == np.int8
    assert result.values.shape == (batch, columns)
    assert result.madc is None
    tiles_of_columns = -(-columns // 256)
    assert result.info.events_sent == np.count_nonzero(activations) * tiles_of_columns


def test_a_product_is_near_the_nominal_one(expected, hagen):
    rng = np.random.default_rng(0)
    weights, activations = rng.integers(-63, 64, (100, 64)), rng.integers(0, 32, (20, 100))
    result = expected.matrix.run(MatrixProgram(hagen(expected), weights, activations)).values
    wanted = 0.002 * (activations @ weights)
    assert np.corrcoef(result.ravel(), wanted.ravel())[0, 1] > 0.95
    assert np.polyfit(wanted.ravel(), result.ravel().astype(float), 1)[0] == pytest.approx(1, abs=0.25)
