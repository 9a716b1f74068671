"""Reference and property: a rearrangement repeats what a function did to the places of values."""

import numpy as np
import pytest

from hxtorch.core.errors import ProgramError
from hxtorch.core.products.rearrangement import Rearrangement


@pytest.mark.parametrize(
    "function",
    [
        lambda values: values.T,
        lambda values: values.reshape(-1)[::2],
        lambda values: np.pad(values, 2),
        lambda values: np.stack([values, np.roll(values, 1)]),
        lambda values: values[1, 2],
    ],
)
def test_it_does_what_the_function_did_for_any_batch(function):
    moved = Rearrangement.of(function, (3, 4))
    for batch in ((), (5,), (2, 3)):
        values = np.random.default_rng(0).integers(-128, 128, (*batch, 3, 4)).astype(np.int8)
        wanted = np.array([function(entry) for entry in values.reshape(-1, 3, 4)])
        found = moved.run(values)
        assert found.dtype == np.int8
        np.testing.assert_array_equal(found, wanted.reshape((*batch, *wanted.shape[1:])))


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 4)])
def test_entries_of_another_shape_are_refused(shape):
    with pytest.raises(ProgramError, match="wanted entries of shape"):
        Rearrangement((3, 4), np.arange(12)).run(np.zeros(shape, np.int8))


@pytest.mark.parametrize(
    ("source", "index"),
    [((3,), [3]), ((3,), [-2]), ((3,), [0.0]), ((-3,), [0]), ((2**20, 2**20), [0])],
)
def test_places_outside_of_an_entry_are_refused(source, index):
    with pytest.raises(ProgramError):
        Rearrangement(source, np.array(index))
