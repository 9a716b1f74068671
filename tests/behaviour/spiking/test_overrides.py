"""What users may hand in, override and set besides what other tests name."""

from importlib import import_module

import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch import core


@pytest.mark.parametrize("value", [1.0, 0.5, -2.0])
def test_the_value_of_an_input_counts_in_the_numerics(experiment, value):
    synapse = hxsnn.Synapse(1, 1, experiment)
    synapse.weight.data.fill_(3.0)
    graded = synapse(hxsnn.NeuronHandle(value * torch.ones(4, 1, 1)))
    hxsnn.run(experiment, None)
    assert graded.graded_spikes.sum().item() == 12 * value


@pytest.mark.parametrize("form", ["three", "two", "handle"])
def test_decoded_recordings_are_a_tuple_or_a_handle(chip, form):
    class Mine(hxsnn.Neuron):
        def post_process(self, hw_data, runtime):
            spikes, cadc, _ = super().post_process(hw_data, runtime)
            forms = {"three": (spikes, cadc, None), "two": (spikes, cadc)}
            return forms.get(form) or hxsnn.Handle(voltage=cadc, adaptation=None, spikes=spikes)

    experiment = hxsnn.Experiment()
    synapse, neuron = hxsnn.Synapse(1, 1, experiment), Mine(1, experiment)
    synapse.weight.data.fill_(63.0)
    spikes = torch.zeros(40, 1, 1)
    spikes[5:12] = 1
    z = neuron(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(experiment, 40)
    assert z.spikes.any()
    assert z.membrane_cadc[0].item() == pytest.approx(-48, abs=8)


def test_a_wrapper_on_the_chip_gets_the_recordings_of_each_of_its_modules(chip):
    seen = []

    class Both(hxsnn.HXModuleWrapper):
        def forward_func(self, input, hw_data=None):
            seen.append(hw_data)
            graded = self.modules["synapse"].forward_func(input)
            return graded, self.modules["neuron"].forward_func(graded, hw_data[1])

    experiment = hxsnn.Experiment()
    synapse, neuron = hxsnn.Synapse(1, 2, experiment), hxsnn.Neuron(2, experiment)
    synapse.weight.data.fill_(40.0)
    z = neuron(synapse(hxsnn.NeuronHandle(torch.zeros(20, 1, 1))))
    Both(experiment, synapse=synapse, neuron=neuron)()
    hxsnn.run(experiment, 20)
    ((of_synapse, of_neuron),) = seen
    assert of_synapse is None
    assert of_neuron.spikes.shape == (20, 1, 2)
    assert torch.equal(z.membrane_cadc, of_neuron.voltage.cadc)


def test_an_execution_instance_is_calibrated_when_asked(chip):
    instance = hxsnn.ExecutionInstance()
    assert instance.chip is None
    assert isinstance(instance.calibrate(), core.calibration.Calibration)
    assert isinstance(instance.chip, core.Chip)


def test_a_manager_takes_attributes_of_the_user(experiment):
    experiment.modules.notes = "mine"
    assert experiment.modules.notes == "mine"


def test_pairs_of_typed_coordinates_count_in_either_order():
    halco = import_module("dlens_vx_v3.halco")
    one, place = halco.LogicalNeuronCompartments(), halco.AtomicNeuronOnDLS(5)
    row, column = halco.NeuronRowOnLogicalNeuron(1), halco.NeuronColumnOnLogicalNeuron(2)
    for kind, pair in ((halco.LogicalNeuronOnDLS, (one, place)), (halco.AtomicNeuronOnLogicalNeuron, (row, column))):
        assert kind(*pair) == kind(*pair[::-1])
