"""What users may hand in, override and set besides what other tests name."""

from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import NamedTuple

import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch import core
from hxtorch.snn import functional as F
from hxtorch.spiking.errors import ParameterError


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


@pytest.mark.parametrize("older", [False, True], ids=["two", "three"])
def test_recordings_that_are_handed_to_post_process_give_tensors(chip, older):
    """A ``SpikeHandle`` "holding the population's spikes recorded by grenade as a sparse tensor", and so on."""
    seen = []

    def decode(module, spikes, cadc, madc):
        seen.extend([spikes, cadc, madc])
        return spikes.to_dense(module.experiment.dt), cadc.to_dense(module.experiment.dt, mode="linear") + 48, None

    class Three(hxsnn.Neuron):
        def post_process(self, hw_spikes, hw_cadc, hw_madc):
            return decode(self, hw_spikes, hw_cadc, hw_madc)

    class Two(hxsnn.Neuron):
        def post_process(self, hw_data, runtime):
            assert torch.equal(super().post_process(hw_data, runtime).cadc, hw_data.cadc.to_dense(runtime, 1e-6))
            return decode(self, hw_data.spikes, hw_data.cadc, hw_data.madc)

    experiment = hxsnn.Experiment()
    kind = Three if older else Two
    synapse = hxsnn.Synapse(1, 2, experiment)
    neuron = kind(2, experiment, enable_madc_recording=True, record_neuron_id=0)
    synapse.weight.data.fill_(63.0)
    spikes = torch.zeros(40, 3, 1)
    spikes[5:12] = 1
    z = neuron(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(experiment, 40)
    of_spikes, of_cadc, of_madc = seen
    assert torch.equal(z.spikes, of_spikes.to_dense(40e-6, 1e-6)[:40])
    assert of_spikes.get_data().is_sparse
    assert of_cadc.get_data().is_sparse
    assert of_madc.get_data().shape[::2] == (2, 3)
    assert z.membrane_cadc[0].mean().item() == pytest.approx(0, abs=8)


class Constants(NamedTuple):
    factor: float = 2.0


@dataclass
class Settings:
    factor: float = 2.0


@pytest.mark.parametrize("params", [Constants(), Settings(), {"factor": 2.0}, torch.nn.Linear(1, 1)])
def test_parameters_of_any_type_go_to_the_function_that_names_them(experiment, params):
    """ "If func does have a param argument the params object will get injected automatically." """
    seen = []

    def function(input, params, dt, hw_data=None):
        seen.append((params, dt, hw_data))
        return input, input, input

    class Mine(hxsnn.HXModule):
        output_type = hxsnn.NeuronHandle

        def __init__(self, experiment, func, params):
            super().__init__(experiment, func)
            self.params = params

    neuron, own = hxsnn.Neuron(2, experiment, function, params), Mine(experiment, function, params)
    assert neuron.params is own.params is params
    handle = hxsnn.NeuronHandle(torch.ones(4, 1, 2))
    own(neuron(hxsnn.Synapse(2, 2, experiment)(handle)))
    hxsnn.run(experiment, None)
    assert [one[0] for one in seen] == [params, params]
    assert [one[1:] for one in seen] == 2 * [(1e-6, None)]
    with pytest.raises(ParameterError, match="wanted CUBALIFParams, or a function that takes them: func"):
        hxsnn.Neuron(2, experiment, params=params)


def test_parameters_that_are_set_on_a_neuron_are_those_of_the_model(experiment):
    neuron = hxsnn.Neuron(2, experiment, leak=hxsnn.MixedHXModelParameter(0.0, 90))
    params = F.CUBALIFParams(leak=0.5, reset=0.25, threshold=2.0, tau_mem=2e-5, alpha=10.0)
    neuron.params = params
    assert neuron.params == params
    assert (neuron.leak.model_value, neuron.leak.hardware_value) == (0.5, 90)
    assert (neuron.tau_mem.model_value, neuron.tau_mem.hardware_value) == (2e-5, 2e-5)
    assert neuron.alpha == 10.0
    with pytest.raises(ParameterError, match="params: got Constants"):
        neuron.params = Constants()


def test_hooks_can_be_added_to_those_of_an_instance():
    """ "generate_playback_hooks () -> grenade.execution.ExecutionInstanceHooks", and never None."""
    hooks = hxsnn.ExecutionInstance().generate_playback_hooks()
    assert replace(hooks, pre_realtime={"connect_vertical": True}).pre_realtime == {"connect_vertical": True}


@pytest.mark.parametrize(
    "func", [F.cuba_li_integration, F.LI, F.LI.apply, partial(F.cuba_li_integration, hw_data=None)]
)
def test_models_as_functions_read_the_stacked_currents_of_eventprop(experiment, func):
    """Older scripts write ``func=`` of both layers: currents of EventProp are (2, time, batch, neuron)."""
    handle, found = hxsnn.NeuronHandle((torch.rand(30, 2, 3) < 0.3).float()), []
    for one in (None, func):
        synapse = hxsnn.Synapse(3, 2, experiment, F.EventPropSynapseFunction)
        synapse.weight.data.fill_(0.5)
        readout = hxsnn.ReadoutNeuron(2, experiment, one, F.CUBALIParams())
        y = readout(synapse(handle))
        hxsnn.run(experiment, None)
        y.v_cadc.max(0).values.sum().backward()
        found.append((y.v_cadc.detach(), synapse.weight.grad))
    torch.testing.assert_close(found[1], found[0])
