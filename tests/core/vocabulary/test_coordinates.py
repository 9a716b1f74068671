import numpy as np
import pytest

from hxtorch.core import AtomicNeuronOnDLS, LogicalNeuronCompartments, LogicalNeuronOnDLS, PlacementError
from hxtorch.core.vocabulary.coordinates import (
    AtomicNeuronOnLogicalNeuron,
    CompartmentOnLogicalNeuron,
    HemisphereOnDLS,
    NeuronColumnOnDLS,
    NeuronColumnOnLogicalNeuron,
    NeuronRowOnDLS,
    NeuronRowOnLogicalNeuron,
)


@pytest.mark.parametrize("neuron", range(0, 512, 37))
def test_a_neuron_is_its_row_and_column(neuron):
    coordinate = AtomicNeuronOnDLS(neuron)
    column, row = coordinate.toNeuronColumnOnDLS(), coordinate.toNeuronRowOnDLS()
    assert (int(column), int(row)) == (neuron % 256, neuron // 256)
    assert AtomicNeuronOnDLS(column, row) == coordinate == neuron == coordinate.toEnum()
    assert coordinate.toHemisphereOnDLS() == row.toHemisphereOnDLS() == neuron // 256
    assert hash(coordinate) == hash(neuron)
    assert eval(repr(coordinate)) == coordinate  # noqa: S307


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (HemisphereOnDLS, 2),
        (NeuronRowOnDLS, 2),
        (NeuronColumnOnDLS, 256),
        (NeuronRowOnLogicalNeuron, 2),
        (NeuronColumnOnLogicalNeuron, 128),
        (AtomicNeuronOnDLS, 512),
        (AtomicNeuronOnLogicalNeuron, 256),
        (CompartmentOnLogicalNeuron, 255),
    ],
)
def test_coordinates_know_their_range(kind, size):
    assert kind(0) == 0
    assert kind(size - 1) == size - 1
    for value in (-1, size):
        with pytest.raises(
            PlacementError, match=f"{kind.__name__}: got {value}, wanted an integer from 0 to {size - 1}"
        ):
            kind(value)


@pytest.mark.parametrize(
    ("whole", "column", "row", "wanted"),
    [
        (AtomicNeuronOnDLS, NeuronColumnOnDLS(5), NeuronRowOnDLS(1), 261),
        (AtomicNeuronOnDLS, NeuronColumnOnDLS(0), NeuronRowOnDLS.top, 0),
        (AtomicNeuronOnDLS, NeuronColumnOnDLS(1), NeuronRowOnDLS.bottom, 257),
        (AtomicNeuronOnDLS, NeuronColumnOnDLS(1), HemisphereOnDLS.bottom, 257),
        (AtomicNeuronOnDLS, NeuronColumnOnDLS(1), 1, 257),
        (AtomicNeuronOnDLS, 1, NeuronRowOnDLS(1), 257),
        (AtomicNeuronOnLogicalNeuron, NeuronColumnOnLogicalNeuron(5), NeuronRowOnLogicalNeuron(1), 133),
        (AtomicNeuronOnLogicalNeuron, NeuronColumnOnLogicalNeuron(1), NeuronRowOnDLS(1), 129),
    ],
)
def test_typed_columns_and_rows_come_in_either_order(whole, column, row, wanted):
    assert whole(column, row) == whole(row, column) == wanted


def test_two_columns_or_two_rows_are_no_circuit():
    for kind in (NeuronColumnOnDLS, NeuronRowOnDLS):
        with pytest.raises(PlacementError, match="wanted a column and a row, in either order"):
            AtomicNeuronOnDLS(kind(1), kind(1))


def test_shape_and_anchor_of_a_logical_neuron_come_in_either_order():
    shape = LogicalNeuronCompartments({0: [0, 128]})
    place = LogicalNeuronOnDLS(shape, AtomicNeuronOnDLS(7))
    assert place == LogicalNeuronOnDLS(AtomicNeuronOnDLS(7), shape) == LogicalNeuronOnDLS(shape.get_compartments(), 7)
    assert place.get_atomic_neurons() == [7, 263]
    assert LogicalNeuronOnDLS(AtomicNeuronOnDLS(7)).get_atomic_neurons() == [7]
    with pytest.raises(PlacementError, match="wanted a LogicalNeuronCompartments"):
        LogicalNeuronOnDLS(5)


def test_neurons_outside_rows_and_columns_are_refused():
    for column, row in ((256, 0), (0, 2), (-1, 0)):
        with pytest.raises(PlacementError):
            AtomicNeuronOnDLS(column, row)
    for column, row in ((128, 0), (0, 2)):
        with pytest.raises(PlacementError):
            AtomicNeuronOnLogicalNeuron(column, row)


def test_a_logical_neuron_lies_relative_to_its_anchor():
    shape = LogicalNeuronCompartments({0: [0, 1, AtomicNeuronOnLogicalNeuron(0, 1)]})
    neuron = LogicalNeuronOnDLS(shape, AtomicNeuronOnDLS(10))
    assert neuron.get_atomic_neurons() == [10, 11, 256 + 10]
    assert neuron.get_placed_compartments() == {0: (10, 11, 266)}
    assert neuron == LogicalNeuronOnDLS(shape, 10)
    assert hash(neuron) == hash(LogicalNeuronOnDLS(shape, 10))
    assert neuron != LogicalNeuronOnDLS(shape, 12)


def test_a_logical_neuron_without_shape_is_one_circuit():
    assert LogicalNeuronOnDLS(anchor=7).get_atomic_neurons() == [7]


@pytest.mark.parametrize(("circuits", "anchor"), [([0, 1], 127), ([0, 1], 255), ([0, 128], 256), ([0, 1], 511)])
def test_a_logical_neuron_stays_in_its_half(circuits, anchor):
    with pytest.raises(PlacementError, match="half"):
        LogicalNeuronOnDLS(LogicalNeuronCompartments({0: circuits}), anchor)


@pytest.mark.parametrize("compartments", [{}, {0: []}, {0: [0, 0]}, {0: [0], 1: [0]}])
def test_illegal_shapes_are_refused(compartments):
    with pytest.raises(PlacementError, match="logical neuron"):
        LogicalNeuronCompartments(compartments)


@pytest.mark.parametrize("value", [1.5, np.float32(2), "3", None, True])
def test_coordinates_are_made_from_integers(value):
    with pytest.raises(PlacementError, match="wanted an integer from 0 to 511"):
        AtomicNeuronOnDLS(value)
    assert AtomicNeuronOnDLS(np.uint8(7)) == AtomicNeuronOnDLS(AtomicNeuronOnDLS(7)) == 7
