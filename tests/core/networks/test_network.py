"""What is wrong with a network is said when it is described."""

import numpy as np
import pytest

from hxtorch.core import (
    ConfigurationError,
    ExternalPopulation,
    NetworkBuilder,
    PlacementError,
    Population,
    PopulationDescriptor,
    Projection,
    RecordingError,
    RoutingError,
)

A, B = PopulationDescriptor(0), PopulationDescriptor(1)


@pytest.mark.parametrize(
    ("neurons", "message"),
    [
        (np.zeros((2, 2), int), "flat array"),
        (np.zeros(0, int), "flat array"),
        (np.array([0.5]), "integers"),
        (np.array([-1, 3]), "wanted 0 to 511"),
        (np.array([3, 512]), "wanted 0 to 511"),
        (np.array([3, 3]), "used twice"),
    ],
)
def test_illegal_neurons_are_refused(neurons, message):
    with pytest.raises(PlacementError, match=f"'layer'.*{message}"):
        Population(neurons, name="layer")


@pytest.mark.parametrize("index", [-1, 4])
def test_madc_recording_of_a_neuron_beyond_the_population_is_refused(index):
    with pytest.raises(RecordingError, match=f"'layer'.*{index}.*0 to 3"):
        Population(np.arange(4), madc_index=index, name="layer")


def test_an_empty_input_population_is_refused():
    with pytest.raises(RoutingError, match="at least 1"):
        ExternalPopulation(0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.array([[64]]), "64"),
        (np.array([[-64]]), "-64"),
        (np.array([[1.0]]), "integers"),
        (np.array([[np.nan]]), "integers"),
        (np.array([1]), r"\(pre, post\)"),
        (np.zeros((0, 3), int), r"\(pre, post\)"),
    ],
)
def test_illegal_weights_are_refused(weights, message):
    with pytest.raises(ConfigurationError, match=f"'syn'.*{message}"):
        Projection(A, B, weights, name="syn")


def test_weights_outside_the_mask_are_refused():
    with pytest.raises(RoutingError, match="no synapse"):
        Projection(A, B, np.ones((2, 2), int), np.eye(2, dtype=bool))
    with pytest.raises(RoutingError, match=r"\(2, 3\).*\(2, 2\)"):
        Projection(A, B, np.ones((2, 2), int), np.ones((2, 3), bool))


def test_a_projection_keeps_its_own_weights():
    weights = np.ones((2, 2), np.int8)
    projection = Projection(A, B, weights)
    weights[:] = 5
    assert (projection.weights == 1).all()
    assert not projection.weights.flags.writeable


def test_a_projection_needs_fitting_populations():
    builder = NetworkBuilder()
    inputs = builder.add(ExternalPopulation(3, name="in"))
    with pytest.raises(RoutingError, match="add its populations"):
        builder.add(Projection(inputs, B, np.ones((3, 2), int)))
    layer = builder.add(Population(np.arange(2), name="layer"))
    with pytest.raises(RoutingError, match=r"\(2, 3\).*\(3, 2\).*'in' to 'layer'"):
        builder.add(Projection(inputs, layer, np.ones((2, 3), int)))
    with pytest.raises(RoutingError, match="'in' is an input population"):
        builder.add(Projection(layer, inputs, np.ones((2, 3), int)))


def test_populations_do_not_share_neurons():
    builder = NetworkBuilder()
    builder.add(Population(np.arange(4), name="one"))
    with pytest.raises(PlacementError, match=r"'one' and 'other'.*neuron 3"):
        builder.add(Population(np.arange(3, 6), name="other"))


def test_the_madc_records_one_neuron():
    builder = NetworkBuilder()
    builder.add(Population(np.arange(4), madc_index=0, name="one"))
    with pytest.raises(RecordingError, match="'one' and 'other'"):
        builder.add(Population(np.arange(4, 6), madc_index=0, name="other"))


def test_a_refused_part_leaves_the_builder_usable():
    builder = NetworkBuilder()
    one = builder.add(Population(np.arange(4)))
    with pytest.raises(PlacementError):
        builder.add(Population(np.arange(4)))
    other = builder.add(Population(np.arange(4, 6)))
    assert list(builder.done().populations) == [one, other]


def test_other_weights_must_have_the_same_shape():
    builder = NetworkBuilder()
    layer = builder.add(Population(np.arange(4)))
    synapses = builder.add(Projection(layer, layer, np.zeros((4, 4), int), name="syn"))
    network = builder.done()
    assert (network.with_weights({synapses: np.ones((4, 4), int)}).projections[synapses].weights == 1).all()
    with pytest.raises(ConfigurationError, match="'syn'"):
        network.with_weights({synapses: np.ones((4, 3), int)})
