"""Questions that are answered in one pass over arrays, against the same in NumPy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bss2_emulator._kernels.events import batches

numbers = hnp.arrays(np.int64, st.integers(0, 12), elements=st.integers(-2, 8))


def is_legal(times, offsets, runtime):
    if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != len(times) or (np.diff(offsets) < 0).any():
        return False
    entries = [times[start:stop] for start, stop in pairwise(offsets)]
    return bool(((times >= 0) & (times < runtime)).all() and all((np.diff(entry) >= 0).all() for entry in entries))


@given(numbers, st.lists(st.integers(-1, 12), max_size=5), st.integers(1, 9), st.booleans())
def test_batches_are_legal_where_numpy_says_so(times, inner, runtime, sort):
    if sort:
        times, inner = np.sort(times), sorted(inner)
    offsets = np.array([0, *inner, len(times)], np.int64)
    assert batches.are_legal(times, offsets, runtime) == is_legal(times, offsets, runtime)


def test_a_legal_batch_is_one():
    times, offsets = np.array([3, 5, 0, 7]), np.array([0, 2, 2, 4])
    assert batches.are_legal(times, offsets, 8)
    assert not batches.are_legal(times, offsets, 7)
    assert not batches.are_legal(times, np.array([1, 2, 2, 4]), 8)


@given(numbers)
def test_numbers_are_distinct_where_a_set_has_as_many(values):
    distinct = len(set(values.tolist())) == len(values) and bool(((values >= 0) & (values < 6)).all())
    assert batches.are_distinct(values, 6) == distinct


def test_all_numbers_that_there_are_can_be_distinct():
    assert batches.are_distinct(np.arange(512), 512)
    assert not batches.are_distinct(np.append(np.arange(512), 511), 512)
    with pytest.raises(ValueError, match="at most 512"):
        batches.are_distinct(np.arange(3), 513)


@given(hnp.arrays(np.uint16, st.integers(0, 9)))
def test_labels_are_known_where_all_have_a_route(labels):
    route = np.full(1 << 16, -1, np.int32)
    route[labels] = 0
    assert batches.are_known(route, labels)
    if len(labels):
        route[labels[-1]] = -1
        assert not batches.are_known(route, labels)


def test_routes_of_fewer_labels_than_there_are_are_refused():
    with pytest.raises(ValueError, match="label_route: got 9"):
        batches.are_known(np.zeros(9, np.int32), np.zeros(1, np.uint16))


@given(
    hnp.arrays(np.float64, st.integers(1, 4), elements=st.floats(-500, 500)),
    st.floats(0.5, 300),
    st.integers(1, 9),
    st.integers(1, 600),
)
def test_regular_cycles_are_those_of_numpy(start, period, most, runtime):
    cycles = np.floor(start[:, None] + np.arange(most) * period).astype(np.int64)
    inside = (cycles >= 0) & (cycles < runtime)
    times, offsets, first = batches.regular(start, period, most, runtime)
    np.testing.assert_array_equal(times, cycles[inside])
    np.testing.assert_array_equal(offsets, np.concatenate(([0], np.cumsum(inside.sum(1)))))
    np.testing.assert_array_equal(first, inside.argmax(1))
