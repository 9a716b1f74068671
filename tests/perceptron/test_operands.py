"""Reference: rounding of operands, exhaustively where types are small."""

import math
from fractions import Fraction

import pytest
import torch

from hxtorch.perceptron.operands import ACTIVATIONS, RESULTS, WEIGHTS, to_activations, to_integers


def half_away(value):
    """Round as the chip's software does, exactly."""
    whole = math.floor(abs(Fraction(value)) + Fraction(1, 2))
    return int(math.copysign(whole, value))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("operand", "integers"), [(ACTIVATIONS, to_activations), (WEIGHTS, to_integers), (RESULTS, to_integers)]
)
def test_every_short_float_rounds_half_away_from_zero(dtype, operand, integers):
    every = torch.arange(-(2**15), 2**15).to(torch.int16).view(dtype)
    values = every[(every > operand.low - 0.5) & (every < operand.high + 0.5)]
    operand.check(values, "half_away")
    assert integers(values).tolist() == [half_away(value) for value in values.tolist()]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_floats_around_each_half_round_half_away_from_zero(dtype):
    halves = torch.arange(-128, 127, dtype=dtype) + 0.5
    near = torch.cat([halves, *(torch.nextafter(halves, torch.full_like(halves, end)) for end in (-999, 999))])
    wanted = [half_away(value) for value in near.tolist()]
    assert to_integers(near).tolist() == wanted
    positive = near[(near > 0) & (near < 31.5)]
    assert to_activations(positive).tolist() == [half_away(value) for value in positive.tolist()]


@pytest.mark.parametrize("operand", [ACTIVATIONS, WEIGHTS, RESULTS])
@pytest.mark.parametrize("rounding", ["half_away", "half_even"])
def test_what_rounds_into_the_range_is_taken_and_all_else_refused(operand, rounding):
    for bound, outwards in ((operand.low, -1), (operand.high, 1)):
        half = torch.tensor([bound + outwards * 0.5])
        inside = torch.nextafter(half, torch.zeros(1))
        operand.check(inside, rounding)
        taken = rounding == "half_even" and half.round() == bound
        if taken:
            operand.check(half, rounding)
        else:
            with pytest.raises(OverflowError):
                operand.check(half, rounding)
        with pytest.raises(OverflowError):
            operand.check(torch.nextafter(half, torch.full((1,), outwards * 999.0)), rounding)
