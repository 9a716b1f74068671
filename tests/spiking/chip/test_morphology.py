"""Neurons of several circuits."""

import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import compat
from hxtorch.core.vocabulary.coordinates import LogicalNeuronOnDLS
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.morphology import Morphology, SingleCompartmentNeuron
from hxtorch.spiking.utils.readout_source import ReadoutSource


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
        (3, False, [5, 261, 6], [5], [5, 261]),
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


def test_readout_sources_of_the_chip_s_software_are_those_of_layers():
    """Scripts hand over ``hal.NeuronConfig.ReadoutSource``."""
    with compat.installed():
        from dlens_vx_v3 import hal

        source = hal.NeuronConfig.ReadoutSource.adaptation
    block = core.NeuronBlock()
    Morphology.enable_madc_recording(LogicalNeuronOnDLS(anchor=5), block, source)
    assert block.chip.readout_source.nonzero()[0].tolist() == [5]
    assert block.chip.readout_source[5] == ReadoutSource.adaptation
    assert ReadoutSource.of(source) is ReadoutSource.adaptation


@pytest.mark.parametrize("size", [0, -1, 1.0, True, 257])
@pytest.mark.parametrize("horizontally", [False, True])
def test_sizes_that_do_not_fit(size, horizontally):
    with pytest.raises(ParameterError, match=r"size.*from 1 to 256"):
        SingleCompartmentNeuron(size, horizontally)


@pytest.mark.parametrize(("horizontally", "upper", "lower"), [(True, 128, 72), (False, 101, 100)])
def test_more_circuits_than_a_row_has_take_both(horizontally, upper, lower):
    size = upper + lower
    structure = SingleCompartmentNeuron(size, expand_horizontally=horizontally)
    place = LogicalNeuronOnDLS(structure.compartments, 128)
    circuits = sorted(int(circuit) for circuit in place.get_atomic_neurons())
    assert circuits == [*range(128, 128 + upper), *range(384, 384 + lower)]


def test_the_first_circuit_alone_has_capacitance_leak_and_threshold():
    """Said by the class of the documents: "for all but the first neuron circuit leak, threshold and capacitance are
    disabled"."""
    structure = SingleCompartmentNeuron(4)
    place = LogicalNeuronOnDLS(structure.compartments, 2)
    block = core.NeuronBlock()
    for circuit in place.get_atomic_neurons():
        neuron = block.atomic_neurons[circuit]
        neuron.leak.i_bias, neuron.membrane_capacitance.capacitance, neuron.threshold.enable = 500, 63, True
    structure.implement_morphology(place, block)
    chip = block.chip
    for circuit, wanted in ((2, (500, 63, True)), (258, (0, 0, False)), (3, (0, 0, False)), (259, (0, 0, False))):
        found = chip.i_leak[circuit], chip.membrane_capacitance[circuit], chip.enable_threshold[circuit]
        assert found == wanted
    added = SingleCompartmentNeuron(4, add_up=True)
    block = added.implement_morphology(place, core.NeuronBlock())
    assert (block.chip.membrane_capacitance == 63).all()
    assert (block.chip.i_leak > 0).all()
    assert block.chip.enable_threshold.nonzero()[0].tolist() == [2]
    assert added.logical_neuron != structure.logical_neuron
    assert structure.logical_neuron == SingleCompartmentNeuron(4).logical_neuron


def registers(chip, names, circuit):
    return {name: int(getattr(chip, name)[circuit]) for name in names}


def test_setters_of_terms_take_codes_and_need_no_object():
    place, block = LogicalNeuronOnDLS(SingleCompartmentNeuron(2).compartments, 3), core.NeuronBlock()
    Morphology.set_exponential_params(place, block, 600.4, 100)
    Morphology.set_adaptation_base_params(place, block, 200)
    Morphology.set_subthreshold_adaptation_strength(place, block, -70, 500)
    Morphology.set_spike_triggered_adaptation_increment(place, block, 80, (3, 4))
    wanted = {
        "enable_exponential": 1, "v_exp": 600, "i_exp": 100, "enable_adaptation": 1, "i_adapt_tau": 200,
        "i_adapt_a": 70, "adaptation_a_negative": 1, "v_adapt_leak": 500, "i_adapt_b": 80, "adaptation_b_negative": 0,
    }  # fmt: skip
    assert registers(block.chip, wanted, 3) == wanted
    assert block.chip.adaptation_pulse_scale.tolist() == [3, 4]
    Morphology.set_spike_triggered_adaptation_increment(place, block, -80)
    assert block.chip.adaptation_pulse_scale.tolist() == [5, 5]
    assert registers(block.chip, ["i_adapt_b", "adaptation_b_negative"], 3) == {
        "i_adapt_b": 80,
        "adaptation_b_negative": 1,
    }
    assert not block.chip.enable_adaptation[259]


def test_setters_refuse_codes_that_no_cell_has():
    place, block = LogicalNeuronOnDLS(), core.NeuronBlock()
    with pytest.raises(ParameterError, match="tau_adap: got 1023, wanted a code of an analog cell from 0 to 1022"):
        Morphology.set_adaptation_base_params(place, block, 1023)
    with pytest.raises(ParameterError, match="exponential_slope: got -1"):
        Morphology.set_exponential_params(place, block, 5, -1)
    with pytest.raises(core.ConfigurationError, match="adaptation_pulse_scale"):
        Morphology.set_spike_triggered_adaptation_increment(place, block, 5, (5, 16))


def test_numbers_become_codes_of_analog_cells_in_their_order():
    assert Morphology.format_to_CapMemCell_value(a=3.6, b=torch.tensor(1022.2), c=0) == (4, 1022, 0)
    for value in (float("nan"), None, "x", [1, 2]):
        with pytest.raises(ParameterError, match="b: got "):
            Morphology.format_to_CapMemCell_value(a=1, b=value)


def test_structure_is_a_morphology():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(ParameterError, match="neuron_structure"):
        unit.lif(2, exp, neuron_structure=2)
    assert Morphology.__abstractmethods__


def test_structure_is_placed_and_joined_on_the_chip(ideal_chip, monkeypatch):
    programs = []
    run = ideal_chip.run_spiking
    monkeypatch.setattr(ideal_chip, "run_spiking", lambda program: programs.append(program) or run(program))
    exp = hxsnn.Experiment()
    lif = unit.lif(3, exp, neuron_structure=SingleCompartmentNeuron(2))
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


def height(structure, neurons=2, batch=1, weight=30):
    """Return the mean height of the response to one spike, LSB."""
    exp = hxsnn.Experiment()
    syn = hxsnn.Synapse(5, neurons, exp)
    torch.nn.init.zeros_(syn.weight)
    syn.weight.data[:, 0] = weight
    spikes = torch.zeros(60, batch, 5)
    spikes[10] = 1
    y = hxsnn.ReadoutNeuron(neurons, exp, neuron_structure=structure)(syn(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, 60)
    trace = y.membrane_cadc.detach().mean(1)
    return float((trace - trace[:10].mean(0)).amax(0).mean())


def test_capacitances_of_joined_circuits_add_up_if_asked_for(ideal_chip):
    """A synapse of a neuron of n circuits moves its membrane by an n-th."""
    heights = [height(SingleCompartmentNeuron(size, add_up=True), weight=60) for size in (1, 2, 4)]
    assert heights[0] == pytest.approx(2 * heights[1], abs=2)
    assert heights[1] == pytest.approx(2 * heights[2], abs=2)
    assert heights[2] > 2


@pytest.mark.parametrize("fidelity", ["ideal", "full"])
def test_a_neuron_of_eight_circuits_responds_as_one_of_a_single_circuit(fidelity):
    """The 15 % are those of the project's table of meanings, 10 neurons and 30 runs as there."""
    with core.open_session(serial="emulated-1", fidelity=fidelity, seed=0):
        one, eight = (height(SingleCompartmentNeuron(size), 10, 30, 63) for size in (1, 8))
    assert one > 10
    assert eight == pytest.approx(one, rel=0.15)


@pytest.mark.parametrize(("size", "horizontally"), [(3, False), (5, False), (130, False), (130, True)])
def test_neurons_of_odd_and_of_many_circuits_run(ideal_chip, size, horizontally):
    assert height(SingleCompartmentNeuron(size, horizontally), 2) > 2


def test_layers_trim_what_passive_circuits_have_left_of_their_capacitance():
    place = LogicalNeuronOnDLS(SingleCompartmentNeuron(8).compartments)
    for structure, wanted in (
        (SingleCompartmentNeuron(8), 40),
        (SingleCompartmentNeuron(8, add_up=True), 63),
        (SingleCompartmentNeuron(1), 63),
        (SingleCompartmentNeuron(200), 0),
    ):
        block = core.NeuronBlock()
        structure.trim_capacitance(place, block)
        assert block.chip.membrane_capacitance[0] == wanted
