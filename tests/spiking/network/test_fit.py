"""A fit report on an experiment says what a run would meet, without one, and its proposals run."""

import re
from itertools import pairwise

import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core.command.main import main
from hxtorch.core.interfaces import FitsOnChips
from hxtorch.snn.morphology import SingleCompartmentNeuron
from hxtorch.spiking.errors import ExperimentError

SCRIPT = """
import torch, hxtorch
from hxtorch import snn as hxsnn

exp = hxsnn.Experiment()
{layers}
hxtorch.init_hardware()
for _ in range(2):
    {call}
    hxsnn.run(exp, 4)
"""

IMPORT = "from hxtorch.snn.morphology import SingleCompartmentNeuron"


class Net(torch.nn.Module):
    def __init__(self, sizes, mock=False):
        super().__init__()
        self.exp = hxsnn.Experiment(mock=mock)
        self.synapses, self.lif = torch.nn.ModuleList(), torch.nn.ModuleList()
        for pre, post in pairwise(sizes):
            self.synapses.append(hxsnn.Synapse(pre, post, self.exp))
            self.lif.append(unit.lif(post, self.exp))

    def forward(self, inputs):
        handle = hxsnn.NeuronHandle(inputs)
        for synapse, lif in zip(self.synapses, self.lif, strict=True):
            handle = lif(synapse(handle))
        return handle


def called(*sizes, mock=False):
    net = Net(sizes, mock)
    net(torch.zeros(4, 1, sizes[0]))
    return net


def test_inputs_are_counted_by_layers_that_have_one_name():
    said = str(core.fit_report(called(100, 130, 130, 100).exp))
    assert "a neuron has 130 signed inputs (130 from 'LIF(size=130)')" in said


@pytest.mark.parametrize("mock", [True, False])
def test_a_network_is_reported_before_any_run_and_without_a_chip(mock):
    net = called(20, 10, 3, mock=mock)
    assert isinstance(net.exp, FitsOnChips)
    report = core.fit_report(net.exp, model=net)
    assert report.fits
    assert report.proposal is None
    (only,) = report.reports.values()
    assert only.population_names[1:] == ("lif[0]", "lif[1]")
    assert only.projection_names == ("synapses[0]", "synapses[1]")
    assert "inputs of 'lif[1]'      at most 10 of 128" in str(report)
    assert net.exp.mock is mock
    assert len(net.exp.modules) == 4  # the pass goes on


def test_without_a_model_layers_are_called_as_in_messages():
    net = called(20, 10)
    (only,) = core.fit_report(net.exp).reports.values()
    assert only.population_names[1] == net.lif[0].label


@pytest.mark.parametrize(
    ("sizes", "proposal"),
    [
        ((200, 10), "model.lif[0].neuron_structure = SingleCompartmentNeuron(2)"),
        ((60, 400, 10), "model.lif[1].neuron_structure = SingleCompartmentNeuron(4)"),
        (
            (100, 400, 120),
            "another_chip = hxsnn.ExecutionInstance()\n"
            "model.lif[1].neuron_structure = SingleCompartmentNeuron(4)\n"
            "model.synapses[1].execution_instance = another_chip\n"
            "model.lif[1].execution_instance = another_chip",
        ),
        (
            (100, 300, 100, 250),  # 300, 400 and 250 circuits: one layer on each of three chips
            "another_chip_1 = hxsnn.ExecutionInstance()\n"
            "another_chip_2 = hxsnn.ExecutionInstance()\n"
            "model.lif[1].neuron_structure = SingleCompartmentNeuron(4)\n"
            "model.synapses[1].execution_instance = another_chip_1\n"
            "model.lif[1].execution_instance = another_chip_1\n"
            "model.synapses[2].execution_instance = another_chip_2\n"
            "model.lif[2].execution_instance = another_chip_2",
        ),
    ],
)
def test_proposals_are_code_that_runs(sizes, proposal):
    net = called(*sizes)
    report = core.fit_report(net.exp, model=net)
    assert not report.fits
    first, *lines = report.proposal.splitlines()
    assert first == IMPORT
    assert sorted(lines) == sorted(proposal.splitlines())
    assert report.proposal in str(report)
    namespace = {"model": net, "hxsnn": hxsnn, "SingleCompartmentNeuron": SingleCompartmentNeuron}
    for line in lines:
        place, _, value = line.partition(" = ")
        made = eval(value, namespace)  # noqa: S307  # what a user would paste
        if "." in place:
            owner, _, name = place.rpartition(".")
            setattr(eval(owner, namespace), name, made)  # noqa: S307
        else:
            namespace[place] = made
    assert core.fit_report(net.exp, model=net).fits


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((100, 600), r"LIF\(size=600\): placement: got 600 .* cut the layer into 2 or more"),
        ((100, 500, 200), r"LIF\(size=200\): placement: got 200 .* run it and the layers behind it on another"),
    ],
)
def test_a_layer_without_a_place_is_named(sizes, said):
    net = called(*sizes)
    assert re.search(said, core.fit_report(net.exp, model=net).problem)


def test_asking_changes_nothing():
    net = called(200, 10)
    before = [vars(lif).copy() for lif in net.lif]
    core.fit_report(net.exp, model=net)
    for lif, old in zip(net.lif, before, strict=True):
        assert lif.neuron_structure is old["neuron_structure"]
        assert lif._execution_instance is old["_execution_instance"]


def test_after_a_run_the_report_is_of_what_ran():
    net = called(5, 3)
    with core.open_session(fidelity="ideal"):
        hxsnn.run(net.exp, 4)
        (only,) = core.fit_report(net.exp).reports.values()
    assert only.fits
    assert only.circuits[0].used == 3


def test_what_is_no_experiment_or_has_nothing_to_report_is_refused():
    with pytest.raises(ExperimentError, match="call the modules first"):
        core.fit_report(hxsnn.Experiment())
    with pytest.raises(core.ProgramError, match="got int, wanted a Network or an Experiment"):
        core.fit_report(3)
    with pytest.raises(core.ProgramError, match="rates: got some for an experiment"):
        core.fit_report(called(2, 1).exp, {})


def test_without_paths_a_proposal_is_an_argument_of_the_layer():
    net = called(200, 10)
    assert core.fit_report(net.exp).proposal == (
        f"{IMPORT}\nneuron_structure=SingleCompartmentNeuron(2)  # of {net.lif[0].label}"
    )


@pytest.mark.parametrize(
    ("layers", "call", "proposal"),
    [
        (
            "model = torch.nn.Sequential(hxsnn.Synapse(200, 10, exp), hxsnn.Neuron(10, exp))",
            "model(hxsnn.NeuronHandle(torch.zeros(4, 1, 200)))",
            "model.get_submodule('1').neuron_structure = SingleCompartmentNeuron(2)",
        ),
        (
            "synapse, neuron = hxsnn.Synapse(200, 10, exp), hxsnn.Neuron(10, exp)",
            "neuron(synapse(hxsnn.NeuronHandle(torch.zeros(4, 1, 200))))",
            "neuron_structure=SingleCompartmentNeuron(2)  # of LIF(size=10)",
        ),
        (
            "model = torch.nn.Sequential(hxsnn.Synapse(200, 10, exp), hxsnn.Neuron(10, exp))\n"
            "from hxtorch.snn.morphology import SingleCompartmentNeuron\n"
            "model.get_submodule('1').neuron_structure = SingleCompartmentNeuron(2)",
            "model(hxsnn.NeuronHandle(torch.zeros(4, 1, 200)))",
            None,
        ),
    ],
)
def test_the_command_tells_what_would_fit_in_the_words_of_the_script(layers, call, proposal, tmp_path, capfd):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(layers=layers, call=call))
    assert main(["fit", str(path)]) == (proposal is not None)
    said = capfd.readouterr().out
    assert said.startswith("The network does not fit" if proposal else "The network fits.")
    assert ("It fits with" in said) == (proposal is not None)
    assert proposal is None or said.splitlines()[-1] == proposal
