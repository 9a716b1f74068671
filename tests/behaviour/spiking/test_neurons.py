"""Neurons: what they take and show, their defaults, and what the chip does to them."""

import inspect

import pytest
import torch

import hxtorch.snn as hxsnn
import hxtorch.spiking.functional as F
from hxtorch.spiking.morphology import SingleCompartmentNeuron


@pytest.mark.parametrize(
    "name",
    [
        "cadc_time_shift",
        "descriptor",
        "interpolation_mode",
        "offset",
        "params",
        "scale",
        "shift_cadc_to_first",
        "size",
        "unit_ids",
        "mask",
        "register_hw_entity",
        "add_to_network_graph",
        "configure_hw_entity",
        "post_process",
        "add_to_input_generator",
        "create_default_hw_entity",
        "output_type",
    ],
)
def test_a_neuron_has_the_attribute(experiment, name):
    assert hasattr(hxsnn.Neuron(3, experiment), name)


@pytest.mark.parametrize(
    "name", ["register_hw_entity", "add_to_input_generator", "add_to_network_graph", "post_process", "output_type"]
)
def test_an_input_has_the_attribute(experiment, name):
    assert hasattr(hxsnn.InputNeuron(3, experiment), name)


def test_a_mask_is_kept(experiment):
    neuron, mask = hxsnn.Neuron(3, experiment), torch.tensor([True, False, True])
    neuron.mask = mask
    assert torch.equal(neuron.mask, mask)


def test_a_default_circuit_needs_no_neuron():
    from dlens_vx_v3 import lola

    assert isinstance(hxsnn.Neuron.create_default_hw_entity(), lola.AtomicNeuron)


@pytest.mark.parametrize("third", [F.cuba_lif_integration, F.LIF], ids=["function", "autograd function"])
def test_the_third_position_may_be_a_function_and_the_fourth_its_parameters(experiment, third):
    params = F.CUBALIFParams()
    neuron = hxsnn.Neuron(3, experiment, third, params)
    assert neuron.params == params
    z = neuron(hxsnn.Synapse(2, 3, experiment)(hxsnn.NeuronHandle(torch.ones(5, 1, 2))))
    hxsnn.run(experiment, None)
    assert z.spikes.shape == (5, 1, 3)


@pytest.mark.parametrize("kind", ["LIF", "LI", "Neuron", "IAFNeuron", "ReadoutNeuron", "AELIF"])
def test_defaults_are_80_80_125_for_model_and_chip(experiment, kind):
    neuron = getattr(hxsnn, kind)(2, experiment)
    wanted = {"leak": 80, "reset": 80, "threshold": 125}
    if kind in ("LI", "ReadoutNeuron"):
        wanted = {"leak": 80}
    if kind == "IAFNeuron":
        del wanted["leak"]
    for name, value in wanted.items():
        parameter = getattr(neuron, name)
        assert (parameter.model_value, parameter.hardware_value) == (value, value), name


def test_unknown_parameters_are_kept_and_said(experiment):
    with pytest.warns(UserWarning, match="anything"):
        hxsnn.IAFNeuron(2, experiment, anything=3)


def test_a_constraint_of_the_wrong_length_is_refused_at_once(experiment):
    from dlens_vx_v3 import halco

    with pytest.raises(ValueError, match=r"placement_constraint.*1.*3"):
        hxsnn.Neuron(3, experiment, placement_constraint=[halco.LogicalNeuronOnDLS()])


def test_traces_are_not_shifted_by_default(experiment):
    assert hxsnn.IAFNeuron(2, experiment).cadc_time_shift == 0


def test_an_iaf_neuron_has_no_leak_on_the_chip(experiment):
    from hxtorch.core import LogicalNeuronOnDLS, NeuronBlock

    block = NeuronBlock()
    block.atomic_neurons[0].leak.i_bias = 500
    block = hxsnn.IAFNeuron(1, experiment).configure_hw_entity(0, block, LogicalNeuronOnDLS())
    assert int(block.atomic_neurons[0].leak.i_bias) == 0


def test_forward_func_of_an_iaf_neuron_gives_a_handle(experiment):
    handle = hxsnn.IAFNeuron(2, experiment).forward_func(hxsnn.SynapseHandle(torch.zeros(5, 1, 2)))
    assert isinstance(handle, hxsnn.NeuronHandle)
    assert handle.spikes.shape == (5, 1, 2)


def test_arguments_of_an_iaf_neuron_in_the_order_of_the_document():
    wanted = [
        "size",
        "experiment",
        "reset",
        "threshold",
        "tau_mem",
        "tau_syn",
        "i_synin_gm",
        "membrane_capacitance",
        "refractory_time",
        "synapse_dac_bias",
        "holdoff_time",
        "method",
        "alpha",
        "execution_instance",
        "enable_spike_recording",
        "enable_cadc_recording",
        "enable_cadc_recording_placement_in_dram",
        "enable_madc_recording",
        "record_neuron_id",
        "placement_constraint",
        "trace_offset",
        "trace_scale",
        "cadc_time_shift",
        "shift_cadc_to_first",
        "interpolation_mode",
        "neuron_structure",
    ]
    have = [name for name in inspect.signature(hxsnn.IAFNeuron).parameters if name not in ("self", "chip_coordinate")]
    assert have[: len(wanted)] == wanted


def test_the_membrane_adc_gives_times_and_samples_as_a_tensor(run_on_chip):
    z = run_on_chip(hxsnn.Neuron, 50, batch=2, enable_madc_recording=True, record_neuron_id=0)
    assert z.membrane_madc.dtype == torch.float32
    assert z.membrane_madc.shape[::2] == (2, 2)
    assert (z.membrane_madc[0].diff(dim=0) > 0).all()
    assert run_on_chip(hxsnn.Neuron, 20).membrane_madc is None


def test_a_readout_takes_a_leak_and_gives_no_spikes(experiment):
    readout = hxsnn.ReadoutNeuron(2, experiment, leak=3.0)
    assert readout.leak.model_value == 3.0
    assert hxsnn.ReadoutNeuron.output_type is hxsnn.ReadoutNeuronHandle


def test_a_dropout_mask_is_drawn_set_and_read(experiment):
    dropout = hxsnn.BatchDropout(400, 0.5, experiment)
    assert dropout.mask is None
    kept = dropout.set_mask()
    assert kept.shape == (400,)
    assert 0.3 < kept.float().mean() < 0.7
    mask = torch.arange(400) % 2 == 0
    dropout.mask = mask
    assert torch.equal(dropout.mask, mask)


def test_dropout_keeps_all_when_it_is_not_trained(experiment):
    dropout = hxsnn.BatchDropout(40, 0.5, experiment)
    dropout.eval()
    assert dropout.set_mask().all()


def test_the_mock_cell_of_the_tutorial_rests_at_80_and_stays_below_125(experiment):
    synapse, neuron = hxsnn.Synapse(1, 1, experiment), hxsnn.Neuron(1, experiment)
    synapse.weight.data.fill_(50)
    x = torch.zeros(50, 1, 1)
    x[[10, 15, 20, 30]] = 1
    z = neuron(synapse(hxsnn.NeuronHandle(x)))
    hxsnn.run(experiment, 50)
    assert float(z.membrane_cadc.detach().min()) == pytest.approx(80, abs=0.1)
    assert 110 < float(z.membrane_cadc.detach().max()) <= 125
    assert int(z.spikes.detach().sum()) in (1, 2)


def test_a_psp_is_that_of_one_circuit_within_15_percent_for_eight(chip):
    """Ours, beyond the documents: a neuron of more circuits has more rows and the same membrane."""
    peaks = {}
    x = torch.zeros(60, 30, 1)
    x[10] = 1
    for circuits in (1, 8):
        experiment = hxsnn.Experiment()
        synapse = hxsnn.Synapse(1, 10, experiment)
        synapse.weight.data.fill_(63.0)
        structure = SingleCompartmentNeuron(circuits)
        readout = hxsnn.ReadoutNeuron(10, experiment, shift_cadc_to_first=True, neuron_structure=structure)
        y = readout(synapse(hxsnn.NeuronHandle(x)))
        hxsnn.run(experiment, 60)
        mean = y.membrane_cadc.detach().mean(1)
        peaks[circuits] = float((mean - mean[:10].mean(0)).max(0).values.mean())
    assert peaks[8] == pytest.approx(peaks[1], rel=0.15)


def test_spikes_at_or_after_the_runtime_are_ignored_on_the_chip(chip):
    experiment = hxsnn.Experiment()
    synapse, readout = hxsnn.Synapse(1, 1, experiment), hxsnn.ReadoutNeuron(1, experiment)
    synapse.weight.data.fill_(63.0)
    x = torch.zeros(30, 1, 1)
    x[25] = 1
    y = readout(synapse(hxsnn.NeuronHandle(x)))
    with pytest.warns(UserWarning, match="runtime"):
        hxsnn.run(experiment, 20)
    assert y.membrane_cadc.detach().std() < 3
