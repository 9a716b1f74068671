"""What scripts read of experiments and execution instances on a chip, and what they override."""

import importlib
import warnings

import numpy as np
import pytest
import torch

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import compat
from hxtorch.core.errors import ArgumentError, RecordingError
from hxtorch.spiking import execution_instance
from hxtorch.spiking.errors import ExperimentError, ExperimentWarning, ParameterError
from hxtorch.spiking.observables import HardwareObservables

SPIKES = torch.zeros(40, 2, 5)
SPIKES[[5, 6, 7]] = 1


def build(exp, kind=hxsnn.Neuron, **arguments):
    syn, lif = hxsnn.Synapse(5, 3, exp), kind(3, exp, **arguments)
    torch.nn.init.constant_(syn.weight, 20)
    return syn, lif


def call(modules):
    syn, lif = modules
    return lif(syn(hxsnn.NeuronHandle(SPIKES)))


def test_run_is_a_function_and_a_module():
    module = importlib.import_module("hxtorch.spiking.run")
    assert module.run is hxsnn.run
    assert hxsnn.run.run is hxsnn.run
    assert module.log.name.startswith("hxtorch")


def test_run_returns_what_the_chip_did(ideal_chip):
    exp = hxsnn.Experiment()
    call(build(exp))
    info = hxsnn.run(exp, 40)
    (instance,) = exp.execution_instances
    assert info.time.realtime_duration_per_execution_instance == {instance.ID: pytest.approx(2 * 40e-6)}
    assert info.health.events_dropped == {instance.ID: 0}
    mock = hxsnn.Experiment(mock=True)
    call(build(mock))
    assert hxsnn.run(mock, 40) is None


def test_results_by_descriptor_and_nothing_in_mock_mode(ideal_chip):
    exp, mock = hxsnn.Experiment(), hxsnn.Experiment(mock=True)
    modules = build(exp)
    call(modules)
    results, info = exp.get_hw_results(40)
    assert results[modules[1].descriptor] is results[modules[1]]
    assert modules[1].descriptor in results
    assert results[modules[1]].spikes.shape == (40, 2, 3)
    assert info.time.execution_duration > 0
    call(build(mock))
    assert mock.get_hw_results(40) == ({}, None)


def test_the_third_position_is_a_routing_function_or_a_calibration(ideal_chip, tmp_path):
    def route(network):
        return core.build_routing(network)

    assert hxsnn.Experiment(True, 1e-6, route).hw_routing_func is route
    path = core.nightly_calib_path("spiking", ideal_chip.connection)
    assert hxsnn.Experiment(False, 1e-6, path).default_execution_instance.calibration is not None
    assert hxsnn.Experiment(calib_path=path).default_execution_instance.calibration is not None
    exp = hxsnn.Experiment()
    assert isinstance(exp.load_calib(), core.Chip)
    assert exp.default_execution_instance.chip is not None


@pytest.mark.parametrize("mock", ["False", None, 2])
def test_mock_is_true_or_false(mock):
    with pytest.raises(ArgumentError, match="mock: got"):
        hxsnn.Experiment(mock=mock)


def test_arguments_of_run_in_another_order():
    with pytest.raises(ExperimentError, match="Experiment; it comes first"):
        hxsnn.run(30, hxsnn.Experiment(mock=True))


def test_a_misspelt_attribute_is_said_and_others_are_free():
    exp = hxsnn.Experiment()
    with pytest.warns(ExperimentWarning, match="did you mean 'inter_batch_entry_wait'"):
        exp.inter_batch_entry_wiat = 3
    exp.inter_batch_entry_wait = 125
    exp.my_own_notes = "anything"

    class Mine(hxsnn.Experiment):
        injection_pre_realtimes = None

    Mine().injection_pre_realtimes = 1


def test_what_an_experiment_says_after_a_run(ideal_chip):
    exp = hxsnn.Experiment()
    assert (exp.grenade_network, exp.grenade_network_graph, exp.cadc_recording) == (None, None, None)
    assert exp.inter_batch_entry_wait is None
    assert exp.inter_batch_entry_routing_disabled is True
    modules = build(exp, enable_madc_recording=True, record_neuron_id=0)
    call(modules)
    assert exp.has_madc_recording
    hxsnn.run(exp, 40)
    assert exp.grenade_network is exp.grenade_network_graph.network
    assert exp.cadc_recording == core.CADCRecording(in_dram=False)
    assert exp.id_counter == 3
    assert exp.neuron_placement.id2logicalneuron(1) == modules[1].coordinates[1]
    (chip,) = exp.last_run_chip_configs.values()
    assert isinstance(chip, core.Chip)
    instances = exp.execution_instances
    instance = exp.default_execution_instance
    assert isinstance(instances, execution_instance.ExecutionInstances)
    assert instances == {instance}
    assert list(instances.chips) == [instance.ID]
    assert instances.cadc_recordings == {instance.ID: instance.cadc_recordings()}
    assert instances.plasticity_rules == {instance.ID: []} == {instance.ID: instance.plasticity_rules()}
    assert instances.playback_hooks == {instance.ID: core.ExecutionInstanceHooks()}
    assert exp.modules.prev_graph.number_of_nodes() == 3


def test_injections_of_an_experiment_reach_the_chip(ideal_chip, monkeypatch):
    sent = []
    run = ideal_chip.run_spiking
    monkeypatch.setattr(ideal_chip, "run_spiking", lambda program: sent.append(program) or run(program))
    exp = hxsnn.Experiment()
    codes = np.zeros(512, np.int64)
    exp.injection_pre_realtime = {"i_mem_offset": codes + 7}
    exp.injection_inside_realtime_begin = {"i_mem_offset": codes + 8}
    exp.injection_inside_realtime_end = {"i_mem_offset": codes + 9}
    exp.injection_post_realtime = {"i_mem_offset": codes + 10}
    assert exp.default_execution_instance.injection_pre_realtime is exp.injection_pre_realtime
    call(build(exp))
    hxsnn.run(exp, 40)
    (program,) = sent
    assert (program.configuration.i_mem_offset == 7).all()
    assert [(write.time, write.registers["i_mem_offset"][0]) for write in program.writes] == [(0, 8), (4999, 9)]
    assert (program.registers_after["i_mem_offset"] == 10).all()


def three(self, hw_spikes, hw_cadc, hw_madc):
    return hxsnn.Neuron.post_process(self, hw_spikes, hw_cadc, hw_madc)


def four(self, hw_spikes, hw_cadc, hw_madc, runtime):
    assert runtime == pytest.approx(40e-6)
    return hxsnn.Neuron.post_process(self, hw_spikes, hw_cadc, hw_madc, runtime)


def two(self, hw_data, runtime):
    assert hw_data.spikes.size == 3
    return hxsnn.Neuron.post_process(self, hw_data, runtime)


@pytest.mark.parametrize("post_process", [two, three, four])
def test_post_process_has_three_forms(ideal_chip, post_process):
    plain = hxsnn.Experiment()
    wanted = call(build(plain))
    hxsnn.run(plain, 40)
    exp = hxsnn.Experiment()
    z = call(build(exp, type("Mine", (hxsnn.Neuron,), {"post_process": post_process})))
    hxsnn.run(exp, 40)
    assert torch.equal(z.spikes, wanted.spikes)
    assert z.spikes.any()


def test_recordings_end_with_the_inputs(ideal_chip):
    """41 points of a run of 40 steps are cut to 40; those of a shorter run hold the last sample and no more spikes."""
    for runtime in (20, 40, 60):
        exp = hxsnn.Experiment()
        modules = build(exp)
        call(modules)
        results, _ = exp.get_hw_results(runtime)
        observed = results[modules[1]]
        assert isinstance(observed, HardwareObservables)
        assert len(observed.spikes) == len(observed.cadc) == 40
        if runtime == 20:
            assert (observed.cadc[21:] == observed.cadc[20]).all()
            assert not observed.spikes[21:].any()


def test_one_neuron_of_an_instance_has_the_membrane_adc(ideal_chip):
    exp = hxsnn.Experiment()
    one = build(exp, enable_madc_recording=True, record_neuron_id=0)
    other = hxsnn.Neuron(2, exp, enable_madc_recording=True, record_neuron_id=0)
    call(one)
    other(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(SPIKES)))
    with pytest.raises(RuntimeError, match="one neuron"):
        hxsnn.run(exp, 40)


def test_samples_go_to_one_memory(ideal_chip):
    exp = hxsnn.Experiment()
    call(build(exp, enable_cadc_recording_placement_in_dram=True))
    hxsnn.Neuron(2, exp)(hxsnn.Synapse(5, 2, exp)(hxsnn.NeuronHandle(SPIKES)))
    with pytest.raises(RecordingError, match="placement_in_dram"):
        hxsnn.run(exp, 40)


def test_any_number_that_is_not_zero_is_one_spike_on_the_chip(ideal_chip):
    exp = hxsnn.Experiment()
    modules = build(exp)
    z = call(modules)
    hxsnn.run(exp, 40)
    y = modules[1](modules[0](hxsnn.NeuronHandle(-0.5 * SPIKES)))
    with pytest.warns(ExperimentWarning, match=r"Synapse.*the first -0\.5"):
        hxsnn.run(exp, 40)
    assert torch.equal(y.spikes, z.spikes)
    modules[1](modules[0](hxsnn.NeuronHandle(-0.5 * SPIKES)))
    hxsnn.run(exp, 40)  # said once


def test_scripts_of_the_chips_software_find_what_the_frontend_has():
    with compat.installed():
        from pygrenade_vx.network import InputGenerator
        from pygrenade_vx.signal_flow import ExecutionHealthInfo, ExecutionInstance, ExecutionTimeInfo, IODataMap

        assert ExecutionInstance is hxsnn.ExecutionInstance
        assert InputGenerator(5, 1e-6).done().runtime == 625
        assert IODataMap is core.SpikingResult
        assert {ExecutionTimeInfo.__module__, ExecutionHealthInfo.__module__} == {"hxtorch.spiking.chip.execution_info"}
        experiment = hxsnn.Experiment(mock=True, execution_instance=ExecutionInstance())
        assert isinstance(experiment.default_execution_instance.ID, int)


def entries(wait, runtime=40, batch=2, **arguments):
    """Return the membranes of entries, of which only the first has input, at its end."""
    exp = hxsnn.Experiment()
    exp.inter_batch_entry_wait = wait
    synapse, neuron = hxsnn.Synapse(1, 1, exp), hxsnn.LI(1, exp, trace_offset=-48.0, **arguments)
    torch.nn.init.constant_(synapse.weight, 25.0)
    spikes = torch.zeros(40, batch, 1)
    spikes[30:38, 0] = 1
    handle = neuron(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, runtime)
    return handle.membrane_cadc.detach()[..., 0]


def test_entries_are_independent_unless_a_wait_below_ten_time_constants_is_set(ideal_chip):
    """What an entry leaves reaches into the next only then; 10 us are 1250 cycles."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        apart = entries(None)
        assert torch.equal(entries(12500), apart)
    assert apart[:, 1].abs().max() < 3
    with pytest.warns(ExperimentWarning, match="0 cycles are less than ten time constants.*write 12500 or more"):
        joined = entries(0)
    assert joined[0, 1] > 0.7 * joined[-1, 0] > 20
    torch.testing.assert_close(joined[:, 0], apart[:, 0], atol=2.0, rtol=0.0)
    with pytest.warns(ExperimentWarning, match="3750 cycles"):
        later = entries(3750)
    assert 3 < later[0, 1] < 0.7 * joined[0, 1]


def test_entries_in_sequence_that_fill_the_memory_of_the_column_adc_are_refused(ideal_chip):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RecordingError, match="full before entry 5 of 6; record to DRAM"):
            entries(0, batch=6)
        assert entries(0, batch=6, enable_cadc_recording_placement_in_dram=True).shape == (40, 6)


def test_the_wait_between_entries_is_said_once_and_has_to_be_a_number_of_cycles(ideal_chip):
    exp = hxsnn.Experiment()
    modules = build(exp)
    exp.inter_batch_entry_wait = {exp.default_execution_instance.ID: 100}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ExperimentWarning)
        for _ in range(2):
            modules[1](modules[0](hxsnn.NeuronHandle(SPIKES.clone())))
            hxsnn.run(exp, 40)
    assert sum("ten time constants" in str(one.message) for one in said) == 1
    exp.inter_batch_entry_wait = 1.5
    modules[1](modules[0](hxsnn.NeuronHandle(SPIKES.clone())))
    with pytest.raises(ParameterError, match=r"inter_batch_entry_wait: got 1\.5"):
        hxsnn.run(exp, 40)
