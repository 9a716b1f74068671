"""Neurons of several circuits."""

import pytest
import torch

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core.vocabulary.coordinates import LogicalNeuronOnDLS
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.morphology import Morphology, SingleCompartmentNeuron


def switches(chip):
    names = ("connect_right", "connect_vertical", "connect_soma", "connect_soma_right", "enable_threshold")
    return {name: getattr(chip, name).nonzero()[0].tolist() for name in names}


@pytest.mark.parametrize(
    ("size", "horizontally", "circuits", "right", "vertical"),
    [
        (1, False, [5], [], []),
        (2, False, [5, 261], [], [5, 261]),
        (4, False, [5, 261, 6, 262], [5, 261], [5, 6, 261, 262]),
        (3, True, [5, 6, 7], [5, 6], []),
    ],
)
def test_circuits_of_one_compartment_are_joined(size, horizontally, circuits, right, vertical):
    structure = SingleCompartmentNeuron(size, expand_horizontally=horizontally)
    place = LogicalNeuronOnDLS(structure.logical_neuron, 5)
    assert [int(circuit) for circuit in place.get_atomic_neurons()] == circuits
    assert [len(compartment) for compartment in structure.compartments.values()] == [size]
    block = core.NeuronBlock()
    assert structure.implement_morphology(place, block) is block
    assert switches(block.chip) == {
        "connect_right": right,
        "connect_vertical": vertical,
        "connect_soma": [],
        "connect_soma_right": [],
        "enable_threshold": [5],
    }


def test_switches_of_a_neuron():
    structure = SingleCompartmentNeuron(4)
    place = LogicalNeuronOnDLS(structure.logical_neuron, 100)
    block = structure.implement_morphology(place, core.NeuronBlock())
    chip = block.chip
    assert chip.enable_leak.all()
    structure.disable_leak(place, block)
    assert (~chip.enable_leak).nonzero()[0].tolist() == [100, 101, 356, 357]
    structure.set_spike_recording(True, place, block)
    assert chip.enable_spike_output.nonzero()[0].tolist() == [100]
    structure.set_spike_recording(False, place, block)
    assert not chip.enable_spike_output.any()
    structure.disable_spiking(place, block)
    assert not chip.enable_threshold.any()
    structure.enable_madc_recording(place, block, 3)
    assert chip.readout_source.nonzero()[0].tolist() == [100]
    structure.enable_madc_recording(place, block)
    assert not chip.readout_source.any()


@pytest.mark.parametrize("size", [0, -1, 1.0, True, 3, 258])
def test_sizes_that_do_not_fit(size):
    with pytest.raises(ParameterError, match="size"):
        SingleCompartmentNeuron(size)
    with pytest.raises(ParameterError, match="at most 128"):
        SingleCompartmentNeuron(129, expand_horizontally=True)


def test_structure_is_a_morphology():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(ParameterError, match="neuron_structure"):
        hxsnn.Neuron(2, exp, neuron_structure=2)
    assert Morphology.__abstractmethods__


def test_structure_is_placed_and_joined_on_the_chip(ideal_chip, monkeypatch):
    programs = []
    run = ideal_chip.run_spiking
    monkeypatch.setattr(ideal_chip, "run_spiking", lambda program: programs.append(program) or run(program))
    exp = hxsnn.Experiment()
    lif = hxsnn.Neuron(3, exp, neuron_structure=SingleCompartmentNeuron(2))
    syn = hxsnn.Synapse(5, 3, exp)
    torch.nn.init.constant_(syn.weight, 60)
    spikes = torch.zeros(40, 1, 5)
    spikes[[5, 6, 7, 8]] = 1
    z = lif(syn(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, 40)
    assert lif.circuits().tolist() == [[0, 256], [1, 257], [2, 258]]
    configuration = programs[0].configuration
    assert configuration.connect_vertical.nonzero()[0].tolist() == [0, 1, 2, 256, 257, 258]
    assert configuration.enable_threshold.nonzero()[0].tolist() == [0, 1, 2]
    assert z.spikes.shape == (40, 1, 3)
    assert (z.spikes.sum(0) > 0).all()


def test_capacitances_of_joined_circuits_add_up(ideal_chip):
    """A synapse of a neuron of n circuits moves its membrane by an n-th."""
    heights = []
    for size in (1, 2, 4):
        exp = hxsnn.Experiment()
        syn = hxsnn.Synapse(5, 2, exp)
        torch.nn.init.constant_(syn.weight, 30)
        spikes = torch.zeros(60, 1, 5)
        spikes[10] = 1
        structure = SingleCompartmentNeuron(size)
        y = hxsnn.ReadoutNeuron(2, exp, neuron_structure=structure)(syn(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, 60)
        heights.append(float(y.membrane_cadc[..., 0].detach().amax() - y.membrane_cadc[0, 0, 0].detach()))
    assert heights[0] == pytest.approx(2 * heights[1], abs=2)
    assert heights[1] == pytest.approx(2 * heights[2], abs=2)
    assert heights[2] > 8
