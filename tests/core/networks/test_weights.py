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


def listed(connections):
    return [(c.index_post[0], c.index_pre[0], c.weight) for c in connections]


def test_connections_list_all_synapses_target_by_target_without_signs():
    weight = np.array([[1.0, -2.0, 0.0], [4.4, 0.0, -63.0]])  # two targets, three sources
    connections = weight_to_connection(weight)
    assert listed(connections) == [(0, 0, 1), (0, 1, 2), (0, 2, 0), (1, 0, 4), (1, 1, 0), (1, 2, 63)]
    assert {(c.index_pre[1], c.index_post[1]) for c in connections} == {(0, 0)}


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32))
def test_connections_of_a_list_come_in_its_order(targets, sources, seed):
    rng = np.random.default_rng(seed)
    weight = rng.integers(-63, 64, (targets, sources))
    post, pre = rng.integers(0, targets, 7), rng.integers(0, sources, 7)
    wanted = [(int(t), int(s), abs(int(weight[t, s]))) for t, s in zip(post, pre, strict=True)]
    assert listed(weight_to_connection(weight, (post.tolist(), pre.tolist()))) == wanted
    assert listed(weight_to_connection(weight[post, pre], np.array([post, pre]))) == wanted


def test_no_connections_are_an_empty_list():
    assert weight_to_connection(np.zeros((2, 3)), ([], [])) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3),), r"\(post, pre\)"),
        ((np.zeros((2, 3)), ([2], [0])), "got target 2, source 0, wanted them inside weights"),
        ((np.zeros((2, 3)), ([0], [-1])), "got target 0, source -1"),
        ((np.zeros((2, 3)), ([0.5], [1.0])), "wanted all targets and all sources, integers"),
        ((np.zeros((2, 3)), [0, 1]), "wanted all targets and all sources"),
        ((np.zeros(3), ([0], [0])), "one value for each of 1 connections"),
        ((np.full((1, 1), 64),), "wanted -63 to 63"),
    ],
)
def test_connections_that_are_none(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        weight_to_connection(*arguments)
