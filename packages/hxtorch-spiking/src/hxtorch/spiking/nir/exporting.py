"""Graphs from networks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np
import torch

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError, NIRConversionError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules import (
    BatchDropout,
    HXModule,
    IAFNeuron,
    InputNeuron,
    Neuron,
    ReadoutNeuron,
    SparseSynapse,
    Synapse,
)
from hxtorch.spiking.network.handle import Handle, NeuronHandle
from hxtorch.spiking.nir.config import ConversionConfig, legal_config
from hxtorch.spiking.nir.conventions import Convention, Neurons, Refractory, convention_of, node_of, warn_of
from hxtorch.spiking.nir.library import nir_library
from hxtorch.spiking.nir.network import NIRNetwork, Origin
from hxtorch.spiking.nir.neurons import REFRACTORY_KEY, TAU_SYN_KEY
from hxtorch.spiking.nir.snn import Call, calls_of_forward, calls_of_pass
from hxtorch.spiking.parameter import HXBaseParameter

_LOG = logging.getLogger("hxtorch.spiking.nir")
_WANTED = "wanted an Experiment with a pass under way, a network of from_nir, or a module as SNN and an input sample"


@checked
def to_nir(
    snn: torch.nn.Module | Experiment,
    input_sample: Any = None,
    config: ConversionConfig | None = None,
    names: Mapping[HXModule, str] | None = None,
    *,
    for_: str | None = None,
) -> Any:
    """Return the graph of a network, with the values of the model.

    Populations become ``CubaLIF`` and ``CubaLI``, those without leak ``IF``, synapses ``Linear``, with a bias
    ``Affine``. ``r`` is ``tau_mem / C``, and ``w_in`` such that a spike of one step changes the current by the weight.
    What NIR has no parameter for stays in the node's metadata: a refractory time, and the synaptic time constant of an
    ``IF``. A network of :func:`~hxtorch.spiking.from_nir` gets the kinds, units and biases of its graph back.

    Args:
        snn: A module whose forward runs an experiment, as :class:`~hxtorch.spiking.utils.to_nir.SNN`; or what
            :func:`~hxtorch.spiking.from_nir` returned; or an experiment whose modules were called and that was not run
            yet.
        input_sample: What such a module is called with once, (time, batch, channel); others do not need it. An older
            call with the configuration in this position is understood.
        config: Units of the graph, or None for those of the network, or else the default: its times are those of the
            network times ``ConversionConfig.acceleration``, 1000 by default.
        names: Of nodes; others are called as the module's attributes, or by their kind and a number.
        for_: "norse", "snntorch" or "spikingjelly" for a graph as this library reads it: all neurons are ``CubaLIF``,
            in units of its step, at rest at 0; readouts have a threshold that nothing reaches, so that their membranes
            are in the state of the library's neurons. norse takes ``from_nir(graph, dt=config.graph_step)``, 1e-3 by
            default; the others count 1e-4 s a step. Their spikes and membranes are a step early after each population.

    Returns:
        A ``nir.NIRGraph``.

    Raises:
        ImportError: The library ``nir`` is not installed.
        ExperimentError: No module was called.
        NIRConversionError: It is no network, or a module has no counterpart; the message names it.

    Warns:
        ParameterWarning: The library has no refractory time, with the size of the effect, or other delays.
    """
    if isinstance(config, Mapping):
        config, names = None, config
    if isinstance(input_sample, ConversionConfig):
        config, input_sample = input_sample, None
    if isinstance(snn, NIRNetwork):
        return _of_network(snn, config, convention_of(for_))
    config = legal_config(config)
    called = dict(names or {})
    if isinstance(snn, Experiment):
        calls, found = calls_of_pass(snn), "nothing to convert; call modules with handles, and convert before the run"
        if not calls:
            raise ExperimentError(found)
    elif isinstance(snn, torch.nn.Module) and input_sample is not None:
        calls = calls_of_forward(snn, input_sample)
        own = {module: name for name, module in snn.named_modules() if isinstance(module, HXModule) and name}
        called = own | called
    else:
        missing = " without an input sample" if isinstance(snn, torch.nn.Module) else ""
        raise NIRConversionError(f"snn: got {type(snn).__name__}{missing}, {_WANTED}")
    return _Export(calls, config, called, convention=convention_of(for_)).graph()


def _of_network(network: NIRNetwork, config: ConversionConfig | None, convention: Convention | None) -> Any:
    """Return the graph of a network by collecting it in an experiment that has no pass under way."""
    if len(network.experiment.modules):
        raise ExperimentError("a pass is under way; run the experiment or clear() it before the conversion")
    given = {name: NeuronHandle(torch.zeros(1, 1, size)) for name, size in network.inputs.items()}
    handles = network.handles
    names: dict[HXModule, str] = {
        module: name for name, module in network.hxnodes.items() if isinstance(module, HXModule)
    }
    hidden = {bias.synapse for bias in network.biases.values()}
    try:
        network(given)
        every = calls_of_pass(network.experiment)
    finally:
        network.experiment.clear()
        network.handles = handles
    background = {id(call.target) for call in every if call.module in hidden}
    calls = [
        call._replace(sources=tuple(source for source in call.sources if id(source) not in background))
        for call in every
        if call.module not in hidden
    ]
    return _Export(calls, legal_config(config or network.config), names, network, convention).graph()


class _Export:
    """The nodes and edges of a graph, from calls.

    Args:
        calls: Of modules, in any order.
        config: Units of the graph.
        names: Of nodes.
        network: What it was before, or None.
        convention: Of the library that is to read the graph, or None for NIR as it is.
    """

    def __init__(
        self,
        calls: list[Call],
        config: ConversionConfig,
        names: Mapping[HXModule, str],
        network: NIRNetwork | None = None,
        convention: Convention | None = None,
    ) -> None:
        self._nir = nir_library()
        self._convention = convention
        self._refractory: list[Refractory] = []
        self._calls, self._config, self._network = calls, config, network
        self._names, self._taken = dict(names), set(names.values())
        self._dt = calls[0].module.experiment.dt
        self._nodes: dict[str, Any] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._at: dict[int, str] = {}
        """Name of the node that fills a handle, by identity."""

    def graph(self) -> Any:
        """Return the graph."""
        passed = [call for call in self._calls if isinstance(call.module, BatchDropout)]
        for call in self._calls:
            if call not in passed:
                self._at[id(call.target)] = self._name_of(call.module)
        for call in passed:
            self._at[id(call.target)] = self._at[id(call.sources[0])]
        units: dict[str, np.ndarray] = {}
        for call in self._calls:
            if isinstance(call.module, (Neuron, ReadoutNeuron, IAFNeuron)):
                name = self._at[id(call.target)]
                make = self._neuron if self._convention is None else self._neuron_for
                self._nodes[name], units[name] = make(call, name)
        for call in self._calls:
            name = self._at[id(call.target)]
            if call not in passed and name not in self._nodes:
                self._nodes[name] = self._other(call.module, name, units)
        for call in self._calls:
            if isinstance(call.module, (InputNeuron, BatchDropout)):
                continue
            for source in call.sources:
                if id(source) not in self._at:
                    self._at[id(source)] = self._new("input")
                    self._nodes[self._at[id(source)]] = self._nir.Input(np.array([_channels(call, source)]))
                self._edges[self._at[id(source)], self._at[id(call.target)]] = None
        for name, shown in self._outputs().items():
            self._nodes[name] = self._nir.Output(np.array([self._sizes()[shown]]))
            self._edges[shown, name] = None
        if self._convention is not None:
            circles = not nx.is_directed_acyclic_graph(nx.DiGraph([*self._edges]))
            warn_of(self._convention, self._refractory, circles)
        return self._nir.NIRGraph(nodes=self._nodes, edges=[*self._edges], metadata={})

    def _sizes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for call in self._calls:
            if isinstance(call.module, (Neuron, ReadoutNeuron, IAFNeuron)):
                found[self._at[id(call.target)]] = call.module.size
        return found

    def _outputs(self) -> dict[str, str]:
        """Return the population that each output shows: without a network, those whose spikes go nowhere else.

        Populations that read each other's spikes, and whose spikes go nowhere else, are all shown.
        """
        if self._network is not None:
            return self._network.outputs
        sizes = self._sizes()
        ways: nx.DiGraph = nx.DiGraph([*self._edges])
        ways.add_nodes_from(sizes)
        groups = nx.condensation(ways)
        last = {name for group in groups if not groups.out_degree(group) for name in groups.nodes[group]["members"]}
        return {self._new("output"): name for name in sizes if name in last}

    def _name_of(self, module: HXModule) -> str:
        if module not in self._names:
            self._names[module] = self._new(type(module).__name__.lower())
        return self._names[module]

    def _new(self, kind: str) -> str:
        number, name = 1, kind
        while name in self._taken:
            number += 1
            name = f"{kind}_{number}"
        self._taken.add(name)
        return name

    def _other(self, module: HXModule, name: str, units: Mapping[str, np.ndarray]) -> Any:
        """Return the node of a module that is no population of neurons."""
        if isinstance(module, InputNeuron):
            return self._nir.Input(np.array([module.size]))
        if not isinstance(module, (Synapse, SparseSynapse)):
            raise NIRConversionError(f"node {name!r}: {module.label} has no counterpart in NIR")
        weight = _numpy(_dense(module))
        bias = self._bias(name, units) if module.bias is None else _numpy(module.bias)
        targets = {
            self._at[id(call.target)]
            for call in self._calls
            for made in self._calls
            if made.module is module and any(source is made.target for source in call.sources)
        }
        unit = {units[target].tobytes(): units[target] for target in targets if target in units}
        if len(unit) > 1:
            raise NIRConversionError(f"node {name!r}: {module.label} leads to populations of different units")
        for values in unit.values():
            weight = weight / values[:, None]
            bias = bias if bias is None or module.bias is None else bias / values
        weight = weight.astype(np.float32)
        return self._nir.Linear(weight) if bias is None else self._nir.Affine(weight, bias.astype(np.float32))

    def _bias(self, name: str, units: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """Return the bias that a synapse of a network from a graph has there, or None."""
        if self._network is None:
            return None
        _, post = self._network.ends[name]
        bias = self._network.biases.get(post)
        into = [way for way, (_, target) in self._network.ends.items() if target == post]
        if bias is None or name != (bias.node if bias.node in into else into[0]):
            return None
        return np.asarray(_numpy(bias.current()) / units[post])

    def _neuron_for(self, call: Call, name: str) -> tuple[Any, np.ndarray]:
        """Return what :meth:`_neuron` does, as a library reads it."""
        assert self._convention is not None  # noqa: S101  # nobody calls it otherwise
        module: Any = call.module
        fires, leaks = not isinstance(module, ReadoutNeuron), not isinstance(module, IAFNeuron)
        tau_mem = _per_neuron(module, module.tau_mem)
        reset = _per_neuron(module, module.reset) if fires else None
        neurons = Neurons(
            tau_syn=_per_neuron(module, module.tau_syn),
            tau_mem=tau_mem if leaks else None,
            capacity=_capacity(module, tau_mem),
            leak=_per_neuron(module, module.leak if leaks else module.reset) - self._shift(name, module.size),
            threshold=_per_neuron(module, module.threshold) if fires else None,
            reset=reset,
        )
        steps = int(np.round(_per_neuron(module, module.refractory_time) / self._dt).max()) if fires else 0
        if steps:
            spikes = call.target.observable_state
            part = None if spikes is None else float(spikes.detach().mean()) * steps
            interval = float(np.median(tau_mem))
            self._refractory.append(Refractory(name, steps * self._dt, interval, part))
        return node_of(self._nir, name, neurons, self._convention, self._dt, self._config.graph_step)

    def _neuron(self, call: Call, name: str) -> tuple[Any, np.ndarray]:
        """Return the node of neurons, and how many model units a weight of 1 is (neuron,)."""
        module: Any = call.module
        size, config, dt = module.size, self._config, self._dt
        tau_syn, tau_mem = _per_neuron(module, module.tau_syn), _per_neuron(module, module.tau_mem)
        origin = self._network.origins[name] if self._network is not None else None
        kind = "IF" if isinstance(module, IAFNeuron) else "CubaLI" if isinstance(module, ReadoutNeuron) else "CubaLIF"
        capacity = _capacity(module, tau_mem)
        if origin is None or not (origin.r * origin.w_in).all():
            r = tau_mem / capacity if kind != "IF" else tau_syn / (capacity * dt * config.acceleration)
            origin = Origin(kind, r, np.ones(size) if config.unit_jump else tau_syn / dt)
        cuba = origin.kind.startswith("Cuba")
        values: dict[str, Any] = {"r": origin.r}
        unit = origin.r * (capacity * config.acceleration if origin.kind == "IF" else capacity / tau_mem)
        if cuba:
            values |= {"tau_syn": tau_syn * config.acceleration, "w_in": origin.w_in}
            unit = unit * origin.w_in
        if not (cuba and config.unit_jump):
            unit = unit * dt / tau_syn
        if not isinstance(module, IAFNeuron):
            values["tau_mem" if cuba else "tau"] = tau_mem * config.acceleration
            values["v_leak"] = _per_neuron(module, module.leak) - self._shift(name, size)
        metadata = {} if cuba or (tau_syn <= dt * (1 + 1e-6)).all() else {TAU_SYN_KEY: tau_syn * config.acceleration}
        if not isinstance(module, ReadoutNeuron):
            values["v_threshold"] = _per_neuron(module, module.threshold)
            values["v_reset"] = _per_neuron(module, module.reset)
            refractory = _per_neuron(module, module.refractory_time)
            if (np.round(refractory / dt) > 0).any():
                _LOG.warning("node %r: NIR has no refractory time; it is kept as metadata %r", name, REFRACTORY_KEY)
                metadata[REFRACTORY_KEY] = refractory * config.acceleration
        values = {key: np.asarray(value, np.float32) for key, value in values.items()}
        return getattr(self._nir, origin.kind)(**values, metadata=metadata), unit

    def _shift(self, name: str, size: int) -> np.ndarray:
        bias = None if self._network is None else self._network.biases.get(name)
        if bias is None or bias.shift is None:
            return np.zeros(size)
        return _numpy(bias.shift).astype(np.float64)


def _channels(call: Call, source: Handle) -> int:
    if call.module.in_size is not None:
        return call.module.in_size
    return int(source.filled().shape[-1])


def _dense(module: Synapse | SparseSynapse) -> torch.Tensor:
    """Return the weights (post, pre)."""
    if not isinstance(module, SparseSynapse) or not module.packed:
        return module.present()
    weight = torch.zeros(module.out_features, module.in_features)
    pre, post = module.pattern.cpu()
    weight[post, pre] = module.values().detach().cpu().float()
    return weight


def _capacity(module: Neuron | ReadoutNeuron | IAFNeuron, tau_mem: np.ndarray) -> np.ndarray:
    """Return the membrane capacitance of the model in seconds; without one it is the time constant."""
    if module.membrane_capacitance.model_value is None:
        return tau_mem
    return _per_neuron(module, module.membrane_capacitance)


def _numpy(values: torch.Tensor) -> np.ndarray:
    result: np.ndarray = values.detach().cpu().numpy().astype(np.float32)
    return result


def _per_neuron(module: Neuron | ReadoutNeuron | IAFNeuron, parameter: HXBaseParameter) -> np.ndarray:
    values = torch.as_tensor(parameter.model_value, dtype=torch.float64).detach().cpu().numpy()
    result: np.ndarray = np.broadcast_to(values, (module.size,)).copy()
    return result
