"""A network that was built from a graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.errors import ExperimentError, NIRConversionError, TensorTypeError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.experiment.running import run
from hxtorch.spiking.modules import (
    IAFNeuron,
    InputNeuron,
    Neuron,
    ReadoutNeuron,
    Recurrent,
    RecurrentNetwork,
    SparseSynapse,
    Synapse,
)
from hxtorch.spiking.network.handle import Handle, NeuronHandle
from hxtorch.spiking.nir.background import Bias
from hxtorch.spiking.nir.config import ConversionConfig

Population = Neuron | IAFNeuron | ReadoutNeuron


@dataclass(frozen=True)
class Origin:
    """What a population was in its graph.

    Attributes:
        kind: Class of the node.
        r, w_in: Of the node, (neuron,); ``w_in`` is 1 for those that have none.
    """

    kind: str
    r: np.ndarray
    w_in: np.ndarray


class Nodes(torch.nn.Module):
    """Modules by the names of a file, which no attribute can collide with.

    Args:
        modules: By name, any text. Keys in state dictionaries are ``@`` and the name, with ``%2E`` for a dot.
    """

    def __init__(self, modules: Mapping[str, torch.nn.Module]) -> None:
        super().__init__()
        self._keys = {name: "@" + name.replace("%", "%25").replace(".", "%2E") for name in modules}
        for name, module in modules.items():
            self.add_module(self._keys[name], module)

    def __getitem__(self, name: str) -> torch.nn.Module:
        return self.get_submodule(self._keys[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class NIRNetwork(torch.nn.Module):
    """Populations and synapses by the names of the graph's nodes.

    Called with tensors it runs itself. Called with handles it joins its experiment, which is run afterwards.

    Args:
        experiment: Collects the network when it is called.
        config: Units of the graph.
        inputs: Number of channels of each input.
        populations: Neurons.
        synapses: For each name the source, the target and the module.
        outputs: Which population each output shows.
        biases: What is added to the input of a population in each step.
        origins: What the populations were in their graph.

    Attributes:
        experiment, exp: Collects and runs the network.
        hxnodes: The modules of all nodes by name.
        output: What each node showed in the last pass, the outputs included, by name; also :attr:`handles`.
        ends: Source and target of each synapse.
        biases: By population; the ``kind`` of each says whether the leak was shifted or a background source spikes.

    Raises:
        NIRConversionError: What sends spikes back to its inputs has no threshold.
    """

    def __init__(
        self,
        experiment: Experiment,
        config: ConversionConfig,
        inputs: Mapping[str, int],
        populations: Mapping[str, Population],
        synapses: Mapping[str, tuple[str, str, Synapse | SparseSynapse]],
        outputs: Mapping[str, str],
        biases: Mapping[str, Bias],
        origins: Mapping[str, Origin],
    ) -> None:
        super().__init__()
        self.experiment = experiment
        self.config = config
        self.inputs = dict(inputs)
        self.outputs = dict(outputs)
        self.handles: dict[str, Handle] = {}
        self.populations = dict(populations)
        self.synapses = {name: module for name, (_, _, module) in synapses.items()}
        self.sources = {name: InputNeuron(size, experiment) for name, size in self.inputs.items()}
        self.biases = dict(biases)
        self.origins = dict(origins)
        self.ends = {name: (pre, post) for name, (pre, post, _) in synapses.items()}
        self.nodes = Nodes(self.hxnodes)
        self.background = Nodes({name: one.synapse for name, one in self.biases.items() if one.synapse is not None})
        self._groups = [self._group(names) for names in self._sorted()]
        self.to(config.device)

    @property
    def exp(self) -> Experiment:
        """Collects and runs the network; the same as ``experiment``."""
        return self.experiment

    @property
    def hxnodes(self) -> dict[str, torch.nn.Module]:
        """The modules of all nodes by name."""
        return {**self.sources, **self.synapses, **self.populations}

    @property
    def output(self) -> dict[str, Handle]:
        """What each node showed in the last pass, the outputs included, by name."""
        shown = {name: self.handles[node] for name, node in self.outputs.items() if node in self.handles}
        return {**self.handles, **shown}

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy takes over: what the last pass showed belongs to this network."""
        return {**self.__dict__, "handles": {}}

    def forward(
        self, input: NeuronHandle | Tensor | Mapping[str, NeuronHandle] | Mapping[str, Tensor]
    ) -> Handle | dict[str, Handle] | dict[str, Tensor]:
        """Run the network, or join its experiment.

        Args:
            input: Spikes (time, batch, channel), by the names of the inputs if there are several; a tensor may have the
                axes that the graph's input has, (time, batch, ...). Names of nodes that the network computes itself may
                be among them and are not read.

        Returns:
            Called with tensors: the spikes (time, batch, neuron) of the nodes that have some, by name, or, if none
            has, the membranes. All traces are in :attr:`output`. Called with handles: those of the outputs, empty
            until the experiment is run, by name if there are several.

        Raises:
            ExperimentError: Inputs are missing.
            TensorTypeError: Tensors and handles are mixed, or it is something else.
        """
        given = self._given(input)
        if isinstance(next(iter(given.values())), Tensor):
            return self._run({name: NeuronHandle(_channels(spikes)) for name, spikes in given.items()})
        return self._join(given)

    def _given(self, input: Any) -> dict[str, Any]:
        given = dict(input) if isinstance(input, Mapping) else dict(zip(self.inputs, [input], strict=False))
        wrong = [name for name in given if name not in self.inputs and name not in self.populations]
        if wrong or not set(self.inputs) <= set(given):
            raise ExperimentError(f"inputs: got {sorted(given)}, wanted {sorted(self.inputs)}")
        given = {name: given[name] for name in self.inputs}
        if not (
            all(isinstance(one, Tensor) for one in given.values())
            or all(isinstance(one, NeuronHandle) for one in given.values())
        ):
            kinds = ", ".join(f"{name!r}: {type(one).__name__}" for name, one in given.items())
            raise TensorTypeError(f"inputs: got {{{kinds}}}, wanted tensors (time, batch, channel) or NeuronHandles")
        return given

    def _run(self, given: Mapping[str, NeuronHandle]) -> dict[str, Tensor]:
        self._join(given)
        run(self.experiment, None if self.experiment.mock else max(len(one.filled()) for one in given.values()))
        firing = {name: self.handles[name] for name in self.populations}
        spikes = {name: one.spikes for name, one in firing.items() if isinstance(one, NeuronHandle)}
        found = {name: one for name, one in spikes.items() if one is not None}
        return found or {name: one.filled() for name, one in firing.items()}

    def _join(self, given: Mapping[str, NeuronHandle]) -> Handle | dict[str, Handle]:
        self.handles = {name: self.sources[name](handle) for name, handle in given.items()}
        like = next(iter(given.values()))
        for names, module in self._groups:
            inputs = [self._inputs(name, names, like) for name in names]
            if isinstance(module, RecurrentNetwork):
                self.handles.update(zip(names, module(*inputs), strict=True))
            else:
                self.handles[names[0]] = module(*inputs[0])
        shown = {output: self.handles[name] for output, name in self.outputs.items()}
        return shown if len(shown) != 1 else next(iter(shown.values()))

    def _inputs(self, name: str, group: list[str], like: NeuronHandle) -> list[Handle]:
        """Return what reaches a population from outside its group, calling the synapses."""
        ends = self.ends.items()
        found = [
            self.synapses[way](self.handles[pre]) for way, (pre, post) in ends if post == name and pre not in group
        ]
        bias = self.biases.get(name)
        if bias is not None and bias.synapse is not None:
            steps, batch = like.filled().shape[:2]
            spikes = bias.rhythm.spikes(steps, batch, bias.synapse.weight)
            found.append(bias.synapse(NeuronHandle(spikes)))
        return found

    def _group(self, names: list[str]) -> tuple[list[str], torch.nn.Module]:
        """Return what steps a group of populations that read each other's spikes, or one alone."""
        ways = {way: ends for way, ends in self.ends.items() if set(ends) <= set(names)}
        neurons = {name: self.populations[name] for name in names}
        if not ways:
            return names, neurons[names[0]]
        firing: list[Neuron | IAFNeuron] = []
        for name, neuron in neurons.items():
            if isinstance(neuron, ReadoutNeuron):
                raise NIRConversionError(f"node {name!r}: sends spikes back to its inputs, but has no threshold")
            firing.append(neuron)
        if len(names) == len(ways) == 1:
            (way,) = ways
            return names, Recurrent(self.experiment, firing[0], self.synapses[way])
        links = [(neurons[pre], neurons[post], self.synapses[way]) for way, (pre, post) in ways.items()]
        return names, RecurrentNetwork(self.experiment, firing, links)

    def _sorted(self) -> list[list[str]]:
        """Return groups of populations that read each other's spikes, each behind those that it reads."""
        places = {name: place for place, name in enumerate(self.populations)}
        ways: nx.DiGraph = nx.DiGraph()
        ways.add_nodes_from(places)
        ways.add_edges_from(ends for ends in self.ends.values() if ends[0] in places)
        groups = nx.condensation(ways)
        first = {group: min(places[name] for name in groups.nodes[group]["members"]) for group in groups}
        order = nx.lexicographical_topological_sort(groups, key=first.__getitem__)
        return [sorted(groups.nodes[group]["members"], key=places.__getitem__) for group in order]


def _channels(spikes: Tensor) -> Tensor:
    """Return spikes (time, batch, channel) of spikes whose channels have several axes."""
    return spikes.flatten(2) if spikes.ndim > 3 else spikes
