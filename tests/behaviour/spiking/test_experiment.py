"""What an experiment takes, collects, runs and shows."""

import inspect
from importlib import import_module

import numpy as np
import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch import core
from hxtorch.spiking.experiment import BaseExperiment, NeuronPlacement


def positions(function, count):
    return [name for name in inspect.signature(function).parameters if name != "self"][:count]


def test_the_base_of_experiments_is_abstract():
    assert inspect.isabstract(BaseExperiment)


@pytest.mark.parametrize(
    "arguments",
    [
        {"mock": True, "dt": 1e-6},
        {"mock": True, "dt": 1e-6, "hw_routing_func": core.build_routing},
        {"mock": True, "execution_instance": hxsnn.ExecutionInstance()},
    ],
)
def test_an_experiment_takes_a_routing_function_or_an_execution_instance(arguments):
    assert hxsnn.Experiment(**arguments).mock is True


def test_mock_and_dt_come_first():
    experiment = hxsnn.Experiment(True, 2e-6)
    assert (experiment.mock, experiment.dt) == (True, 2e-6)


@pytest.mark.parametrize(
    ("method", "wanted"),
    [
        ("connect", ["module", "input_handles", "output_handle"]),
        ("get_hw_results", ["runtime"]),
        ("wrap_modules", ["modules", "func"]),
    ],
)
def test_positions_of_methods(method, wanted):
    assert positions(getattr(hxsnn.Experiment, method), len(wanted)) == wanted


def test_clear_forgets_what_was_called(network):
    network.experiment.clear()
    assert network.experiment.modules.get_id_by_module(network.neuron) is None


def test_load_calib_without_a_path_loads_the_nightly_one_and_returns_the_chip(chip):
    assert hxsnn.Experiment().load_calib() is not None


@pytest.mark.parametrize("method", ["register_population", "register_projection"])
def test_anything_is_registered(experiment, method):
    assert getattr(experiment, method)(object()) is None


@pytest.mark.parametrize(
    "name",
    [
        "cadc_recording",
        "execution_instance",
        "grenade_network",
        "grenade_network_graph",
        "has_madc_recording",
        "hw_routing_func",
        "id_counter",
        "injection_inside_realtime_begin",
        "injection_inside_realtime_end",
        "injection_post_realtime",
        "injection_pre_realtime",
        "injection_pre_static_config",
        "neuron_placement",
    ],
)
def test_an_experiment_has_the_attribute(name):
    assert hasattr(hxsnn.Experiment(), name)


def test_an_experiment_starts_without_recording_numbers_and_network():
    experiment = hxsnn.Experiment()
    assert experiment.id_counter == 0
    assert not experiment.has_madc_recording
    assert experiment.grenade_network is None
    assert experiment.injection_pre_realtime is None


def test_neurons_are_placed_by_number():
    from dlens_vx_v3 import halco

    placement, one = NeuronPlacement(), halco.LogicalNeuronCompartments()
    placement.register_id([0, 1, 2], one)
    placement.register_id(3, one, halco.LogicalNeuronOnDLS(one, halco.AtomicNeuronOnDLS(100)))
    placement.register_id(np.arange(10, 12), one)
    assert len(placement.id2logicalneuron([0, 1])) == 2
    assert [int(n) for n in placement.id2logicalneuron(3).get_atomic_neurons()] == [100]
    used = [int(placement.id2logicalneuron(k).get_atomic_neurons()[0]) for k in (0, 1, 2, 3, 10, 11)]
    assert len(set(used)) == 6


def test_the_module_has_a_log():
    import_module("hxtorch.spiking.experiment").log.INFO("once")


def test_run_fills_the_handles(experiment):
    synapse = hxsnn.Synapse(2, 3, experiment)
    handle = synapse(hxsnn.NeuronHandle(torch.zeros(5, 1, 2)))
    assert handle.graded_spikes is None
    assert hxsnn.run(experiment, None) is None
    assert handle.graded_spikes.shape == (5, 1, 3)


def test_run_is_a_function_and_a_module():
    assert import_module("hxtorch.spiking.run").run is hxsnn.run


def test_a_run_on_the_chip_says_what_it_took(chip):
    experiment = hxsnn.Experiment()
    hxsnn.Neuron(3, experiment)(hxsnn.Synapse(2, 3, experiment)(hxsnn.NeuronHandle(torch.zeros(20, 1, 2))))
    info = hxsnn.run(experiment, 20)
    assert info.time is not None
    assert info.health is not None
