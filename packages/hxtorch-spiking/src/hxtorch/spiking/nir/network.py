"""A network that was built from a graph."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from hxtorch.spiking.errors import ExperimentError, NIRConversionError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules import (
    IAFNeuron,
    Neuron,
    ReadoutNeuron,
    Recurrent,
    RecurrentNetwork,
    SparseSynapse,
    Synapse,
)
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.network.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.nir.config import ConversionConfig


class NIRNetwork(torch.nn.Module):
    """Populations and synapses by the names of the graph's nodes; call it with input spikes, then run its experiment.

    Args:
        experiment: Collects the network when it is called.
        config: Units of the graph.
        inputs: Number of channels of each input.
        populations: Neurons.
        synapses: For each name the source, the target and the module.
        outputs: Which population each output shows.

    Attributes:
        handles: What each population showed in the last pass, and the inputs, by name.

    Raises:
        NIRConversionError: What sends spikes back to its inputs has no threshold.
    """

    def __init__(
        self,
        experiment: Experiment,
        config: ConversionConfig,
        inputs: Mapping[str, int],
        populations: Mapping[str, Neuron | IAFNeuron | ReadoutNeuron],
        synapses: Mapping[str, tuple[str, str, Synapse | SparseSynapse]],
        outputs: Mapping[str, str],
    ) -> None:
        super().__init__()
        self.experiment = experiment
        self.config = config
        self.inputs = dict(inputs)
        self.outputs = dict(outputs)
        self.handles: dict[str, TensorHandle] = {}
        self.populations = dict(populations)
        self.synapses = {name: module for name, (_, _, module) in synapses.items()}
        self._ends = {name: (pre, post) for name, (pre, post, _) in synapses.items()}
        for name, module in [*self.populations.items(), *self.synapses.items()]:
            self.add_module(f"{name.replace('.', '_')}", module)
        self._groups = [self._group(names) for names in self._sorted()]

    def forward(self, input: NeuronHandle | Mapping[str, NeuronHandle]) -> TensorHandle | dict[str, TensorHandle]:
        """Join the experiment.

        Args:
            input: Spikes (time, batch, channel), by the names of the inputs if there are several.

        Returns:
            Handles of the outputs, by name if there are several.

        Raises:
            ExperimentError: Inputs are missing.
        """
        given = dict(input) if isinstance(input, Mapping) else dict(zip(self.inputs, [input], strict=False))
        if set(given) != set(self.inputs):
            raise ExperimentError(f"inputs: got {sorted(given)}, wanted {sorted(self.inputs)}")
        self.handles = {**given}
        for names, module in self._groups:
            inputs = [self._inputs(name, names) for name in names]
            if isinstance(module, RecurrentNetwork):
                self.handles.update(zip(names, module(*inputs), strict=True))
            else:
                self.handles[names[0]] = module(*inputs[0])
        shown = {output: self.handles[name] for output, name in self.outputs.items()}
        return shown if len(shown) != 1 else next(iter(shown.values()))

    def _inputs(self, name: str, group: list[str]) -> list[TensorHandle]:
        """Return what reaches a population from outside its group, calling the synapses."""
        ends = self._ends.items()
        return [self.synapses[way](self.handles[pre]) for way, (pre, post) in ends if post == name and pre not in group]

    def _group(self, names: list[str]) -> tuple[list[str], torch.nn.Module]:
        """Return what steps a group of populations that read each other's spikes, or one alone."""
        ways = {way: ends for way, ends in self._ends.items() if set(ends) <= set(names)}
        neurons = {name: self.populations[name] for name in names}
        if not ways:
            return names, neurons[names[0]]
        firing: list[AnalogNeuron] = []
        for name, neuron in neurons.items():
            if isinstance(neuron, ReadoutNeuron):
                raise NIRConversionError(f"node {name!r}: sends spikes back to its inputs, but has no threshold")
            firing.append(neuron)
        if len(names) == len(ways) == 1:
            (way,) = ways
            return names, Recurrent(self.experiment, neurons[names[0]], self.synapses[way])
        links = [(neurons[pre], neurons[post], self.synapses[way]) for way, (pre, post) in ways.items()]
        return names, RecurrentNetwork(self.experiment, firing, links)

    def _sorted(self) -> list[list[str]]:
        """Return groups of populations that read each other's spikes, each behind those that it reads."""
        beyond = {name: self._reached(name) for name in self.populations}
        groups: list[list[str]] = []
        for name in self.populations:
            if not any(name in group for group in groups):
                groups.append([o for o in self.populations if o == name or (o in beyond[name] and name in beyond[o])])
        # What is read first reaches more than what reads it.
        return sorted(groups, key=lambda group: -len(beyond[group[0]] | set(group)))

    def _reached(self, name: str) -> set[str]:
        """Return the populations that the spikes of one reach, directly or through others."""
        found: set[str] = set()
        ahead = [name]
        while ahead:
            now = ahead.pop()
            new = {post for pre, post in self._ends.values() if pre == now} - found
            found |= new
            ahead += new
        return found
