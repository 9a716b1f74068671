"""Reference: rounding of operands, exhaustively where types are small."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from hxtorch.perceptron.operands import ACTIVATIONS, RESULTS, WEIGHTS, to_integers


def half_away(value):
    """Round as the chip's software does, exactly."""
    whole = math.floor(abs(Fraction(value)) + Fraction(1, 2))
    return int(math.copysign(whole, value))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("operand", [ACTIVATIONS, WEIGHTS, RESULTS])
def test_every_short_float_rounds_half_away_from_zero(dtype, operand):
    every = torch.arange(-(2**15), 2**15).to(torch.int16).view(dtype)
    values = every[(every > operand.low - 0.5) & (every < operand.high + 0.5)]
    operand.check(values, "half_away")
    wanted = [half_away(value) for value in values.tolist()]
    assert operand.integers(values, "half_away").tolist() == to_integers(values).tolist() == wanted
    assert operand.integers(values.float(), "half_away").tolist() == wanted  # by the compiled loop
    even = operand.integers(values.float(), "half_even").tolist()
    assert even == operand.integers(values, "half_even").tolist() == values.float().round().tolist()


@pytest.mark.parametrize("size", [1, 63, 64, 65, 2**15 + 7, 2**19 + 2**15 + 1])
def test_the_compiled_loop_sees_every_value(size):
    values = torch.rand(size) * 30
    for threads in (1, 2):
        torch.set_num_threads(threads)
        rounded = ACTIVATIONS.integers(values, "half_away")
        assert rounded.dtype == np.uint8
        assert (rounded == to_integers(values).numpy()).all()
    for place in {0, size // 2, size - 1}:
        for bad, error in ((31.5, OverflowError), (-0.5, OverflowError), (float("nan"), ValueError)):
            broken = values.clone()
            broken[place] = bad
            with pytest.raises(error, match="got"):
                ACTIVATIONS.integers(broken, "half_away")
    torch.set_num_threads(1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_floats_around_each_half_round_half_away_from_zero(dtype):
    halves = torch.arange(-128, 127, dtype=dtype) + 0.5
    near = torch.cat([halves, *(torch.nextafter(halves, torch.full_like(halves, end)) for end in (-999, 999))])
    wanted = [half_away(value) for value in near.tolist()]
    assert to_integers(near).tolist() == RESULTS.integers(near, "half_away").tolist() == wanted
    positive = near[(near > 0) & (near < 31.5)]
    assert ACTIVATIONS.integers(positive, "half_away").tolist() == [half_away(value) for value in positive.tolist()]


@pytest.mark.parametrize("operand", [ACTIVATIONS, WEIGHTS, RESULTS])
@pytest.mark.parametrize("rounding", ["half_away", "half_even"])
def test_what_rounds_into_the_range_is_taken_and_all_else_refused(operand, rounding):
    for bound, outwards in ((operand.low, -1), (operand.high, 1)):
        half = torch.tensor([bound + outwards * 0.5])
        inside = torch.nextafter(half, torch.zeros(1))
        operand.check(inside, rounding)
        taken = rounding == "half_even" and half.round() == bound
        beyond = [torch.nextafter(half, torch.full((1,), outwards * 999.0)), half.repeat(40) + outwards * 1e9]
        if taken:
            operand.check(half, rounding)
            assert operand.integers(half.repeat(40), rounding).tolist() == [bound] * 40
        else:
            beyond += [half, half.repeat(40)]
        for look in (operand.check, operand.integers):  # the compiled loop takes many at a time
            for values in beyond:
                with pytest.raises(OverflowError):
                    look(values, rounding)
