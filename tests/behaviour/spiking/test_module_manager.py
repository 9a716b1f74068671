"""The graph of modules answers by numbers, as the documents describe it."""

import pytest

import hxtorch.snn as hxsnn
from hxtorch.spiking.backend.module_manager import BaseModuleManager, ModuleManager


@pytest.mark.parametrize(
    "name",
    [
        "graph",
        "input_type",
        "population_types",
        "get_node_id",
        "get_wrapper_id",
        "get_id_by_wrapper",
        "get_wrapper_by_id",
        "has_module",
        "source_populations",
        "target_populations",
        "reset_changed_since_last_run",
        "add_node",
        "add_wrapper",
        "done",
        "clear",
    ],
)
def test_a_manager_has_the_attribute(name):
    assert hasattr(ModuleManager(), name)


def test_the_base_is_abstract():
    assert {"add_node", "add_wrapper", "done"} <= BaseModuleManager.__abstractmethods__
    with pytest.raises(TypeError, match="abstract"):
        BaseModuleManager()


def test_the_text_of_a_manager_names_its_modules(network):
    assert "Synapse" in str(network.experiment.modules)
    assert "LIF" in str(network.experiment.modules)


def test_a_node_may_be_added_with_any_handles(experiment):
    manager, synapse = ModuleManager(), hxsnn.Synapse(2, 3, experiment)
    manager.add_node(synapse, (hxsnn.NeuronHandle(),), hxsnn.SynapseHandle())
    assert manager.has_module(synapse)
    assert manager.get_module_by_id(manager.get_id_by_module(synapse)) is synapse


def test_whether_something_changed_is_a_method(network):
    manager = network.experiment.modules
    assert manager.changed_since_last_run() is True
    hxsnn.run(network.experiment, None)
    assert manager.changed_since_last_run() is False


def test_edges_of_a_handle_are_numbers(network):
    edges = network.experiment.modules.find_edges(network.graded)
    assert edges
    assert all(isinstance(node, (int, str)) for node in edges[0])


def test_numbers_follow_the_calls(network):
    manager = network.experiment.modules
    assert (manager.get_id_by_module(network.synapse), manager.get_id_by_module(network.neuron)) == (0, 1)
    assert manager.get_module_by_id(0) is network.synapse


def test_an_unknown_module_has_no_number(network):
    assert network.experiment.modules.get_id_by_module(hxsnn.Neuron(3, network.experiment)) is None


def test_an_unknown_number_has_no_module(network):
    with pytest.raises(IndexError):
        network.experiment.modules.get_module_by_id(17)


def test_inputs_of_the_network_are_listed(network):
    assert network.experiment.modules.input_data()[0] is network.input


def test_what_comes_before_the_chip_is_executed_with_an_experiment_in_hand(network):
    network.experiment.modules.pre_process(network.experiment)


def test_done_gives_module_sources_and_target_in_order(network):
    steps = network.experiment.modules.done()
    module, sources, target = steps[0]
    assert module is network.synapse
    assert network.input in tuple(sources)
    assert target is network.graded


def test_clear_forgets(network):
    network.experiment.modules.clear()
    assert network.experiment.modules.done() == []


def test_wrappers_have_numbers_of_their_own(network):
    network.experiment.wrap_modules([network.synapse, network.neuron], lambda x: (x, x))
    manager = network.experiment.modules
    wrapper = manager.get_wrapper_by_id("w_0")
    assert wrapper.contains([network.synapse, network.neuron])
    assert manager.get_id_by_wrapper(wrapper) == "w_0"
