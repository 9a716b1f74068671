"""Modules with functions and post-processing of the user, and wrappers."""

import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch.spiking.modules import HXModule, HXModuleWrapper


class Double(torch.autograd.Function):
    """Twice the input."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


def ran(module, spikes):
    handle = module(hxsnn.NeuronHandle(spikes))
    hxsnn.run(module.experiment, None)
    return handle


@pytest.mark.parametrize("func", [lambda x: 2 * x, lambda x, hw_data=None: 2 * x, Double])
def test_a_function_of_tensors_is_a_module(experiment, func):
    assert ran(HXModule(experiment, func), torch.ones(3, 1, 2)).spikes.sum() == 12


def test_gradients_come_from_the_function(experiment):
    x = torch.ones(3, 1, 2, requires_grad=True)
    ran(HXModule(experiment, Double), x).spikes.sum().backward()
    assert (x.grad == 2).all()


def test_the_function_can_be_set(experiment):
    module = HXModule(experiment, lambda x: x)
    module.func = lambda x: 3 * x
    assert ran(module, torch.ones(3, 1, 2)).spikes.sum() == 18


def test_forward_func_is_overridden_without_hw_data(experiment):
    class Mine(HXModule):
        def forward_func(self, input):
            return input

    assert ran(Mine(experiment, None), torch.ones(3, 1, 2)).spikes.sum() == 6


def test_exec_forward_takes_one_handle(experiment):
    output = hxsnn.NeuronHandle()
    HXModule(experiment, lambda x: x).exec_forward(hxsnn.NeuronHandle(torch.zeros(3, 1, 2)), output, {})
    assert output.spikes.shape == (3, 1, 2)


def test_a_change_is_known_until_it_is_reset(network):
    assert network.neuron.changed_since_last_run
    network.neuron.reset_changed_since_last_run()
    assert not network.neuron.changed_since_last_run


def test_post_processing_takes_two_or_three_arguments(run_on_chip):
    seen = []

    class Two(hxsnn.Neuron):
        def post_process(self, hw_data, runtime):
            seen.append(runtime)
            return super().post_process(hw_data, runtime)

    class Three(hxsnn.Neuron):
        def post_process(self, hw_spikes, hw_cadc, hw_madc):
            seen.append((hw_spikes is None, hw_cadc is None, hw_madc is None))
            return super().post_process(hw_spikes, hw_cadc, hw_madc)

    for kind in (Two, Three):
        assert run_on_chip(kind).membrane_cadc.shape == (20, 1, 1)
    assert len(seen) == 2
    assert seen[1] == (False, False, True)


def test_numbers_of_neurons_count_inside_their_population(chip):
    seen = {}

    class Mine(hxsnn.Neuron):
        def configure_hw_entity(self, neuron_id, neuron_block, coord):
            seen.setdefault(self.size, set()).add(neuron_id)
            return super().configure_hw_entity(neuron_id, neuron_block, coord)

    experiment = hxsnn.Experiment()
    first, second = Mine(2, experiment), Mine(3, experiment)
    spikes = hxsnn.NeuronHandle(torch.zeros(20, 1, 1))
    second(hxsnn.Synapse(2, 3, experiment)(first(hxsnn.Synapse(1, 2, experiment)(spikes))))
    hxsnn.run(experiment, 20)
    assert seen == {2: {0, 1}, 3: {0, 1, 2}}


@pytest.mark.parametrize("name", ["contains", "exec_forward", "update", "update_args"])
def test_a_wrapper_has_the_method(name):
    assert callable(getattr(HXModuleWrapper, name))


def test_a_wrapper_is_made_of_a_list_or_of_names(experiment):
    module, other = HXModule(experiment, lambda x: x), HXModule(experiment, lambda x: x)
    listed, named = HXModuleWrapper(experiment, [module], lambda x: x), HXModuleWrapper(experiment, a=module)
    assert named.modules == {"a": module}
    assert listed.contains([module])
    assert named.contains(module)
    assert not named.contains([other])
    named.update(a=other)
    assert named.contains(other)


@pytest.mark.parametrize("spelling", ["b1, b2", "b_0, b_1", "b, b_1"])
def test_equal_keywords_of_wrapped_modules_are_told_apart(experiment, spelling):
    seen = []

    def close(x, b1=None, b2=None):
        seen.append((b1, b2))
        return x, x

    def underscored(x, b_0=None, b_1=None):
        seen.append((b_0, b_1))
        return x, x

    def plain(x, b=None, b_1=None):
        seen.append((b, b_1))
        return x, x

    def each(x, b=0):
        return x

    first, second = HXModule(experiment, each), HXModule(experiment, each)
    first.extra_kwargs, second.extra_kwargs = {"b": 1}, {"b": 2}
    second(first(hxsnn.NeuronHandle(torch.ones(3, 1, 2))))
    function = {"b1, b2": close, "b_0, b_1": underscored, "b, b_1": plain}[spelling]
    experiment.wrap_modules([first, second], function)
    hxsnn.run(experiment, None)
    assert seen == [(1, 2)]


def test_one_neuron_layer_called_for_several_inputs_adds_them():
    x = torch.zeros(30, 1, 1)
    x[5] = 1
    found = []
    for weights in ((3.0, 4.0), (7.0,)):
        experiment = hxsnn.Experiment(mock=True)
        readout = hxsnn.ReadoutNeuron(1, experiment, leak=0.0)
        for weight in weights:
            synapse = hxsnn.Synapse(1, 1, experiment)
            synapse.weight.data.fill_(weight)
            y = readout(synapse(hxsnn.NeuronHandle(x)))
        hxsnn.run(experiment, 30)
        found.append(y.membrane_cadc)
    torch.testing.assert_close(*found)
    assert found[0].max() > 1
