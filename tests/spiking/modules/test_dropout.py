"""Neurons that are dropped for a batch, in the model and on a chip."""

import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError, TensorShapeError

KEPT = torch.tensor([True, False, True, False])


def spikes_of(batch=3, size=2):
    spikes = torch.zeros(60, batch, size)
    spikes[5::4] = 1
    return spikes


def network(exp, dropout=0.5, model=unit.lif):
    syn, lif, drop = hxsnn.Synapse(2, 4, exp), model(4, exp), hxsnn.BatchDropout(4, dropout, exp)
    torch.nn.init.constant_(syn.weight, 0.7 if exp.mock else 50)
    return syn, lif, drop


def call(modules, mask=None):
    syn, lif, drop = modules
    z = lif(syn(hxsnn.NeuronHandle(spikes_of())))
    dropped = drop(z)
    if mask is not None:
        drop.set_mask(mask)
    hxsnn.run(lif.experiment, 60)
    return z, dropped


@pytest.fixture(params=["mock", "chip"])
def exp(request, ideal_chip):
    return hxsnn.Experiment(mock=request.param == "mock", dt=1e-6)


@pytest.mark.parametrize("model", [unit.lif, unit.iaf])
def test_dropped_neurons_are_silent_and_others_as_ever(exp, model):
    modules = network(exp, model=model)
    modules[2].eval()
    free, _ = call(modules)
    modules[2].train()
    z, dropped = call(modules, KEPT)
    assert (free.spikes.sum((0, 1)) > 0).all()
    assert torch.equal(z.spikes, free.spikes * KEPT)
    assert torch.equal(dropped.spikes, z.spikes)
    assert torch.equal(dropped.membrane_cadc, z.membrane_cadc)
    # Without a spike there is no reset.
    assert (z.membrane_cadc[..., ~KEPT].amax((0, 1)) > free.membrane_cadc[..., ~KEPT].amax((0, 1))).all()
    assert torch.equal(modules[1].mask, KEPT)  # until the next run


def test_no_gradient_reaches_what_was_dropped(exp):
    modules = network(exp)
    _, dropped = call(modules, KEPT)
    dropped.spikes.sum().backward()
    gradient = modules[0].weight.grad.abs().sum(1)
    assert (gradient[KEPT] > 0).all()
    assert not gradient[~KEPT].any()


def test_layer_behind_sees_only_what_is_kept(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    syn, lif, drop = network(exp)
    out, readout = hxsnn.Synapse(4, 1, exp), unit.li(1, exp, trace_offset=-48.0)
    with torch.no_grad():
        out.weight.copy_(torch.tensor([[0.0, 60.0, 0.0, 60.0]]))
    traces = []
    for mask in (KEPT, ~KEPT):
        y = readout(out(drop(lif(syn(hxsnn.NeuronHandle(spikes_of()))))))
        drop.set_mask(mask)
        hxsnn.run(exp, 60)
        traces.append(y.membrane_cadc.max())
    assert traces[0] < 2
    assert traces[1] > 10


def test_dropping_neither_routes_nor_calibrates_again(ideal_chip, monkeypatch):
    exp = hxsnn.Experiment(dt=1e-6)
    modules = network(exp)
    call(modules)
    monkeypatch.setattr(exp, "hw_routing_func", None)
    monkeypatch.setattr("hxtorch.core.calibration.for_target", None)
    call(modules, KEPT)
    call(modules, ~KEPT)


def test_each_call_draws_a_mask_and_evaluation_keeps_all():
    exp = hxsnn.Experiment(mock=True)
    drop = hxsnn.BatchDropout(4000, 0.3, exp, drop_inputs=True)
    torch.manual_seed(0)
    drop(hxsnn.NeuronHandle(torch.ones(2, 1, 4000)))
    exp.clear()
    first = drop.mask
    assert abs(first.float().mean() - 0.7) < 3.3 * (0.21 / 4000) ** 0.5
    y = drop(hxsnn.NeuronHandle(torch.ones(2, 1, 4000)))
    assert not torch.equal(first, drop.mask)
    hxsnn.run(exp, None)
    assert torch.equal(y.spikes[0, 0].bool(), drop.mask)
    drop.eval()
    y = drop(hxsnn.NeuronHandle(torch.ones(2, 1, 4000)))
    hxsnn.run(exp, None)
    assert drop.mask.all()
    assert y.spikes.all()


def test_dropped_inputs_are_not_sent(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    drop, syn, lif = hxsnn.BatchDropout(4, 0.5, exp, drop_inputs=True), hxsnn.Synapse(4, 2, exp), unit.lif(2, exp)
    spikes = spikes_of(size=4)
    x = drop(hxsnn.NeuronHandle(spikes))
    lif(syn(x))
    drop.set_mask(KEPT)
    hxsnn.run(exp, 60)
    assert exp.execution_info[0].events_sent == spikes[..., KEPT].sum()


def test_two_dropouts_of_a_population_drop_both():
    exp = hxsnn.Experiment(mock=True)
    syn, lif, drop = network(exp)
    other = hxsnn.BatchDropout(4, 0.5, exp)
    z = lif(syn(hxsnn.NeuronHandle(spikes_of())))
    drop(z), other(z)
    drop.set_mask(KEPT)
    other.set_mask(torch.tensor([True, True, False, False]))
    hxsnn.run(exp, None)
    assert z.spikes.any(0).any(0).tolist() == [True, False, False, False]


def test_own_function_gets_spikes_and_mask():
    exp = hxsnn.Experiment(mock=True)
    drop = hxsnn.BatchDropout(4, 0.5, exp, lambda spikes, mask: 2 * spikes * mask, drop_inputs=True)
    y = drop(hxsnn.NeuronHandle(torch.ones(3, 1, 4)))
    drop.set_mask(KEPT)
    hxsnn.run(exp, None)
    assert torch.equal(y.spikes[0, 0], 2.0 * KEPT)


def test_what_a_chip_could_not_drop_is_refused():
    exp = hxsnn.Experiment(mock=True)
    x = hxsnn.InputNeuron(4, exp)(hxsnn.NeuronHandle(spikes_of(size=4)))
    with pytest.raises(TypeError, match=r"got the output of InputNeuron.*, wanted that of neurons"):
        hxsnn.BatchDropout(4, 0.5, exp)(x)
    with pytest.raises(TypeError, match="got SynapseHandle, wanted NeuronHandle"):
        hxsnn.BatchDropout(4, 0.5, exp)(hxsnn.Synapse(4, 4, exp)(x))
    with pytest.raises(TypeError, match="wrap tensors"):
        hxsnn.BatchDropout(4, 0.5, exp)(spikes_of(size=4))
    with pytest.raises(TypeError, match=r"got an input of the network.*write BatchDropout\(..., drop_inputs=True\)"):
        hxsnn.BatchDropout(4, 0.5, exp)(hxsnn.NeuronHandle(spikes_of(size=4)))
    promised = hxsnn.NeuronHandle()
    hxsnn.BatchDropout(4, 0.5, exp)(promised)
    promised.put(spikes_of(size=4))
    with pytest.raises(TypeError, match="got an input of the network"):
        hxsnn.run(exp, None)


def test_mask_is_none_before_the_first_run_and_keeps_where_random_numbers_exceed_the_probability():
    exp = hxsnn.Experiment(mock=True)
    drop = hxsnn.BatchDropout(50, 0.3, exp, drop_inputs=True)
    assert drop.mask is None
    torch.manual_seed(3)
    y = drop(hxsnn.NeuronHandle(torch.ones(2, 4, 50)))
    hxsnn.run(exp, None)
    torch.manual_seed(3)
    assert torch.equal(drop.mask, torch.rand(50) > 0.3)
    assert torch.equal(y.spikes, drop.mask.float().expand(2, 4, 50))  # one mask for the batch, and nothing is scaled


def test_mask_can_be_set():
    drop = hxsnn.BatchDropout(4, 0.5, hxsnn.Experiment(mock=True))
    drop.mask = torch.tensor([1, 0, 1, 0])
    assert torch.equal(drop.mask, KEPT)
    assert drop.set_mask().shape == (4,)


def test_bad_arguments():
    exp = hxsnn.Experiment(mock=True)
    for dropout in (-0.1, 1.1, float("nan")):
        with pytest.raises(ParameterError, match="wanted 0 to 1"):
            hxsnn.BatchDropout(4, dropout, exp)
    with pytest.raises(ParameterError, match="size"):
        hxsnn.BatchDropout(0, 0.5, exp)
    with pytest.raises(TensorShapeError, match=r"wanted \(4,\)"):
        hxsnn.BatchDropout(4, 0.5, exp).set_mask(torch.ones(3))
    with pytest.raises(TensorShapeError):
        hxsnn.BatchDropout(4, 0.5, exp, drop_inputs=True)(hxsnn.NeuronHandle(spikes_of(size=3)))


@pytest.mark.parametrize("mock", [True, False])
def test_train_and_eval_differ_in_dropout_alone(ideal_chip, mock):
    exp = hxsnn.Experiment(mock=mock)
    modules = torch.nn.ModuleList(
        [
            hxsnn.InputNeuron(5, exp),
            hxsnn.Synapse(5, 4, exp),
            unit.lif(4, exp),
            hxsnn.BatchDropout(4, 1.0, exp),
            hxsnn.SparseSynapse(torch.ones(4, 3), exp),
            unit.iaf(3, exp),
            hxsnn.Synapse(3, 2, exp),
            unit.li(2, exp),
        ]
    )
    with torch.no_grad():
        for module in modules:
            if hasattr(module, "weight"):
                module.weight.fill_(2.0 if mock else 40.0)
    spikes = torch.zeros(40, 2, 5)
    spikes[5:9] = 1

    def run(*without):
        handles = [hxsnn.NeuronHandle(spikes)]
        for module in modules:
            if module not in without:
                handles.append(module(handles[-1]))
        hxsnn.run(exp, 40)
        return handles

    modules.train()
    assert run()[4].spikes.sum() == 0
    trained = run(modules[3])
    modules.eval()
    evaluated = run(modules[3])
    assert trained[3].spikes.sum() > 0
    for one, other in zip(trained, evaluated, strict=True):
        assert torch.equal(one.observable_state, other.observable_state)
    assert torch.equal(run()[-1].membrane_cadc, evaluated[-1].membrane_cadc)  # nothing is dropped
