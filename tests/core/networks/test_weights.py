import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import ConfigurationError, round_to_lsb, weight_to_connection


@given(st.floats(-63.49, 63.49))
def test_weights_are_rounded_with_halves_away_from_zero(weight):
    wanted = int(weight + 0.5) if weight >= 0 else -int(-weight + 0.5)
    result = round_to_lsb(np.array([weight]))
    assert result.dtype == np.int8
    assert result.tolist() == [wanted]


@pytest.mark.parametrize(("weight", "wanted"), [(0.5, 1), (-0.5, -1), (1.5, 2), (2.5, 3), (-2.5, -3), (63.4, 63)])
def test_halves(weight, wanted):
    assert round_to_lsb(np.float32([weight])).tolist() == [wanted]


@pytest.mark.parametrize("weight", [np.nan, np.inf, -np.inf, 63.5, -64.0, 64, -(2**40), 127, 128])
def test_weights_beyond_a_synapse_are_refused(weight):
    with pytest.raises(ConfigurationError, match=str(weight)):
        round_to_lsb(np.array([0, weight]))


def test_the_lowest_int8_is_refused():
    """It has no absolute value of its type."""
    with pytest.raises(ConfigurationError, match="got -128, wanted -63 to 63"):
        round_to_lsb(np.array([-128], np.int8))


def test_other_types_are_refused():
    for values in (["a"], [1j], [True]):
        with pytest.raises(ConfigurationError, match="type"):
            round_to_lsb(np.array(values))


def test_connections_list_all_synapses():
    weight = np.array([[1.0, -2.0, 0.0], [4.4, 0.0, -63.0]])  # two targets, three sources
    connections = weight_to_connection(weight)
    assert connections.tolist() == [[0, 0, 1], [0, 1, 4], [1, 0, -2], [1, 1, 0], [2, 0, 0], [2, 1, -63]]


def test_connections_need_a_matrix():
    with pytest.raises(ConfigurationError, match=r"\(post, pre\)"):
        weight_to_connection(np.zeros(3))
