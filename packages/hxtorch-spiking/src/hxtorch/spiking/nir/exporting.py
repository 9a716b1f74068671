"""Graphs from networks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from hxtorch.spiking.errors import ExperimentError, NIRConversionError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.experiment.module_manager import ModuleManager, Step
from hxtorch.spiking.modules import (
    HXBaseExperimentModule,
    HXModule,
    InputNeuron,
    Neuron,
    ReadoutNeuron,
    SparseSynapse,
    Synapse,
)
from hxtorch.spiking.network.handle import Handle, NeuronHandle
from hxtorch.spiking.nir.config import ConversionConfig, legal_config
from hxtorch.spiking.nir.library import nir_library
from hxtorch.spiking.nir.network import NIRNetwork
from hxtorch.spiking.nir.neurons import REFRACTORY_KEY
from hxtorch.spiking.parameter import HXBaseParameter

_LOG = logging.getLogger("hxtorch.spiking.nir")


def to_nir(
    network: Experiment | NIRNetwork,
    config: ConversionConfig | None = None,
    names: Mapping[HXModule, str] | None = None,
) -> Any:
    """Return the graph of a network, with the values of the model.

    Populations become ``CubaLIF`` and ``CubaLI``, synapses ``Linear``. ``w_in`` is such that a spike of one step
    changes the current by the weight. A refractory time, for which NIR has no parameter, stays in the node's metadata.

    Args:
        network: An experiment whose modules were called and that was not run yet, or what
            :func:`~hxtorch.spiking.from_nir` returned.
        config: Units of the graph, or None for those of the network, or else the default.
        names: Of nodes; others are called by their kind and a number.

    Returns:
        A ``nir.NIRGraph``.

    Raises:
        ImportError: The library ``nir`` is not installed.
        ExperimentError: No module was called.
        NIRConversionError: A module has no counterpart; the message names it.
    """
    if isinstance(network, NIRNetwork):
        return _of_network(network, config)
    config = legal_config(config)
    manager = network.modules
    if not len(manager):
        raise ExperimentError("nothing to convert; call modules with handles, and convert before the run")
    nir = nir_library()
    called = _Names(names or {})
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    at: dict[Handle, str] = {}
    for node in manager:
        name = called.of(node.module)
        at[node.target] = name
        nodes[name] = _node(nir, node, network.dt, config, name)
    for node in manager:
        if isinstance(node.module, InputNeuron):
            continue
        for source in node.sources:
            if source not in at:
                at[source] = called.new("input")
                nodes[at[source]] = nir.Input(np.array([source.filled().shape[-1]]))
            edges.append((at[source], at[node.target]))
    for node in manager:
        if isinstance(node.module, (Neuron, ReadoutNeuron)) and _is_last(manager, node.module):
            name = called.new("output")
            nodes[name] = nir.Output(np.array([node.module.size]))
            edges.append((at[node.target], name))
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata={})


def _is_last(manager: ModuleManager, module: HXBaseExperimentModule) -> bool:
    """Return whether all populations that the spikes of one reach send theirs back to it."""
    ahead, reached = {module: manager.target_populations(module)}, [*manager.target_populations(module)]
    for population in reached:
        if population not in ahead:
            ahead[population] = manager.target_populations(population)
            reached += ahead[population]

    def returns(population: HXBaseExperimentModule) -> bool:
        seen, waiting = {population}, [*ahead[population]]
        for other in waiting:
            if other is module:
                return True
            if other not in seen:
                seen.add(other)
                waiting += ahead[other]
        return False

    return all(population is module or returns(population) for population in reached)


class _Names:
    """Names of nodes, each once."""

    def __init__(self, given: Mapping[HXModule, str]) -> None:
        self._given = given
        self._taken = set(given.values())

    def of(self, module: HXModule) -> str:
        return self._given[module] if module in self._given else self.new(type(module).__name__.lower())

    def new(self, kind: str) -> str:
        number, name = 1, kind
        while name in self._taken:
            number += 1
            name = f"{kind}_{number}"
        self._taken.add(name)
        return name


def _of_network(network: NIRNetwork, config: ConversionConfig | None) -> Any:
    """Return the graph of a network by collecting it in an experiment that has no pass under way."""
    if len(network.experiment.modules):
        raise ExperimentError("a pass is under way; run the experiment or clear() it before the conversion")
    given = {name: NeuronHandle(torch.zeros(1, 1, size)) for name, size in network.inputs.items()}
    handles = network.handles
    names: dict[HXModule, str] = {module: name for name, module in network.populations.items()}
    names.update({module: name for name, module in network.synapses.items()})
    try:
        network(given)
        graph = to_nir(network.experiment, config or network.config, names)
    finally:
        network.experiment.clear()
        network.handles = handles
    return _renamed(graph, network)


def _renamed(graph: Any, network: NIRNetwork) -> Any:
    """Give inputs and outputs the names that they had."""
    nir = nir_library()
    behind = {post: pre for pre, post in graph.edges}
    wanted = {name: output for output, name in network.outputs.items()}
    new = dict(
        zip((name for name, node in graph.nodes.items() if isinstance(node, nir.Input)), network.inputs, strict=True)
    )
    shown = [name for name, node in graph.nodes.items() if isinstance(node, nir.Output)]
    new.update({name: wanted[behind[name]] for name in shown if behind[name] in wanted})
    edges = [(new.get(pre, pre), new.get(post, post)) for pre, post in graph.edges]
    nodes = {new.get(name, name): node for name, node in graph.nodes.items()}
    for output, name in network.outputs.items():
        if output not in nodes:  # a population that others read too
            nodes[output] = nir.Output(np.array([network.populations[name].size]))
            edges.append((name, output))
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata={})


def _node(nir: Any, node: Step, dt: float, config: ConversionConfig, name: str) -> Any:
    module = node.module
    if isinstance(module, InputNeuron):
        return nir.Input(np.array([module.size]))
    if isinstance(module, Synapse):
        return nir.Linear(_numpy(module.weight))
    if isinstance(module, SparseSynapse):
        weight = np.zeros((module.out_features, module.in_features), np.float32)
        pre, post = module.pattern.cpu().numpy()
        weight[post, pre] = _numpy(module.values())
        return nir.Linear(weight)
    if not isinstance(module, (Neuron, ReadoutNeuron)) or type(module) not in (Neuron, ReadoutNeuron):
        raise NIRConversionError(f"node {name!r}: {module.label} has no counterpart in NIR")
    tau_syn = _per_neuron(module, module.tau_syn)
    one = np.ones(module.size, np.float32)
    shared = {
        "tau_mem": _per_neuron(module, module.tau_mem) * config.acceleration,
        "tau_syn": tau_syn * config.acceleration,
        "r": _resistance(module),
        "v_leak": _per_neuron(module, module.leak),
        "w_in": one if config.unit_jump else tau_syn / dt,
    }
    values = {key: np.asarray(value, np.float32) for key, value in shared.items()}
    if isinstance(module, ReadoutNeuron):
        return nir.CubaLI(**values)
    metadata = {}
    refractory = _per_neuron(module, module.refractory_time)
    if (np.round(refractory / dt) > 0).any():
        _LOG.warning("node %r: NIR has no refractory time; it is kept as metadata %r", name, REFRACTORY_KEY)
        metadata[REFRACTORY_KEY] = refractory * config.acceleration
    potentials = {
        "v_threshold": _per_neuron(module, module.threshold).astype(np.float32),
        "v_reset": _per_neuron(module, module.reset).astype(np.float32),
    }
    return nir.CubaLIF(**values, **potentials, metadata=metadata)


def _resistance(module: Neuron | ReadoutNeuron) -> np.ndarray:
    """Return how far a lasting current of 1 moves the membrane: ``tau_mem / C``."""
    if module.membrane_capacitance.model_value is None:
        return np.ones(module.size)
    ratio: np.ndarray = _per_neuron(module, module.tau_mem) / _per_neuron(module, module.membrane_capacitance)
    return ratio


def _numpy(values: torch.Tensor) -> np.ndarray:
    result: np.ndarray = values.detach().cpu().numpy().astype(np.float32)
    return result


def _per_neuron(module: Neuron | ReadoutNeuron, parameter: HXBaseParameter) -> np.ndarray:
    values = torch.as_tensor(parameter.model_value, dtype=torch.float64).detach().cpu().numpy()
    result: np.ndarray = np.broadcast_to(values, (module.size,)).copy()
    return result
