"""Neurons of several circuits, and what can be changed in a block of neurons."""

import pytest

from hxtorch.core import LogicalNeuronOnDLS, NeuronBlock
from hxtorch.spiking.morphology import Morphology, SingleCompartmentNeuron


def block_and_place():
    return NeuronBlock(), LogicalNeuronOnDLS()


def test_the_leak_is_disabled():
    block, place = block_and_place()
    leak = block.atomic_neurons[0].leak
    leak.enable, leak.i_bias = True, 500
    Morphology.disable_leak(place, block)
    assert not leak.enable or int(leak.i_bias) == 0


def test_spiking_is_disabled():
    block, place = block_and_place()
    block.atomic_neurons[0].threshold.enable = True
    Morphology.disable_spiking(place, block)
    assert not block.atomic_neurons[0].threshold.enable


@pytest.mark.parametrize("enable", [True, False])
def test_spikes_leave_a_neuron_or_not(enable):
    block, place = block_and_place()
    Morphology.set_spike_recording(enable, place, block)
    assert bool(block.atomic_neurons[0].event_routing.enable_digital) is enable


@pytest.mark.parametrize("name", ["membrane", "exc_synin", "inh_synin", "adaptation"])
def test_the_membrane_adc_sees_what_is_asked_for(name):
    from dlens_vx_v3 import hal

    block, place = block_and_place()
    source = hal.NeuronConfig.ReadoutSource[name]
    Morphology.enable_madc_recording(place, block, source)
    assert int(block.atomic_neurons[0].readout.source) == int(source)


def test_leak_threshold_and_capacitance_are_off_but_in_the_first_circuit():
    from dlens_vx_v3 import halco

    morphology, block = SingleCompartmentNeuron(2), NeuronBlock()
    place = LogicalNeuronOnDLS(morphology.compartments, halco.AtomicNeuronOnDLS(0))
    circuits = [block.atomic_neurons[k] for k in (0, 256)]
    for circuit in circuits:
        circuit.leak.i_bias, circuit.membrane_capacitance.capacitance, circuit.threshold.enable = 500, 63, True
    morphology.implement_morphology(place, block)
    found = [
        (int(c.leak.i_bias), int(c.membrane_capacitance.capacitance), bool(c.threshold.enable))
        for c in (block.atomic_neurons[k] for k in (0, 256))
    ]
    assert found == [(500, 63, True), (0, 0, False)]


@pytest.mark.parametrize(("circuits", "wide"), [(1, False), (2, False), (3, False), (200, True), (200, False)])
def test_any_number_of_circuits_is_placed(circuits, wide):
    morphology = SingleCompartmentNeuron(circuits, expand_horizontally=wide)
    place = LogicalNeuronOnDLS(morphology.compartments, 0)
    assert len(set(map(int, place.get_atomic_neurons()))) == circuits


def test_a_neuron_wider_than_a_row_goes_on_in_the_second():
    place = LogicalNeuronOnDLS(SingleCompartmentNeuron(200, expand_horizontally=True).compartments, 0)
    rows = {int(circuit) // 256 for circuit in place.get_atomic_neurons()}
    assert rows == {0, 1}


@pytest.mark.parametrize("name", ["compartments", "logical_neuron", "implement_morphology"])
def test_a_structure_has_the_attribute(name):
    assert hasattr(SingleCompartmentNeuron(2), name)


def test_one_circuit_lies_where_it_is_put():
    place = LogicalNeuronOnDLS(SingleCompartmentNeuron(1).compartments, 5)
    assert [int(circuit) for circuit in place.get_atomic_neurons()] == [5]
