import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import LogicalNeuronCompartments, LogicalNeuronOnDLS, NeuronPlacement, PlacementError

PAIR = LogicalNeuronCompartments({0: [0, 1]})
TOWER = LogicalNeuronCompartments({0: [0, 128]})


@given(st.lists(st.sampled_from([None, PAIR, TOWER]), max_size=60), st.booleans(), st.integers(0, 2**32))
def test_no_circuit_is_given_twice(shapes, permuted, seed):
    placement = NeuronPlacement(np.random.default_rng(seed).permutation(512).tolist() if permuted else None)
    for neuron_id, shape in enumerate(shapes):
        placement.register_id(neuron_id, shape)
    circuits = [circuit for neuron in placement.id2logicalneuron() for circuit in neuron.get_atomic_neurons()]
    assert len(set(circuits)) == len(circuits)
    for neuron_id, shape in enumerate(shapes):
        assert placement.id2logicalneuron(neuron_id).shape == (shape or LogicalNeuronCompartments())


def test_neurons_are_placed_in_ascending_order():
    placement = NeuronPlacement()
    placement.register_id(range(10, 13))
    placement.register_id(3)
    assert placement.id2circuits([10, 11, 12, 3]).tolist() == [0, 1, 2, 3]
    assert placement.id2circuits([3, 10]).dtype == np.int64


def test_a_permutation_decides_the_order():
    placement = NeuronPlacement([5, 300, 2])
    placement.register_id([0, 1, 2])
    assert placement.id2circuits([0, 1, 2]).tolist() == [5, 300, 2]
    with pytest.raises(PlacementError, match="0 fit"):
        placement.register_id(3)


def test_all_circuits_can_be_used():
    for shape, count in ((None, 512), (PAIR, 256), (TOWER, 256)):
        placement = NeuronPlacement()
        placement.register_id(range(count), shape)
        assert len(placement.id2logicalneuron()) == count
        with pytest.raises(PlacementError, match="0 of 512 circuits are left"):
            placement.register_id(count)


def test_constraints_are_kept_and_worked_around():
    placement = NeuronPlacement()
    placement.register_id([7, 8], placement_constraint=[1, LogicalNeuronOnDLS(anchor=0)])
    placement.register_id(9)
    assert placement.id2circuits([7, 8, 9]).tolist() == [1, 0, 2]
    placement.register_id(10, PAIR, LogicalNeuronOnDLS(PAIR, 100))
    placement.register_id(11, PAIR, 102)
    assert placement.id2logicalneuron([10, 11]) == [LogicalNeuronOnDLS(PAIR, 100), LogicalNeuronOnDLS(PAIR, 102)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0, 1), None, [4]), "1 places for 2 neurons"),
        (((0,), None, [3]), "taken"),
        (((0, 1), None, [5, 5]), "taken"),
        (((0,), PAIR, [LogicalNeuronOnDLS(anchor=5)]), "wanted the shape"),
        (((0,), None, [512]), "512"),
        (((0,), PAIR, [127]), "half"),
        (((999,), None, None), "999 twice"),
        (((1, 1), None, None), "twice"),
        ((range(512), None, None), "got 512 neurons of 1 circuit.*511 fit: 511 of 512"),
    ],
)
def test_what_cannot_be_placed_is_refused_and_changes_nothing(arguments, message):
    placement = NeuronPlacement()
    placement.register_id(999, placement_constraint=3)
    ids, shape, constraint = arguments
    with pytest.raises(PlacementError, match=message):
        placement.register_id(ids, shape, constraint)
    assert placement.id2logicalneuron() == [LogicalNeuronOnDLS(anchor=3)]
    placement.register_id(range(511))


def test_unknown_identifiers_are_refused():
    with pytest.raises(PlacementError, match="5 was not registered"):
        NeuronPlacement().id2logicalneuron(5)
    with pytest.raises(PlacementError, match="distinct"):
        NeuronPlacement([1, 1])


def test_circuits_are_asked_of_neurons_of_one_circuit():
    placement = NeuronPlacement()
    placement.register_id(0, PAIR)
    with pytest.raises(PlacementError, match="several circuits"):
        placement.id2circuits([0])


def test_numpy_integers_are_identifiers():
    placement = NeuronPlacement()
    placement.register_id(np.arange(3))
    placement.register_id(np.int64(3))
    assert placement.id2logicalneuron(np.int64(2)) == LogicalNeuronOnDLS(anchor=2)
