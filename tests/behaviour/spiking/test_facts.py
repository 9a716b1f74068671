"""Facts of experiments, recordings and modules that scripts lean on, as a script meets them."""

import importlib

import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch import core
from hxtorch.spiking.utils.readout_source import ReadoutSource


def layer(experiment, kind=hxsnn.Neuron, steps=50, size=2, **arguments):
    """One source and a layer, called once with silence."""
    synapse, neuron = hxsnn.Synapse(1, size, experiment), kind(size, experiment, **arguments)
    synapse.weight.data.fill_(40.0)
    return neuron, neuron(synapse(hxsnn.NeuronHandle(torch.zeros(steps, 1, 1))))


def test_outputs_keep_the_length_of_the_input_beyond_the_runtime(chip):
    experiment = hxsnn.Experiment()
    _, handle = layer(experiment, steps=50)
    hxsnn.run(experiment, 30)
    assert handle.membrane_cadc.shape == handle.spikes.shape == (50, 1, 2)
    assert torch.equal(handle.membrane_cadc[31:], handle.membrane_cadc[30].expand(19, 1, 2))


def test_a_runtime_on_a_chip_is_whole(chip):
    experiment = hxsnn.Experiment()
    layer(experiment)
    with pytest.raises(ValueError, match=r"runtime: got 30\.0"):
        hxsnn.run(experiment, 30.0)


def test_the_membrane_adc_gives_about_3235_samples_in_110_us(chip):
    experiment = hxsnn.Experiment()
    _, handle = layer(experiment, steps=110, enable_madc_recording=True, record_neuron_id=0)
    hxsnn.run(experiment, 110)
    assert handle.membrane_madc.dtype == torch.float32
    rows, samples, batch = handle.membrane_madc.shape
    assert (rows, batch) == (2, 1)
    assert abs(samples - 3235) <= 5


def test_a_second_neuron_on_the_membrane_adc_is_a_runtime_error(chip):
    experiment = hxsnn.Experiment()
    for _ in range(2):
        layer(experiment, enable_madc_recording=True, record_neuron_id=0)
    with pytest.raises(RuntimeError, match="both record by MADC"):
        hxsnn.run(experiment, 50)


def test_a_mapping_without_a_neuron_of_the_layer_is_a_key_error(chip):
    experiment = hxsnn.Experiment()
    layer(experiment, trace_offset={core.AtomicNeuronOnDLS(511): 1.0})
    with pytest.raises(KeyError, match="trace_offset"):
        hxsnn.run(experiment, 50)


def test_readout_sources_can_be_set_between_runs(chip):
    experiment = hxsnn.Experiment()
    neuron, handle = layer(experiment, hxsnn.AELIF)
    hxsnn.run(experiment, 50)
    neuron.cadc_readout_source = ReadoutSource.ADAPTATION
    synapse = hxsnn.Synapse(1, 2, experiment)
    other = neuron(synapse(hxsnn.NeuronHandle(torch.zeros(50, 1, 1))))
    hxsnn.run(experiment, 50)
    assert not torch.equal(handle.adaptation_cadc, other.adaptation_cadc)
    assert neuron.cadc_readout_source is ReadoutSource.ADAPTATION


def test_leaky_integrators_have_no_spikes():
    experiment = hxsnn.Experiment(mock=True)
    _, handle = layer(experiment, hxsnn.LI)
    hxsnn.run(experiment, None)
    assert not hasattr(handle, "spikes")
    assert not issubclass(hxsnn.LI, hxsnn.LIF)


def test_dropout_behind_other_things_than_neurons_is_a_type_error():
    experiment = hxsnn.Experiment(mock=True)
    dropout, synapse = hxsnn.BatchDropout(2, 0.5, experiment), hxsnn.Synapse(1, 2, experiment)
    assert dropout.mask is None
    with pytest.raises(TypeError, match="SynapseHandle"):
        dropout(synapse(hxsnn.NeuronHandle(torch.zeros(5, 1, 1))))


def test_a_circle_without_a_wrapper_is_a_value_error():
    experiment = hxsnn.Experiment(mock=True)
    synapse, neuron, handle = hxsnn.Synapse(2, 2, experiment), hxsnn.Neuron(2, experiment), hxsnn.NeuronHandle()
    neuron(synapse(handle), output=handle)
    with pytest.raises(ValueError, match="circle"):
        hxsnn.run(experiment, None)


def test_recordings_and_rules_are_methods_of_one_instance_and_properties_of_the_set():
    instance, experiment = hxsnn.ExecutionInstance(), hxsnn.Experiment(mock=True)
    assert instance.cadc_recordings() is None
    assert list(instance.plasticity_rules()) == []
    assert instance.generate_playback_hooks() == core.ExecutionInstanceHooks()
    every = experiment.execution_instances
    assert isinstance(every, set)
    assert not callable(every.cadc_recordings)
    assert not callable(every.plasticity_rules)
    assert hxsnn.Neuron(1, experiment).execution_instance is None


def test_samples_in_dram_and_sram_together_are_a_runtime_error(chip):
    experiment = hxsnn.Experiment()
    layer(experiment)
    layer(experiment, enable_cadc_recording_placement_in_dram=True)
    with pytest.raises(RuntimeError, match="placement_in_dram"):
        hxsnn.run(experiment, 50)


def test_loopback_is_off_on_an_instance_and_on_for_graphs():
    assert not hxsnn.ExecutionInstance().input_loopback
    assert hxsnn.ConversionConfig().input_loopback


def test_make_trainable_gives_the_parameter_and_its_function_the_value_the_chip_and_where(chip):
    seen = []
    experiment = hxsnn.Experiment()
    neuron = hxsnn.Neuron(2, experiment, tau_mem=hxsnn.MixedHXModelParameter(1e-5, 1e-5))
    assert neuron.tau_mem.make_trainable(lambda *given: seen.append(given)) is neuron.tau_mem
    synapse = hxsnn.Synapse(1, 2, experiment)
    neuron(synapse(hxsnn.NeuronHandle(torch.zeros(9, 1, 1))))
    hxsnn.run(experiment, 9)
    value, registers, coordinates = seen[0]
    assert value == pytest.approx(1e-5)
    assert isinstance(registers, core.Chip)
    assert list(coordinates) == list(neuron.coordinates)


def test_hardware_results_of_mock_mode_are_empty():
    experiment = hxsnn.Experiment(mock=True)
    layer(experiment)
    assert experiment.get_hw_results(None) == ({}, None)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("hxtorch.spiking.neuron_placement", "NeuronPlacement"),
        ("hxtorch.spiking.utils.dynamic_range.helper", None),
        ("hxtorch.spiking.modules", "InputPopulation"),
        ("hxtorch.spiking.modules", "HXFunctionalModule"),
        ("hxtorch.snn.modules", "HXFunctionalModule"),
    ],
)
def test_what_scripts_import_is_there(module, name):
    imported = importlib.import_module(module)
    assert name is None or hasattr(imported, name)
