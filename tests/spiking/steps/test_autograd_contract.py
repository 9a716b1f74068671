"""What torch asks of differentiable modules: checkpointing, automatic casts, short types, copies, other parameters."""

import copy

import pytest
import torch
import unit_layers as unit
from torch.utils.checkpoint import checkpoint

import hxtorch.spiking as hxsnn
from hxtorch.spiking import functional
from hxtorch.spiking.errors import ExperimentError, TensorShapeError, TensorTypeError, TensorValueError
from hxtorch.spiking.functional.steps import euler, fused, recurrence
from hxtorch.spiking.functional.synapses import events

STEPS = 30
SHORT = [torch.bfloat16, torch.float16]


def spikes(dtype=torch.float32):
    return (torch.rand(STEPS, 2, 5, generator=torch.Generator().manual_seed(0)) < 0.3).to(dtype)


def eventprop(size, experiment, **options):
    return unit.layer(hxsnn.EventPropLIF, ("leak", "reset", "threshold"), size, experiment, **options)


class Net(torch.nn.Module):
    """A hidden layer of the kind that is asked for, and a readout."""

    def __init__(self, kind="feedforward", **parameters):
        super().__init__()
        torch.manual_seed(1)
        self.experiment = hxsnn.Experiment(mock=True)
        e = self.experiment
        dense = hxsnn.EventPropSynapse if kind == "eventprop" else hxsnn.Synapse
        neuron = {"eventprop": eventprop, "iaf": unit.iaf, "aelif": unit.aelif}.get(kind, unit.lif)
        self.first = dense(5, 40, e)
        self.hidden = neuron(40, e, **parameters)
        if kind == "recurrent":
            self.hidden = hxsnn.Recurrent(e, self.hidden, hxsnn.Synapse(40, 40, e))
        self.second = hxsnn.SparseSynapse(torch.ones(40, 3), e) if kind == "sparse" else dense(40, 3, e)
        self.readout = unit.li(3, e)
        with torch.no_grad():
            for weight in self.parameters():
                weight.mul_(2.0)

    def forward(self, input):
        return self.readout(self.second(self.hidden(self.first(input))))

    def traces(self, input):
        handle = self(hxsnn.NeuronHandle(input))
        hxsnn.run(self.experiment, STEPS)
        return handle.membrane_cadc


KINDS = ["feedforward", "recurrent", "eventprop", "iaf", "aelif", "sparse"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reentrant", [False, True])
def test_a_checkpointed_network_has_the_gradients_of_one_that_is_not(kind, reentrant):
    net = Net(kind)
    leaves = [spikes().requires_grad_(), *net.parameters()]
    wanted = torch.autograd.grad(net.traces(leaves[0]).square().sum(), leaves)
    checkpoint(net.traces, leaves[0], use_reentrant=reentrant).square().sum().backward()
    for leaf, gradient in zip(leaves, wanted, strict=True):
        assert torch.equal(leaf.grad, gradient)
    assert all(gradient.abs().max() > 0 for gradient in wanted)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", SHORT)
def test_under_automatic_casts_neurons_integrate_in_single_precision(kind, dtype):
    net = Net(kind)
    with torch.autocast("cpu", dtype):
        traces = net.traces(spikes())
    assert traces.dtype == torch.float32
    traces.square().sum().backward()
    for weight in net.parameters():
        assert weight.grad.dtype == torch.float32
        assert weight.grad.isfinite().all()
    plain = Net(kind).traces(spikes())
    assert float((traces - plain).detach().abs().mean()) < 0.05 * float(plain.detach().abs().max())


@pytest.mark.parametrize("dtype", SHORT)
def test_under_automatic_casts_large_and_small_products_have_the_shorter_type(dtype):
    with torch.autocast("cpu", dtype):
        for rows in (1, 2000):
            assert functional.linear(torch.ones(rows, 1, 40), torch.ones(40, 40)).dtype == dtype


@pytest.mark.parametrize("kind", ["feedforward", "iaf", "recurrent"])
@pytest.mark.parametrize("dtype", [*SHORT, torch.float64])
def test_modules_of_another_type_keep_their_time_constants(kind, dtype):
    given = {"tau_mem": 1e-5, "tau_syn": 5e-6, "refractory_time": 2e-6}
    net = Net(kind, **{name: torch.full((40,), value) for name, value in given.items()})
    plain = net.traces(spikes()).detach()
    traces = net.to(dtype).traces(spikes(dtype))
    assert traces.dtype == dtype
    traces.float().square().sum().backward()
    assert all(weight.grad.isfinite().all() for weight in net.parameters())
    assert float((traces.detach().float() - plain).abs().mean()) < 0.1 * float(plain.abs().max())


@pytest.mark.parametrize("dtype", SHORT)
def test_factors_of_a_step_do_not_overflow_in_half_precision(dtype):
    tau = torch.tensor([1e-5, 5e-6, 2e-4], dtype=dtype)
    part = euler.fraction(tau, 1e-6)
    torch.testing.assert_close(part, 1e-6 / tau.float())
    assert euler.whole_steps(torch.tensor([0.2], dtype=dtype), 1e-6).isfinite().all()


def test_deprecated_neurons_have_finite_factors_in_half_precision():
    experiment = hxsnn.Experiment(mock=True)
    with pytest.warns(DeprecationWarning, match="use LI"):
        neuron = hxsnn.ReadoutNeuronExp(5, experiment, tau_mem=torch.full((5,), 1e-5))
    synapse = hxsnn.Synapse(5, 5, experiment)
    torch.nn.ModuleList([synapse, neuron]).half()
    handle = neuron(synapse(hxsnn.NeuronHandle(spikes(torch.float16))))
    hxsnn.run(experiment, STEPS)
    assert handle.membrane_cadc.isfinite().all()
    assert handle.membrane_cadc.abs().max() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_made_before_or_after_a_run_computes_the_same(kind):
    net = Net(kind)
    before = copy.deepcopy(net)
    wanted = net.traces(spikes())
    after = copy.deepcopy(net)
    for other in (before, after):
        assert torch.equal(other.traces(spikes()), wanted)
        assert other.experiment is not net.experiment
        assert not {id(weight) for weight in other.parameters()} & {id(weight) for weight in net.parameters()}


def test_a_copied_handle_has_the_values_without_the_graph():
    net = Net()
    handle = net(hxsnn.NeuronHandle(spikes()))
    hxsnn.run(net.experiment, STEPS)
    first, second = copy.deepcopy([handle, handle])
    assert first is second
    assert torch.equal(first.membrane_cadc, handle.membrane_cadc)
    assert not first.membrane_cadc.requires_grad
    assert handle.membrane_cadc.requires_grad
    assert first.membrane_cadc.data_ptr() != handle.membrane_cadc.data_ptr()


def test_a_network_is_copied_between_call_and_run():
    net = Net()
    handle = net(hxsnn.NeuronHandle(spikes()))
    other, promised = copy.deepcopy([net, handle])
    hxsnn.run(net.experiment, STEPS)
    hxsnn.run(other.experiment, STEPS)
    assert torch.equal(promised.membrane_cadc, handle.membrane_cadc)


def test_other_weights_of_a_functional_call_count_in_a_run_outside():
    net = Net()
    weights = {name: (0.5 * weight.detach()).requires_grad_() for name, weight in net.named_parameters()}
    own = dict(net.named_parameters())
    handle = torch.func.functional_call(net, weights, (hxsnn.NeuronHandle(spikes()),))
    hxsnn.run(net.experiment, STEPS)
    handle.membrane_cadc.sum().backward()
    assert dict(net.named_parameters()) == own
    assert all(weight.grad is not None for weight in weights.values())
    assert all(weight.grad is None for weight in own.values())
    with torch.no_grad():
        for weight in own.values():
            weight.mul_(0.5)
    assert torch.equal(net.traces(spikes()), handle.membrane_cadc)


def test_parameters_of_a_functional_call_that_are_gone_in_the_run_are_an_error():
    net, other = Net(), Net()
    torch.func.functional_call(net, dict(other.named_parameters()), (hxsnn.NeuronHandle(spikes()),))
    with pytest.raises(ExperimentError, match=r"weight of Synapse.*another parameter than in the call"):
        hxsnn.run(net.experiment, STEPS)
    own = dict(net.named_parameters())
    assert all(weight is own[name] for name, weight in net.named_parameters())


def test_gradients_by_functional_transforms_reach_weights_of_a_call_and_a_run():
    net = Net()
    weights = {name: weight.detach() for name, weight in net.named_parameters()}

    def loss(given):
        handle = torch.func.functional_call(net, given, (hxsnn.NeuronHandle(spikes()),))
        hxsnn.run(net.experiment, STEPS)
        return handle.membrane_cadc.square().sum()

    found = torch.func.grad(loss)(weights)
    wanted = torch.autograd.grad(net.traces(spikes()).square().sum(), [*net.parameters()])
    for gradient, expected in zip(found.values(), wanted, strict=True):
        torch.testing.assert_close(gradient, expected)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_operators_of_the_way_back_keep_the_contract_of_torch():
    x, constants = torch.rand(4, 2, 3), torch.rand(14, 3)
    spikes_out, _, current, adaptation, before, seen = fused.OPERATOR(
        x, constants, *[None] * 3, True, True, 0, 9.0, True, 2
    )
    back = torch.ops.hxtorch.integrate_backward.default
    kept = (before, seen, current, adaptation)
    torch.library.opcheck(
        back, (x, None, None, None, constants, None, None, *kept, [4, 2, 3], True, True, 0, 9.0, True, True)
    )
    weight = torch.rand(3, 3)
    spikes_out, _, current, adaptation, before, seen = recurrence.OPERATOR(
        x, weight, constants, *[None] * 3, True, 0, 9.0, True, 2
    )
    kept = (spikes_out, before, seen, current, adaptation)
    back = torch.ops.hxtorch.recur_backward.default
    torch.library.opcheck(back, (x, None, None, None, weight, constants, None, *kept, True, 0, 9.0, True, True))
    given, weight = (torch.rand(9, 5) < 0.2).float(), torch.rand(40, 5)
    _, bits = events.OPERATOR(given, weight)
    back = torch.ops.hxtorch.weigh_backward.default
    for wanted in ((True, True), (True, False), (False, True)):
        torch.library.opcheck(back, (torch.rand(9, 40), given, weight, bits, *wanted))


@pytest.mark.parametrize("kind", ["feedforward", "recurrent"])
@pytest.mark.parametrize("cut", [lambda saved: saved[:1].clone(), lambda saved: saved.half()])
def test_hooks_that_hand_back_other_tensors_than_were_saved_are_refused(kind, cut):
    net = Net(kind)
    floating = (torch.float32, torch.float64)
    with torch.autograd.graph.saved_tensors_hooks(
        lambda saved: saved, lambda saved: cut(saved) if saved.ndim == 3 and saved.dtype in floating else saved
    ):
        traces = net.traces(spikes())
    with pytest.raises((TensorShapeError, TensorTypeError)):
        traces.sum().backward()


def test_the_way_back_refuses_what_was_not_kept():
    x = torch.rand(4, 2, 3)
    constants = torch.rand(14, 3, requires_grad=True)
    outputs = fused.OPERATOR(x, constants, None, None, None, True, False, 0, 9.0, True, fused.INPUT)
    with pytest.raises(TensorValueError, match=r"input of hxtorch::integrate_backward: got one, wanted None.*'keeps'"):
        outputs[1].sum().backward()
    outputs = fused.OPERATOR(x, constants, None, None, None, True, True, 0, 9.0, True, fused.INPUT)
    with pytest.raises(TensorShapeError, match=r"current of hxtorch::integrate_backward: got none.*'keeps'"):
        outputs[1].sum().backward()
