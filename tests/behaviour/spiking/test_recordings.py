"""What recordings of a chip become on the grid of time, and under which names they are found."""

import logging

import numpy as np
import pytest
import torch

import hxtorch.snn as hxsnn
import hxtorch.spiking.functional as F
from hxtorch import core
from hxtorch.spiking.utils import calib_helper
from hxtorch.spiking.utils.readout_source import ReadoutSource


def layer(experiment, kind=hxsnn.LI, steps=50, size=2, **arguments):
    """One source and a layer, called once with silence."""
    synapse, neuron = hxsnn.Synapse(1, size, experiment), kind(size, experiment, **arguments)
    synapse.weight.data.fill_(40.0)
    return neuron, neuron(synapse(hxsnn.NeuronHandle(torch.zeros(steps, 1, 1))))


def test_a_run_has_a_point_of_time_more_than_steps_before_it_is_cut(chip):
    """ceil(runtime / dt) + 1."""
    seen = []

    class Seen(hxsnn.Neuron):
        def post_process(self, hw_data, runtime):
            decoded = super().post_process(hw_data, runtime)
            seen.extend((decoded.spikes.shape[0], decoded.cadc.shape[0]))
            return decoded

    for dt, steps, wanted in ((1e-6, 30, 31), (2e-6, 20, 21)):
        experiment = hxsnn.Experiment(dt=dt)
        _, handle = layer(experiment, Seen)
        hxsnn.run(experiment, steps)
        assert seen == [wanted] * 2
        assert handle.spikes.shape == handle.membrane_cadc.shape == (50, 1, 2)
        seen.clear()


def test_spikes_go_to_the_nearest_step_and_count_once():
    """At round(t / dt); those beyond the runtime drop."""
    cycles = np.array([175, 200, 300, 990])  # 1.4, 1.6, 2.4 and 7.92 us
    none = np.zeros(4, np.int64)
    assert core.SpikeHandle(cycles, none, none, 1, 1).to_dense(5e-6, 1e-6)[:, 0, 0].tolist() == [0, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(("mode", "between"), [("linear", 8), ("nn", 0)])
def test_samples_are_interpolated_and_the_last_is_held(mode, between):
    """A sample in time 0 and one 2.5 us later; user units are raw - 128."""
    samples = core.CADCSamples(np.array([0, 312]), np.array([[128], [148]], np.uint8), np.array([0]), np.array([0, 2]))
    trace = core.CADCHandle.of([(samples, np.array([0]), np.array([0]))], 1).to_dense(4e-6, 1e-6, mode)[:, 0, 0]
    assert trace[[0, 3, 4]].tolist() == [0, 20, 20]
    assert trace[1] == pytest.approx(between, abs=0.1)


def test_traces_are_signed_less_the_offset_times_the_scale(chip):
    """Raw 80, the rest, is -48."""
    experiment = hxsnn.Experiment()
    _, handle = layer(experiment, trace_offset=torch.tensor([-48.0, 52.0]), trace_scale=torch.tensor([1.0, 2.0]))
    hxsnn.run(experiment, 50)
    first, second = handle.membrane_cadc.detach().mean((0, 1)).tolist()
    assert first == pytest.approx(0, abs=6)
    assert second == pytest.approx(-200, abs=12)


def test_keys_of_a_mapping_are_circuits_or_neurons_and_there_may_be_more(chip):
    from dlens_vx_v3 import halco

    def place(k):
        return halco.LogicalNeuronOnDLS(halco.LogicalNeuronCompartments(), halco.AtomicNeuronOnDLS(k))

    experiment = hxsnn.Experiment()
    offsets, scales = {place(k): -48.0 for k in (5, 6, 7)}, {halco.AtomicNeuronOnDLS(k): 2.0 for k in (5, 6, 9)}
    _, handle = layer(experiment, placement_constraint=[place(5), place(6)], trace_offset=offsets, trace_scale=scales)
    hxsnn.run(experiment, 50)
    assert handle.membrane_cadc.detach().mean((0, 1)).tolist() == pytest.approx([0, 0], abs=12)


@pytest.mark.parametrize("source", [ReadoutSource.VOLTAGE, ReadoutSource.ADAPTATION])
def test_what_both_converters_saw_has_the_name_of_its_source(chip, source):
    """What is not recorded holds numerics: the model rests at 80, recordings are signed."""
    seen = []

    class Seen(hxsnn.AELIF):
        def forward_func(self, input, hw_data=None):
            seen.append(hw_data)
            return super().forward_func(input, hw_data)

    experiment = hxsnn.Experiment()
    readout = {"cadc_readout_source": source, "madc_readout_source": source}
    _, handle = layer(experiment, Seen, **readout, enable_madc_recording=True, record_neuron_id=0)
    hxsnn.run(experiment, 50)
    shown, other = seen[0].voltage, seen[0].adaptation
    membranes, adaptation = (
        (handle.membrane_cadc, handle.membrane_madc),
        (handle.adaptation_cadc, handle.adaptation_madc),
    )
    if source == ReadoutSource.ADAPTATION:
        shown, other = other, shown
        membranes, adaptation = adaptation, membranes
        assert adaptation[0][0].tolist() == [[80, 80]]
    assert other is None
    assert adaptation[1] is None
    assert torch.equal(shown.cadc, membranes[0])
    assert torch.equal(shown.madc, membranes[1])
    assert shown.madc.shape[::2] == (2, 1)


def test_spikes_of_an_input_come_back_in_its_steps(chip):
    """Loopback: cut to the length of the input, and taken as they are."""
    instance = hxsnn.ExecutionInstance(input_loopback=True)
    experiment = hxsnn.Experiment(execution_instance=instance)
    source, synapse, neuron = (
        hxsnn.InputNeuron(1, experiment),
        hxsnn.Synapse(1, 2, experiment),
        hxsnn.Neuron(2, experiment),
    )
    spikes = torch.zeros(50, 1, 1)
    spikes[[3, 20, 40]] = 1
    sent = source(hxsnn.NeuronHandle(spikes))
    neuron(synapse(sent))
    hxsnn.run(experiment, 50)
    assert torch.equal(sent.spikes, spikes)


def test_a_result_overwrites_parameters_and_a_chip_file_leaves_them_and_warns(chip, caplog):
    """In mock mode either may be loaded."""
    paths = calib_helper.nightly_calix_native_path("spiking"), calib_helper.nightly_calib_path("spiking")
    for path, wanted, said in zip(paths, (125, 110), (0, 1), strict=True):
        caplog.clear()
        experiment = hxsnn.Experiment()
        neuron, _ = layer(experiment, hxsnn.Neuron, threshold=110)
        experiment.default_execution_instance.load_calib(path)
        with caplog.at_level(logging.WARNING):
            hxsnn.run(experiment, 50)
        assert neuron.threshold.hardware_value == wanted
        assert sum("made for other parameters" in record.getMessage() for record in caplog.records) == said
    mock = hxsnn.Experiment(mock=True)
    neuron, handle = layer(mock, hxsnn.Neuron, threshold=110)
    for path in paths:
        mock.default_execution_instance.load_calib(path)
    hxsnn.run(mock, 50)
    assert neuron.threshold.model_value == 110
    assert handle.spikes.shape == (50, 1, 2)


@pytest.mark.parametrize("recorded", [False, True])
def test_eventprop_gives_spikes_membrane_and_current_of_two_stacked_inputs(recorded):
    """The first row is the rest; what was recorded takes the place of the model's."""
    leak, reset, threshold, tau_syn, tau_mem = map(torch.tensor, (0.3, 0.1, 1.0, 1e-5, 1e-5))
    given = torch.zeros(2, 6, 2, 3)
    given[:, 2] = 20.0
    shown = (torch.zeros(6, 2, 3), torch.full((6, 2, 3), 0.5), None) if recorded else None
    found = F.EventPropLIFFunction.apply(given, leak, reset, threshold, tau_syn, tau_mem, shown, 1e-6)
    spikes, membrane, current = found
    assert spikes.shape == membrane.shape == current.shape == (6, 2, 3)
    if recorded:
        assert torch.equal(spikes, shown[0])
        assert torch.equal(membrane, shown[1])
    else:
        assert (membrane[0] == leak).all()
        assert spikes.any()


def test_a_spike_is_strictly_above_the_threshold():
    at = F.cuba_lif_integration(torch.zeros(4, 1, 1), F.CUBALIFParams(leak=1.0, threshold=1.0))
    assert not at.spikes.any()
    above = F.cuba_lif_integration(torch.zeros(4, 1, 1), F.CUBALIFParams(leak=1.001, threshold=1.0))
    assert above.spikes[0].all()


def test_weights_reach_the_chip_by_the_transform_and_are_rounded_half_away_from_zero():
    experiment = hxsnn.Experiment()
    synapse = hxsnn.Synapse(5, 1, experiment, transform=lambda weight: 2 * weight)
    synapse.weight.data[:] = torch.tensor([[0.25, -0.25, 0.75, -1.25, 31.7]])
    assert np.asarray(synapse.hardware_weights()).ravel().tolist() == [1, -1, 2, -3, 63]


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_weights_without_arguments_are_kaimings_and_normal_with_two(kind):
    experiment = hxsnn.Experiment(mock=True)
    synapse = hxsnn.Synapse(5, 4, experiment) if kind == "dense" else hxsnn.SparseSynapse(torch.ones(5, 4), experiment)
    for given, draw in (
        ((), lambda weight: torch.nn.init.kaiming_uniform_(weight, a=5**0.5)),
        ((1.0, 2.0), lambda weight: torch.nn.init.normal_(weight, 1.0, 2.0)),
    ):
        torch.manual_seed(3)
        synapse.reset_parameters(*given)
        torch.manual_seed(3)
        assert torch.equal(synapse.weight.detach(), draw(torch.empty(4, 5)))
