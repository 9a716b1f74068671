"""What every public call says of an argument that there is none of, and of what functions of the user raise."""

from decimal import Decimal

import numpy as np
import pytest

import hxtorch
from hxtorch import core
from hxtorch.core.arguments import checked
from hxtorch.core.errors import ArgumentError


@checked
class Kept:
    """Calls back."""

    def __init__(self, size: int, function: object = None, *, scale: float = 1.0) -> None:
        self.size, self.function, self.scale = size, function, scale

    @checked
    def call(self, value: int) -> object:
        """Call the function."""
        return self.function(value)


@pytest.mark.parametrize("error", [TypeError, ArgumentError])
def test_an_argument_that_there_is_none_of_is_told_with_the_nearest(error):
    words = r"^skale: Kept has no such argument; did you mean 'scale'\? It has size, function, scale$"
    with pytest.raises(error, match=words):
        Kept(3, skale=2.0)
    with pytest.raises(error, match=r"^xyz: Kept has no such argument; it has size, function, scale$"):
        Kept(3, xyz=2.0)
    with pytest.raises(error, match=r"^valeu: call has no such argument; did you mean 'value'\? It has value$"):
        Kept(3).call(valeu=2)
    with pytest.raises(error, match=r"fidelty: open_session has no such argument; did you mean 'fidelity'\?"):
        core.open_session(fidelty="ideal")
    with pytest.raises(error, match=r"an: init_hardware has no such argument; did you mean 'ann'\?"):
        hxtorch.init_hardware(an=True)


def test_a_count_that_can_not_be_looked_at_is_named():
    for value in (np.array("False"), np.array(object()), 1 << 20000, np.ma.masked, memoryview(b"a")):
        with pytest.raises(ArgumentError, match=r"^size: got .*, w"):
            Kept(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), [1.0, float("nan")], (float("nan"),), np.float32("nan")])
def test_no_kind_of_number_may_be_nan(value):
    with pytest.raises(ArgumentError, match=r"^scale: got nan, wanted numbers"):
        Kept(1, scale=value)


def test_an_argument_that_is_missing_is_named_by_python():
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'size'"):
        Kept()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, AttributeError])
def test_what_a_function_of_the_user_raises_stays_what_it_is(error):
    def fails(value):
        raise error("mine")

    with pytest.raises(error, match="mine") as caught:
        Kept(3, fails).call(1)
    assert not isinstance(caught.value, ArgumentError)
