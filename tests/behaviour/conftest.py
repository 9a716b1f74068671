"""What behaviour tests share: a clean room, the chip of a user, and a small network."""

import pytest
import torch

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.core import compat


@pytest.fixture(scope="session", autouse=True)
def _private_cache(tmp_path_factory):
    """Calibrations that a test has to make stay out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HXTORCH_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _clean_room():
    """The modules of the chip's software are there, no connection is open, and numbers repeat."""
    torch.manual_seed(0)
    with compat.installed():
        yield
    hxtorch.release_hardware()


@pytest.fixture
def chip():
    """The chip that a program gets without saying which."""
    hxtorch.init_hardware()
    yield
    hxtorch.release_hardware()


@pytest.fixture
def ann_chip():
    """The chip that a program for the perceptron gets."""
    hxtorch.init_hardware(ann=True)
    yield
    hxtorch.release_hardware()


class Network:
    """Two inputs, a synapse and three neurons, called once."""

    def __init__(self, mock=True):
        self.experiment = hxsnn.Experiment(mock=mock)
        self.synapse = hxsnn.Synapse(2, 3, self.experiment)
        self.neuron = hxsnn.Neuron(3, self.experiment)
        self.input = hxsnn.NeuronHandle(torch.zeros(5, 1, 2))
        self.graded = self.synapse(self.input)
        self.output = self.neuron(self.graded)


@pytest.fixture
def network():
    return Network()


@pytest.fixture
def experiment():
    return hxsnn.Experiment(mock=True)


@pytest.fixture
def run_on_chip(chip):
    """Run one neuron on silence or given spikes; give its handle."""

    def run(neuron_type, steps=20, spikes=None, batch=1, **named):
        exp = hxsnn.Experiment()
        neuron, synapse = neuron_type(1, exp, **named), hxsnn.Synapse(1, 1, exp)
        synapse.weight.data.fill_(63.0)
        handle = neuron(synapse(hxsnn.NeuronHandle(torch.zeros(steps, batch, 1) if spikes is None else spikes)))
        hxsnn.run(exp, steps)
        return handle

    return run
