"""Experiments, handles and what chips did look short in a console, and are tables in a notebook."""

import torch

import hxtorch.snn as hxsnn
from hxtorch import core
from hxtorch.spiking.execution_info import ExecutionInfo


def test_an_experiment_lists_its_modules():
    experiment = hxsnn.Experiment(mock=True, dt=2e-6)
    hxsnn.Synapse(4, 2, experiment=experiment)(hxsnn.NeuronHandle(torch.zeros(3, 1, 4)))
    assert repr(experiment).startswith("Experiment(dt 2 us, runs on numerics (mock=True), modules Synapse(")
    assert "Synapse(" in experiment._repr_html_()


def test_an_experiment_names_each_layer_in_full():
    experiment = hxsnn.Experiment(mock=True)
    synapse, neuron = hxsnn.Synapse(4, 2, experiment), hxsnn.Neuron(2, experiment)
    neuron(synapse(hxsnn.NeuronHandle(torch.zeros(3, 1, 4))))
    assert "modules Synapse(in_features=4, out_features=2), LIF(size=2), last run" in repr(experiment)


def test_a_handle_shows_shapes_and_units():
    shown = hxsnn.NeuronHandle(torch.zeros(3, 1, 4))._repr_html_()
    assert "<td>spikes</td><td>float32 (3, 1, 4)</td><td>spikes a step, (time, batch, neuron)</td>" in shown
    assert "<td>membrane_cadc</td><td>empty until a run</td>" in shown


def test_execution_info_is_a_table():
    info = ExecutionInfo.of({7: core.ExecutionInfo("emulator", "some-chip", "full", 1, 2e-3, 5e-3)})
    head, row = str(info).splitlines()
    assert head.split("  ")[0] == "instance"
    assert row.split() == ["7", "'some-chip'", "2", "ms", "5", "ms", "0"]
    assert "<td>2 ms</td>" in info._repr_html_()
