"""Operations on int8 against the sentences of the chip facts in wide integers."""

import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hxtorch import core
from hxtorch.core import ChipConfiguration, constants
from hxtorch.core.compute import MAC, Addition, ArgMax, ConvertingReLU, ReLU, Sequence

INT8 = hnp.arrays(np.int8, hnp.array_shapes(min_dims=1, max_dims=3))


@pytest.fixture
def session(fake_backend):
    """A session whose chip multiplies exactly; it has no calibration."""
    with core.open_session() as opened:
        opened._matrix_calibration = types.SimpleNamespace(apply=lambda configuration: configuration)
        yield opened


@given(INT8)
def test_relu(values):
    np.testing.assert_array_equal(ReLU().run(values), np.maximum(values.astype(int), 0))
    assert ReLU().run(values).dtype == np.int8


@given(INT8, st.integers(0, 7))
def test_converting_relu(values, shift):
    result = ConvertingReLU(shift).run(values)
    np.testing.assert_array_equal(result, np.minimum(np.maximum(values.astype(int), 0) // 2**shift, 31))
    assert result.dtype == np.uint8


@given(INT8, st.integers(-128, 127))
def test_addition_saturates(values, other):
    result = Addition(np.full(values.shape, other, np.int8)).run(values)
    np.testing.assert_array_equal(result, np.clip(values.astype(int) + other, -128, 127))
    assert result.dtype == np.int8


def test_addition_broadcasts():
    result = Addition(np.array([100, -100])).run(np.array([[100, -100], [1, 1]]))
    assert result.tolist() == [[127, -128], [101, -99]]


@given(INT8)
def test_argmax_takes_the_first_maximum(values):
    result = ArgMax().run(values)
    for index in np.ndindex(result.shape):
        row = values[index].tolist()
        assert result[index] == row.index(max(row))


@pytest.mark.parametrize("leading", [(), (1,), (4,), (0,), (2, 3)])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5, 2), (300, 7)])
def test_mac_keeps_leading_axes(session, leading, rows, columns):
    rng = np.random.default_rng(0)
    activations = rng.integers(0, 32, (*leading, rows))
    weights = rng.integers(-63, 64, (rows, columns))
    result = MAC(weights).run(activations, session)
    assert result.dtype == np.int8
    np.testing.assert_array_equal(result, np.clip(activations @ weights, -128, 127))


def test_a_sequence_runs_one_after_the_other(session):
    layers = Sequence(
        (
            MAC(np.eye(3, dtype=int) * 4),
            Addition(np.array([0, 50, -50])),
            ConvertingReLU(1),
            MAC(np.eye(3, dtype=int)),
            ArgMax(),
        )
    )
    assert layers.run(np.array([[1, 2, 3], [31, 0, 0]]), session).tolist() == [1, 0]


def test_the_calibration_is_applied_once(session):
    calls = []
    session._matrix_calibration = types.SimpleNamespace(apply=lambda c: calls.append(1) or c.replace(debug_voltage=7))
    for _ in range(3):
        MAC(np.ones((1, 1), int)).run(np.ones((1, 1), int))
    assert len(calls) == 1
    assert session.matrix_configuration.debug_voltage == 7
    assert ChipConfiguration().debug_voltage != 7


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MAC(np.array([[64]])), OverflowError, "weights: got 64, wanted -63 to 63"),
        (lambda: MAC(np.array([[-64]])), OverflowError, "-64"),
        (lambda: MAC(np.array([[1.0]])), ValueError, "integers"),
        (lambda: MAC(np.array([1])), ValueError, "shape"),
        (lambda: MAC(np.zeros((3, 0), int)), ValueError, "shape"),
        (lambda: MAC(np.array([[1]]), num_sends=0), ValueError, "num_sends"),
        (lambda: MAC(np.array([[1]]), wait_between_events=0), ValueError, "wait_between_events"),
        (lambda: ConvertingReLU(8), ValueError, "shift"),
        (lambda: ReLU().run(np.array([128])), OverflowError, "128"),
        (lambda: ReLU().run(np.array([np.nan])), ValueError, "integers"),
        (lambda: Addition(np.array([-129])), OverflowError, "-129"),
    ],
)
def test_illegal_operands_are_refused(make, error, message):
    with pytest.raises(error, match=message) as raised:
        make()
    assert isinstance(raised.value, core.HXTorchError)


@pytest.mark.parametrize(
    ("activations", "error"),
    [
        (np.array([[32, 0]]), OverflowError),
        (np.array([[-1, 0]]), OverflowError),
        (np.array([[1, 2, 3]]), ValueError),
        (np.array([[1.0, 2.0]]), ValueError),
        (np.array(3), ValueError),
    ],
)
def test_illegal_activations_are_refused_and_leave_the_session_usable(session, activations, error):
    mac = MAC(np.ones((2, 1), int))
    with pytest.raises(error):
        mac.run(activations)
    assert mac.run(np.array([[1, 2]])).tolist() == [[3]]


def test_without_a_connection_mac_says_so():
    with pytest.raises(core.NoConnectionError):
        MAC(np.ones((1, 1), int)).run(np.ones((1, 1), int))


def test_constants_are_those_of_the_chip_facts():
    assert (constants.hardware_matrix_height, constants.hardware_matrix_width) == (128, 256)
    assert (constants.default_wait_between_events, constants.default_gain, constants.default_noise_std) == (
        5,
        0.002,
        2.0,
    )
