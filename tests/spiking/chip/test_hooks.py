"""Hooks on the way of a network to the chip do what they say, and users may override them."""

import networkx as nx
import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import calibration, compat
from hxtorch.spiking.backend.module_manager import BaseModuleManager, ModuleManager
from hxtorch.spiking.chip.input_generator import InputGenerator
from hxtorch.spiking.errors import ExperimentError, ExperimentWarning, TensorShapeError
from hxtorch.spiking.experiment.experiment import BaseExperiment

SPIKES = torch.zeros(40, 2, 5)
SPIKES[[5, 6, 7]] = 1


@pytest.fixture
def programs(ideal_chip, monkeypatch):
    """What was sent to the chip."""
    sent = []
    run = ideal_chip.run_spiking
    monkeypatch.setattr(ideal_chip, "run_spiking", lambda program: sent.append(program) or run(program))
    return sent


def build(exp, neuron=hxsnn.Neuron, synapse=hxsnn.Synapse):
    source, syn, lif = hxsnn.InputNeuron(5, exp), synapse(5, 4, exp), neuron(4, exp)
    torch.nn.init.constant_(syn.weight, 40)
    return source, syn, lif


def call(modules):
    handle = hxsnn.NeuronHandle(SPIKES.clone())
    for module in modules:
        handle = module(handle)
    return handle


def test_experiments_and_managers_have_a_base():
    exp = hxsnn.Experiment(mock=True)
    assert isinstance(exp, BaseExperiment)
    assert isinstance(exp.modules, ModuleManager)
    assert isinstance(ModuleManager(), BaseModuleManager)
    for base in (BaseExperiment, BaseModuleManager, hxsnn.HXBaseExperimentModule):
        assert base.__abstractmethods__


def test_manager_knows_the_network():
    exp = hxsnn.Experiment(mock=True)
    source, syn, lif = modules = build(exp)
    out, readout = hxsnn.Synapse(4, 2, exp), unit.li(2, exp)
    z = call(modules)
    y = readout(out(z))
    manager = exp.modules
    assert [manager.get_id_by_module(module) for module in (source, syn, lif, out, readout)] == [0, 1, 2, 3, 4]
    assert manager.get_module_by_id(2) is lif
    assert manager.has_module(syn)
    assert not manager.has_module(unit.lif(1, exp))
    assert [handle is z for handle in manager.call_of(out).sources] == [True]
    assert len(manager.input_data()) == 1
    assert manager.find_edges(z) == [(2, 3)]
    assert manager.find_edges(manager.input_data()[0]) == [("s_0", 0)]
    assert manager.nodes == {source: 0, syn: 1, lif: 2, out: 3, readout: 4}
    assert nx.ancestors(manager.graph, 2) == {"s_0", 0, 1}
    assert manager.find_edges(y) == []
    assert manager.source_populations(syn) == [source]
    assert manager.source_populations(readout) == [lif]
    assert manager.target_populations(source) == [lif]
    assert manager.target_populations(syn) == [lif]
    assert manager.target_populations(readout) == []
    assert [step.module for step in manager.done()] == [source, syn, lif, out, readout]
    assert manager.get_id_by_module(unit.lif(1, exp)) is None
    with pytest.raises(IndexError, match="wanted 0 to 4"):
        manager.get_module_by_id(5)
    with pytest.raises(ExperimentError, match="was not called"):
        manager.source_populations(unit.lif(1, exp))
    manager.clear()
    assert len(manager) == 0
    assert manager.prev_graph.nodes[2] == {"module": lif}  # and no tensor is kept


def test_pre_process_executes_what_comes_before_the_chip():
    exp = hxsnn.Experiment(mock=True)
    double = hxsnn.HXModule(exp, lambda spikes: 2 * spikes)
    x = double(hxsnn.NeuronHandle(SPIKES))
    i_syn = hxsnn.Synapse(5, 4, exp)
    i = i_syn(x)
    steps = exp.modules.done()
    exp.modules.pre_process(exp)
    assert [step.module for step in exp.modules.remaining(steps)] == [i_syn]
    assert torch.equal(x.spikes, 2 * SPIKES)
    assert i.graded_spikes is None


@pytest.mark.parametrize("mock", [True, False])
def test_change_is_decided_by_values(ideal_chip, mock):
    exp = hxsnn.Experiment(mock=mock)
    source, syn, lif = modules = build(exp)
    call(modules)
    assert all(module.changed_since_last_run for module in modules)
    assert exp.modules.changed_since_last_run()
    hxsnn.run(exp, 40)
    assert not any(module.changed_since_last_run for module in modules)
    lif.threshold = hxsnn.MixedHXModelParameter(1.0, 125)  # another object of the same value
    with torch.no_grad():
        syn.weight.add_(0.0)  # another version of the same values
    assert not any(module.changed_since_last_run for module in modules)
    with torch.no_grad():
        syn.weight.zero_()
    assert syn.changed_since_last_run
    assert not lif.changed_since_last_run
    lif.threshold = hxsnn.MixedHXModelParameter(1.0, torch.tensor([125.0, 125, 125, 126]))
    assert lif.changed_since_last_run
    assert not source.changed_since_last_run
    lif.reset_changed_since_last_run()
    assert not lif.changed_since_last_run
    lif.enable_cadc_recording = False
    assert lif.changed_since_last_run


def test_sparse_synapse_changes_with_its_pattern():
    exp = hxsnn.Experiment(mock=True)
    syn = hxsnn.SparseSynapse(torch.eye(3), exp)
    syn.reset_changed_since_last_run()
    syn.pattern = syn.pattern.clone()
    assert not syn.changed_since_last_run
    syn.pattern = torch.tensor([[0, 1, 2], [1, 2, 0]])
    assert syn.changed_since_last_run


def test_model_parameter_needs_no_value_for_the_chip():
    lif = unit.lif(2, hxsnn.Experiment(mock=True), threshold=hxsnn.ModelParameter(1.0))
    lif.reset_changed_since_last_run()
    assert not lif.changed_since_last_run


def test_overridden_configure_is_the_last_word_on_registers(programs):
    seen = []

    class Mine(hxsnn.Neuron):
        def configure_hw_entity(self, neuron_id, neuron_block, coord):
            neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)
            seen.append((neuron_id, int(coord.anchor)))
            neuron_block.atomic_neurons[coord.anchor].leak.v_leak = 700 + neuron_id
            return neuron_block

    exp = hxsnn.Experiment()
    modules = build(exp, Mine)
    for _ in range(2):
        call(modules)
        hxsnn.run(exp, 40)
    assert seen == [(0, 0), (1, 1), (2, 2), (3, 3)]  # once: nothing changed
    assert programs[1].configuration.v_leak[:4].tolist() == [700, 701, 702, 703]
    assert programs[1].configuration.enable_threshold.nonzero()[0].tolist() == [0, 1, 2, 3]


def test_iaf_neurons_switch_their_leak_off(programs):
    exp = hxsnn.Experiment()
    call(build(exp, hxsnn.IAFNeuron))
    hxsnn.run(exp, 40)
    assert (~programs[0].configuration.enable_leak).nonzero()[0].tolist() == [0, 1, 2, 3]


def test_circuits_start_from_the_default_entity(programs):
    class Mine(hxsnn.Neuron):
        def create_default_hw_entity(self):
            neuron = super().create_default_hw_entity()
            neuron.constant_current.i_offset = 77
            neuron.leak.v_leak = 1  # the calibration overwrites this
            return neuron

    exp = hxsnn.Experiment()
    call(build(exp, Mine))
    hxsnn.run(exp, 40)
    configuration = programs[0].configuration
    assert configuration.i_mem_offset[:5].tolist() == [77, 77, 77, 77, 0]
    assert (configuration.v_leak[:4] == configuration.v_leak[4]).all()


def test_overridden_network_hooks_are_used(programs):
    class Silent(hxsnn.Neuron):
        def add_to_network_graph(self, builder):
            neurons = self.circuits()[:, 0]
            self.told = builder.add(core.Population(neurons, record_spikes=False, record_cadc=True, name="mine"))
            return self.told

    class Halved(hxsnn.Synapse):
        def add_to_network_graph(self, pre, post, builder):
            self.ends = pre, post
            return builder.add(core.Projection(pre, post, self.hardware_weights() // 2))

    exp = hxsnn.Experiment()
    source, syn, lif = modules = build(exp, Silent, Halved)
    z = call(modules)
    hxsnn.run(exp, 40)
    assert syn.ends == (source.descriptor, lif.told)
    assert z.membrane_cadc is not None
    assert np.unique(programs[0].configuration.weight).tolist() == [0, 20]
    assert exp.hw_populations == [lif, source]
    assert exp.hw_projections == [syn]


def test_population_that_does_not_register_is_not_on_the_chip(ideal_chip):
    class Absent(hxsnn.Neuron):
        def register_hw_entity(self):
            pass

    exp = hxsnn.Experiment()
    call(build(exp, Absent))
    with pytest.raises(ExperimentError, match="did not register"):
        hxsnn.run(exp, 40)
    with pytest.raises(core.PlacementError, match="no place"):
        Absent(3, exp).circuits()


def test_overridden_input_hook_decides_what_is_sent(ideal_chip):
    class Every(hxsnn.InputNeuron):
        def add_to_input_generator(self, input, builder):
            builder.add(self.descriptor, torch.ones_like(input.spikes))

    exp = hxsnn.Experiment()
    _, syn, lif = build(exp)
    call((Every(5, exp), syn, lif))
    hxsnn.run(exp, 40)
    assert exp.execution_info[0].events_sent == 40 * 2 * 5


def test_input_generator_checks_what_it_gets():
    generator = InputGenerator(30, 1e-6)
    generator.add(core.PopulationDescriptor(0), SPIKES)
    with pytest.raises(TensorShapeError, match="3 batch entries, wanted 2"):
        generator.add(core.PopulationDescriptor(1), torch.zeros(40, 3, 5))
    with pytest.warns(ExperimentWarning, match=r"neither 0 nor 1, the first 0\.5"):
        generator.add(core.PopulationDescriptor(1), 0.5 * SPIKES)
    sent = [generator.done().trains[core.PopulationDescriptor(number)].times for number in (0, 1)]
    assert np.array_equal(*sent)  # what is not zero is a spike
    inputs = generator.done()
    assert (inputs.runtime, inputs.batch_size) == (3750, 2)
    assert inputs.trains[core.PopulationDescriptor(0)].times.tolist()[:1] == [625]
    with pytest.raises(ExperimentError, match="on no chip"):
        hxsnn.InputNeuron(5, hxsnn.Experiment()).add_to_input_generator(hxsnn.NeuronHandle(SPIKES), generator)


def test_calibrations_are_kept_in_the_folder_asked_for(tmp_path, monkeypatch):
    made = []
    calibrate = calibration.provider.calibrate

    def counted(connection, target, options=None):
        made.append(target)
        return calibration.nominal_calibration(connection, target)

    assert callable(calibrate)
    monkeypatch.setattr(calibration.provider, "calibrate", counted)
    monkeypatch.setattr(calibration.provider, "still_holds", lambda *_: True)
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path / "user"))
    with core.open_session(serial="cache-test", fidelity="full"):
        for _ in range(2):
            exp = hxsnn.Experiment(execution_instance=hxsnn.ExecutionInstance(calib_cache_dir=tmp_path / "mine"))
            call(build(exp))
            hxsnn.run(exp, 40)
    assert len(made) == 1
    assert len(list((tmp_path / "mine").rglob("*.safetensors"))) == 1
    assert not (tmp_path / "user").exists()


def test_an_execution_instance_writes_registers_before_during_and_after_a_run(programs, ideal_chip):
    exp = hxsnn.Experiment(mock=False)
    modules = build(exp)
    spikes = SPIKES.clone()
    spikes[25:28] = 1

    def fire():
        z = modules[2](modules[1](modules[0](hxsnn.NeuronHandle(spikes.clone()))))
        hxsnn.run(exp, 40)
        return z.spikes

    plain = fire()
    assert plain[:20].sum() > 0
    assert plain[26:].sum() > 0
    exp.default_execution_instance.playback_hooks = core.ExecutionInstanceHooks(
        pre_static_config={"i_correlation_ramp": 7},
        pre_realtime=lambda config: config.replace(i_correlation_store=config.i_correlation_ramp * 2),
        inside_realtime=[core.TimedWrite(20 * 125, {"weight": 0})],
        post_realtime={"v_leak": 5},
    )
    written = fire()
    torch.testing.assert_close(written[:20], plain[:20])
    assert written[26:].sum() == 0  # what the first spikes left behind may fire once more before
    assert (programs[-1].configuration.i_correlation_store == 14).all()
    assert (ideal_chip.connection.configuration.v_leak == 5).all()
    assert not ideal_chip.connection.configuration.weight.any()
    exp.default_execution_instance.playback_hooks = None
    torch.testing.assert_close(fire(), plain)


def test_synapses_may_be_excitatory_and_inhibitory_projections_of_connections(ideal_chip):
    """A user's own projections, onto receptors, give what the signed one gives, after a change of weights too."""

    class Split(hxsnn.Synapse):
        def add_to_network_graph(self, pre, post, builder):
            from pygrenade_vx import network

            signed, added = torch.as_tensor(self.hardware_weights().T.astype(np.int64)), []
            for kind, part in (("excitatory", signed.clamp(min=0)), ("inhibitory", signed.clamp(max=0))):
                receptor = network.Receptor(network.Receptor.ID(), network.Receptor.Type[kind])
                connections = core.weight_to_connection(part)
                added.append(builder.add(network.Projection(receptor, connections, pre, post), 0))
            return tuple(added)

    weights = [torch.linspace(-30, 50, 20).reshape(4, 5), torch.linspace(60, -20, 20).reshape(4, 5)]
    found = []
    with compat.installed():
        for kind in (hxsnn.Synapse, Split):
            exp = hxsnn.Experiment()
            modules = build(exp, hxsnn.LI, kind)
            for weight in weights:
                modules[1].weight.data.copy_(weight)
                handle = call(modules)
                hxsnn.run(exp, 40)
                found.append(handle.membrane_cadc.detach())
    torch.testing.assert_close(found[2:], found[:2], atol=1.0, rtol=0.0)
    assert (found[2] - found[3]).abs().max() > 5
