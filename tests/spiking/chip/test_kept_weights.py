"""Weights that are what they were are not transformed again; all others reach the chip, however they changed."""

from functools import partial

import numpy as np
import pytest
import torch

import hxtorch
from hxtorch import snn
from hxtorch.spiking.lowering import lower
from hxtorch.spiking.transforms.weight_transforms import linear_saturating


class Network:
    def __init__(self, transform=linear_saturating, kind=snn.Synapse):
        self.experiment = snn.Experiment(mock=False, dt=1e-6)
        self.synapse = kind(1, 1, self.experiment, transform=transform)
        self.neuron = snn.Neuron(1, self.experiment)
        torch.nn.init.constant_(self.synapse.weight, 20.0)

    def written(self):
        """Weights on the chip after a run."""
        self.neuron(self.synapse(snn.NeuronHandle(torch.ones(5, 1, 1))))
        snn.run(self.experiment, 5)
        (chip,) = self.experiment._chips.values()
        assert isinstance(chip, lower.ChipNetwork)
        (projection,) = chip.graph.network.projections.values()
        assert np.count_nonzero(chip.graph.weight) == np.count_nonzero(projection.weights)
        return int(projection.weights[0, 0])


@pytest.fixture(autouse=True)
def connected():
    hxtorch.init_hardware()
    yield
    hxtorch.release_hardware()


def through_numpy(synapse):
    synapse.weight.detach().numpy()[:] = 31


def through_data(synapse):
    synapse.weight.data.fill_(31)


def by_another(synapse):
    synapse.weight = torch.nn.Parameter(torch.full((1, 1), 31.0))


def by_the_transform(synapse):
    synapse.weight_transform = partial(linear_saturating, scale=1.55)


def within_the_transform(synapse):
    synapse.weight_transform.keywords["scale"] = 1.55


@pytest.mark.parametrize(
    "change",
    [through_numpy, through_data, by_another, by_the_transform, within_the_transform],
    ids=lambda f: f.__name__,
)
def test_a_change_reaches_the_chip(change):
    network = Network(partial(linear_saturating, scale=1.0))
    assert [network.written() for _ in range(3)] == [20, 20, 20]
    change(network.synapse)
    assert [network.written() for _ in range(3)] == [31, 31, 31]


def test_a_transform_of_the_user_is_asked_in_each_run():
    lsb = iter(range(1, 10))
    network = Network(lambda weight: torch.full_like(weight, next(lsb)))
    assert [network.written() for _ in range(3)] == [1, 2, 3]


def test_a_subclass_that_makes_its_own_weights_is_asked_in_each_run():
    lsb = iter(range(1, 10))

    class Own(snn.Synapse):
        def hardware_weights(self):
            return np.full((1, 1), next(lsb), np.int8)

    network = Network(kind=Own)
    assert [network.written() for _ in range(3)] == [1, 2, 3]


def test_equal_weights_are_transformed_once(monkeypatch):
    network = Network()
    asked = []
    transformed = snn.Synapse.lsb
    monkeypatch.setattr(snn.Synapse, "lsb", lambda self: asked.append(self) or transformed(self))
    for _ in range(5):
        network.written()
    assert len(asked) == 2  # to route, and to note what was routed


def test_a_layer_beside_one_that_is_refused_is_not_forgotten():
    network = Network()
    more = snn.Synapse(1, 1, network.experiment, transform=lambda weight: weight)
    last = snn.Neuron(1, network.experiment)
    torch.nn.init.constant_(more.weight, 20.0)

    def written():
        last(more(network.neuron(network.synapse(snn.NeuronHandle(torch.ones(5, 1, 1))))))
        snn.run(network.experiment, 5)
        (chip,) = network.experiment._chips.values()
        return sorted(int(one.weights[0, 0]) for one in chip.graph.network.projections.values())

    assert [written(), written()] == [[20, 20], [20, 20]]
    through_data(network.synapse)
    more.weight.data.fill_(64.0)
    with pytest.raises(hxtorch.core.OperandRangeError):
        written()
    more.weight.data.fill_(20.0)
    assert written() == [20, 31]


def test_weights_that_become_nan_are_refused():
    network = Network()
    assert [network.written(), network.written()] == [20, 20]
    with torch.no_grad():
        network.synapse.weight.fill_(float("nan"))
    with pytest.raises(hxtorch.core.errors.HXTorchError, match=r"^weight of Synapse.*holds NaN"):
        network.written()
