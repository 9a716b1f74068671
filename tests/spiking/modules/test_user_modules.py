"""Modules, functions and wrappers of users, in the spellings of both generations."""

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import CircleError, ExperimentError
from hxtorch.spiking.modules.hx_module import HXFunctionalModule

X = torch.ones(3, 1, 2)


@pytest.fixture
def exp():
    return hxsnn.Experiment(mock=True)


def run(exp, module, *inputs):
    handle = module(*(inputs or (hxsnn.NeuronHandle(X),)))
    hxsnn.run(exp, None)
    return handle


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, hw_data=None, dt=0.0):
        assert (hw_data, dt) == (None, 1e-6)
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient, None, None


@pytest.mark.parametrize("func", [Double, Double.apply, lambda x: 2 * x, lambda x, hw_data: 2 * x])
def test_any_function_computes_and_can_be_set(exp, func):
    for module in (hxsnn.HXModule(exp, func), hxsnn.HXModule(exp, func=func), hxsnn.HXModule(exp, None)):
        module.func = func
        assert module.func is func
        assert torch.equal(run(exp, module).spikes, 2 * X)


def test_a_torch_module_may_be_the_function(exp):
    module = hxsnn.HXModule(exp, torch.nn.Linear(2, 3))
    assert run(exp, module).spikes.shape == (3, 1, 3)
    assert len(list(module.parameters())) == 2


def test_functions_get_what_the_module_was_given_beside_its_input(exp):
    module = hxsnn.HXModule(exp, lambda x, weight, bias=0: weight * x + bias)
    module.extra_args, module.extra_kwargs = (3,), {"bias": 1}
    assert torch.equal(run(exp, module).spikes, 3 * X + 1)


@pytest.mark.parametrize("base", [hxsnn.HXModule, HXFunctionalModule])
def test_overridden_forward_need_not_take_recordings(exp, base):
    class Mine(base):
        def forward_func(self, input):
            return 3 * input.spikes

    assert torch.equal(run(exp, Mine(exp)).spikes, 3 * X)


def test_any_tensor_passes_between_modules_of_the_user(exp):
    """A synapse and a neuron may hand on two stacked currents."""

    class Stack(hxsnn.Synapse):
        def forward_func(self, input):
            return hxsnn.SynapseHandle(torch.stack([input.spikes @ self.weight.T] * 2))

    class Sum(hxsnn.Neuron):
        def forward_func(self, input, hw_data=None):
            assert input.graded_spikes.shape == (2, 3, 1, 4)
            return hxsnn.NeuronHandle(input.graded_spikes.sum(0))

    assert run(exp, Sum(4, exp), Stack(2, 4, exp)(hxsnn.NeuronHandle(X))).spikes.shape == (3, 1, 4)


def test_a_function_of_a_handle_of_its_own_names(exp):
    class Mine(hxsnn.HXModule):
        output_type = type(hxsnn.Handle("left", "right"))

        def forward_func(self, input):
            return hxsnn.Handle(left=input.spikes, right=-input.spikes)

    assert torch.equal(run(exp, Mine(exp)).right, -X)


def test_equal_keywords_of_wrapped_modules_have_a_number_behind(exp):
    seen = []

    def from_one(x, b1, b2, c):
        seen.append((b1, b2, c))
        return x, x

    def from_zero(x, b_0, b_1, c):
        seen.append((b_0, b_1, c))
        return x, x

    for func in (from_one, from_zero):
        exp = hxsnn.Experiment(mock=True)
        one, other = hxsnn.HXModule(exp, lambda x, b: x), hxsnn.HXModule(exp, lambda x, b, c: x)
        one.extra_kwargs, other.extra_kwargs = {"b": 1}, {"b": 2, "c": 3}
        other(one(hxsnn.NeuronHandle(X)))
        exp.wrap_modules([one, other], func)
        hxsnn.run(exp, None)
    assert seen == [(1, 2, 3)] * 2


def test_a_wrapper_of_named_modules_computes_once(exp):
    calls = []

    class Both(hxsnn.HXModuleWrapper):
        def forward_func(self, input, hw_data=None):
            calls.append(hw_data)
            return hxsnn.SynapseHandle(input.spikes), hxsnn.NeuronHandle(5 * input.spikes)

    syn, lif = hxsnn.Synapse(2, 2, exp), hxsnn.Neuron(2, exp)
    wrapper = Both(exp, synapse=syn, neuron=lif)
    assert wrapper.modules == {"synapse": syn, "neuron": lif}
    assert wrapper in list(wrapper.modules())  # torch's own method
    assert wrapper.contains(syn)
    assert wrapper.contains([syn, lif])
    z = lif(syn(hxsnn.NeuronHandle(X)))
    assert wrapper() is z
    assert exp.modules.get_id_by_wrapper(wrapper) == "w_0"
    assert exp.modules.get_wrapper_by_id("w_0") is wrapper
    ((step, sources, targets),) = exp.modules.done()
    assert (step, len(sources), len(targets)) == (wrapper, 1, 2)
    hxsnn.run(exp, None)
    assert torch.equal(z.spikes, 5 * X)
    assert calls == [(None, None)]
    other = hxsnn.Neuron(2, exp)
    wrapper.update(synapse=syn, neuron=other)
    assert wrapper.modules["neuron"] is other
    assert not wrapper.contains(lif)
    with pytest.raises(IndexError, match="'w_7'"):
        exp.modules.get_wrapper_by_id("w_7")


def test_a_wrapper_of_listed_modules_has_them_in_order(exp):
    module = hxsnn.HXModule(exp, lambda x: x)
    assert hxsnn.HXModuleWrapper(exp, [module], lambda x: x).modules == [module]


def test_a_circle_without_a_wrapper_is_a_value_error(exp):
    syn, lif, back = hxsnn.Synapse(2, 2, exp), hxsnn.Neuron(2, exp), hxsnn.Synapse(2, 2, exp)
    z = hxsnn.NeuronHandle()
    lif(syn(hxsnn.NeuronHandle(X)), back(z), output=z)
    with pytest.raises(ValueError, match=r"LIF.*circle.*wrapper") as caught:
        hxsnn.run(exp, None)
    assert isinstance(caught.value, CircleError)
    assert len(exp.modules) == 0  # a failing run cleans up


def test_a_neuron_layer_called_once_for_each_input_adds_them_up(exp):
    traces = []
    for weights in ((3.0, 4.0), (7.0,)):
        li = hxsnn.ReadoutNeuron(1, exp, leak=0.0)
        handles = []
        for weight in weights:
            syn = hxsnn.Synapse(2, 1, exp)
            torch.nn.init.constant_(syn.weight, weight)
            handles.append(li(syn(hxsnn.NeuronHandle(X))))
        assert all(handle is handles[0] for handle in handles)
        hxsnn.run(exp, None)
        traces.append(handles[0].membrane_cadc)
    torch.testing.assert_close(*traces)
    assert traces[0].abs().max() > 0


def test_the_same_source_twice_names_the_forgotten_run(exp):
    syn, lif = hxsnn.Synapse(2, 2, exp), hxsnn.Neuron(2, exp)
    g = syn(hxsnn.NeuronHandle(X))
    lif(g)
    for again in (lambda: lif(g), lambda: syn(hxsnn.NeuronHandle(X))):
        with pytest.raises(ExperimentError, match=r"called twice.*Run the experiment first.*experiment.clear\(\)"):
            again()


def test_inputs_of_two_axes_are_one_batch_entry(exp):  # ours, beyond the documents
    z = hxsnn.Neuron(4, exp)(hxsnn.Synapse(2, 4, exp)(hxsnn.NeuronHandle(torch.ones(30, 2))))
    hxsnn.run(exp, None)
    assert z.spikes.shape == (30, 1, 4)


def test_empty_handles_are_filled_until_the_run(exp):
    x = hxsnn.NeuronHandle()
    g = hxsnn.Synapse(2, 4, exp)(x)
    x.put(X)
    hxsnn.run(exp, None)
    assert g.graded_spikes.shape == (3, 1, 4)


def test_modules_change_with_weights_and_not_by_a_run(exp):
    syn = hxsnn.Synapse(2, 3, exp)
    run(exp, syn)
    assert not syn.changed_since_last_run
    syn.weight.data.fill_(1.0)
    assert syn.changed_since_last_run
    syn(hxsnn.NeuronHandle(X))
    assert exp.modules.changed_since_last_run()
    hxsnn.run(exp, None)
    assert not syn.changed_since_last_run


def test_modules_have_no_execution_instance_in_mock_mode(exp):
    instance = hxsnn.ExecutionInstance()
    assert hxsnn.Neuron(2, exp, execution_instance=instance).execution_instance is None
    assert hxsnn.Neuron(2, hxsnn.Experiment(), execution_instance=instance).execution_instance is instance
