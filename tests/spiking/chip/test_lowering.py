"""Only what changed is lowered again."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import unit_layers as unit
from torch.utils._python_dispatch import TorchDispatchMode

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import calibration
from hxtorch.spiking._kernels.chip import trains
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection


@pytest.fixture
def calls(monkeypatch):
    """Count routing, weight updates and calibrations."""
    counts = {"route": 0, "update": 0, "calibrate": 0}

    def counted(name, function):
        def wrapped(*arguments, **keywords):
            counts[name] += 1
            return function(*arguments, **keywords)

        return wrapped

    monkeypatch.setattr(core, "update_network_graph", counted("update", core.update_network_graph))
    monkeypatch.setattr(calibration, "for_target", counted("calibrate", calibration.for_target))
    return counts, counted("route", core.build_routing)


@pytest.fixture
def network(ideal_chip, calls):
    counts, router = calls
    exp = hxsnn.Experiment(dt=1e-6, hw_routing_func=router)
    syn, lif, out, readout = (
        hxsnn.Synapse(5, 4, exp), unit.lif(4, exp), hxsnn.Synapse(4, 2, exp), unit.li(2, exp)
    )  # fmt: skip
    with torch.no_grad():
        syn.weight.fill_(40)
        out.weight.fill_(10)

    def step(batch=2, steps=30):
        counts.update(route=0, update=0, calibrate=0)
        spikes = torch.zeros(steps, batch, 5)
        spikes[[3, 7, 12]] = 1
        z = lif(syn(hxsnn.NeuronHandle(spikes)))
        y = readout(out(z))
        hxsnn.run(exp, steps)
        return dict(counts), z, y

    step.modules = syn, lif, out, readout
    return step


def test_first_run_routes_and_calibrates_once(network):
    assert network()[0] == {"route": 1, "update": 0, "calibrate": 1}


def test_unchanged_network_is_not_lowered_again(network):
    network()
    assert network()[0] == {"route": 0, "update": 0, "calibrate": 0}


@pytest.mark.parametrize("how", ["optimizer", "in place", "data", "new parameter"])
def test_changed_weights_are_written_and_nothing_else(network, how):
    syn = network.modules[0]
    _, before, _ = network()
    if how == "optimizer":
        optimizer = torch.optim.SGD([syn.weight], lr=1.0)
        syn.weight.grad = torch.full_like(syn.weight, 25.0)
        optimizer.step()
    elif how == "in place":
        with torch.no_grad():
            syn.weight.sub_(25.0)
    elif how == "data":
        syn.weight.data = syn.weight.data - 25.0
    else:
        syn.weight = torch.nn.Parameter(torch.full((4, 5), 15.0))
    counts, after, _ = network()
    assert counts == {"route": 0, "update": 1, "calibrate": 0}
    assert after.membrane_cadc.max() < before.membrane_cadc.max()
    assert after.spikes.sum() < before.spikes.sum()


def test_step_with_other_weights_neither_places_nor_routes_and_copies_each_tensor_once(network, monkeypatch):
    """Inputs, and weights of both layers, of which one changes."""
    network()
    counts = {}

    def count(owner, name):
        function = getattr(owner, name)

        def counted(*arguments, **keywords):
            counts[name] = counts.get(name, 0) + 1
            return function(*arguments, **keywords)

        monkeypatch.setattr(owner, name, counted)

    count(core.routing.placement.NeuronPlacement, "register_id")
    count(core, "build_network_graph")
    count(WeightedProjection, "lsb")
    count(core.networks.network, "legal_weights")
    count(trains, "find")
    count(core.Chip, "__init__")
    with torch.no_grad():
        network.modules[0].weight.sub_(25.0)
    with CountInt8Copies() as copies:
        assert network()[0] == {"route": 0, "update": 1, "calibrate": 0}
    assert counts == {"lsb": 2, "legal_weights": 1, "find": 1}
    assert sorted(copies.shapes) == [(2, 4), (4, 5)]


class CountInt8Copies(TorchDispatchMode):
    """Note the shape of each tensor of weights in LSB that torch makes."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.dtype == torch.int8 and not func.is_view:
            self.shapes.append(tuple(result.shape))
        return result


def test_weights_that_round_to_the_same_are_not_written(network):
    network()
    with torch.no_grad():
        network.modules[0].weight.add_(0.3)
    assert network()[0]["update"] == 0


def test_batch_and_runtime_may_change_freely(network):
    network()
    assert network(batch=5, steps=50)[0] == {"route": 0, "update": 0, "calibrate": 0}


def test_changed_parameter_calibrates_again_and_does_not_route(network):
    lif = network.modules[1]
    _, before, _ = network()
    lif.threshold = hxsnn.MixedHXModelParameter(1.0, 150)
    counts, after, _ = network()
    assert counts == {"route": 0, "update": 0, "calibrate": 1}
    assert after.membrane_cadc.max() > before.membrane_cadc.max()
    assert network()[0]["calibrate"] == 0


def test_changed_recording_routes_again(network):
    _, before, _ = network()
    network.modules[1].enable_cadc_recording = False
    counts, after, _ = network()
    assert counts == {"route": 1, "update": 0, "calibrate": 0}
    assert torch.equal(after.spikes, before.spikes)


def test_changed_connections_route_again(ideal_chip, calls):
    counts, router = calls
    exp = hxsnn.Experiment(dt=1e-6, hw_routing_func=router)
    syn, lif = hxsnn.SparseSynapse(torch.eye(3), exp, packed=True), unit.lif(3, exp, trace_offset=-48.0)
    torch.nn.init.constant_(syn.weight, 40)
    spikes = torch.zeros(30, 1, 3)
    spikes[5, 0, 0] = 1

    def reached():
        z = lif(syn(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, 30)
        return (z.membrane_cadc.amax((0, 1)) > 5).tolist()

    assert reached() == [True, False, False]
    syn.pattern[1] = torch.tensor([1, 2, 0])
    assert reached() == [False, True, False]
    assert counts["route"] == 2


def test_other_chip_is_calibrated(network):
    network()
    with core.open_session(serial="emulated-2", fidelity="ideal"):
        assert network()[0] == {"route": 0, "update": 0, "calibrate": 1}


def test_target_has_the_values_of_each_neuron(network, monkeypatch):
    _, lif, _, readout = network.modules
    targets = []
    original = calibration.for_target
    monkeypatch.setattr(
        calibration, "for_target", lambda chip, target: targets.append(target) or original(chip, target)
    )
    lif.threshold = hxsnn.MixedHXModelParameter(1.0, torch.tensor([120.0, 125, 130, 135]))
    readout.leak = hxsnn.MixedHXModelParameter(0.0, 100)
    network()
    (target,) = targets
    assert target.per_neuron("threshold")[:7].tolist() == [120, 125, 130, 135, 120, 120, 120]
    assert target.per_neuron("leak")[:7].tolist() == [80, 80, 80, 80, 100, 100, 80]
    assert target.values()["tau_mem"].shape == ()
    assert np.all(target.per_neuron("refractory_time") == 1e-6)


def test_neurons_that_failed_to_calibrate_are_logged_once(network, monkeypatch, caplog):
    original = calibration.for_target

    def failing(chip, target):
        success = np.ones(512, np.bool_)
        success[[1, 5, 99]] = False
        return replace(original(chip, target), success=success)

    monkeypatch.setattr(calibration, "for_target", failing)
    network()
    network()
    (record,) = [record for record in caplog.records if record.name == "hxtorch.spiking.lowering.lower"]
    assert record.getMessage() == "2 neurons in use did not reach the calibration's target: [1, 5]"


def test_weights_of_the_chip_are_those_of_the_model(network):
    syn, _, out, _ = network.modules
    with torch.no_grad():
        syn.weight.copy_(torch.arange(20.0).reshape(4, 5) - 10)
        out.weight.copy_(torch.arange(8.0).reshape(2, 4) * 100 - 300)
    programs = []
    session = core.current_session()
    original = session.run_spiking
    session.run_spiking = lambda program: programs.append(program) or original(program)
    network()
    (program,) = programs
    weight = program.configuration.weight.astype(int)
    signed = weight[0, 1::2] - weight[0, 0::2]
    for column, row in enumerate([*syn.weight.tolist(), *out.weight.clamp(-63, 63).tolist()]):
        assert sorted(signed[:, column][signed[:, column] != 0]) == sorted(value for value in row if value)
    assert program.configuration.enable_threshold.nonzero()[0].tolist() == [0, 1, 2, 3]
