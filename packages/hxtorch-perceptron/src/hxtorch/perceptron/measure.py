"""Find gain and noise of the connected chip."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.core import CalibrationError
from hxtorch.perceptron import constants
from hxtorch.perceptron.mock.parameter import GAINS, MockParameter
from hxtorch.perceptron.ops.mac import mac
from hxtorch.perceptron.unbound import unbound

ROWS, COLUMNS = constants.hardware_matrix_height, constants.hardware_matrix_width
WEIGHT = 21.0  # a third of the range
MASKS = 20  # each keeps less of the input
KEPT = 0.85
TARGET = constants.output_activation_max / 2  # far from the rails, far from the noise
REPETITIONS = 50


@unbound
def measure_mock_parameter(*, per_column: bool = False) -> MockParameter:
    """Measure the chip of the current session; the result is returned and not put in force.

    A matrix of equal weights on both hemispheres gets random inputs, of which a shrinking part is kept, until the mean
    result comes close to half of the range. Repeating that input tells the gain of a column by the mean of its
    results, its noise by their spread.

    Args:
        per_column: Return the gain of each column of each hemisphere, shape (2, 256), from 20 times as many
            repetitions, instead of the median.

    Returns:
        Gain, and the median over the columns of the noise.

    Raises:
        NoConnectionError: No chip is connected.
        CalibrationError: The chip gives no response between the rails.

    Source:
        Chip facts 2.4, mock model.
    """
    weights = torch.full((ROWS, 2 * COLUMNS), WEIGHT)  # two tiles: one on each hemisphere
    inputs = _inputs()
    chosen = inputs[(mac(inputs, weights).mean(1) - TARGET).abs().argmin()]
    results = mac(chosen.expand((20 if per_column else 1) * REPETITIONS, ROWS), weights)
    gains = results.mean(0) / (WEIGHT * chosen.sum())
    gain: float | Tensor = gains.reshape(GAINS).double() if per_column else gains.median().item()
    parameter = MockParameter(noise_std=results.std(0).median().item(), gain=gain)
    try:
        parameter.check()
    except ValueError as error:
        raise CalibrationError(
            f"the chip does not multiply as expected, calibrate it for hagen mode: {error}"
        ) from error
    return parameter


def _inputs() -> Tensor:
    """Draw vectors of mean 15.5 of which entry ``i`` keeps about ``0.85 ** i``; the same ones each time."""
    generator = torch.Generator().manual_seed(0)
    full = torch.randint(0, constants.input_activation_max + 1, (ROWS,), generator=generator).float()
    order = torch.rand(ROWS, generator=generator)
    return full * (order < KEPT ** torch.arange(MASKS)[:, None])
