"""A network that was built from a graph."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from hxtorch.spiking.errors import ExperimentError, NIRConversionError
from hxtorch.spiking.experiment import Experiment
from hxtorch.spiking.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.modules import Neuron, ReadoutNeuron, Recurrent, SparseSynapse, Synapse
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
        NIRConversionError: Populations read each other's spikes in a circle.
    """

    def __init__(
        self,
        experiment: Experiment,
        config: ConversionConfig,
        inputs: Mapping[str, int],
        populations: Mapping[str, Neuron | ReadoutNeuron],
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
        self._loops = {name: self._loop(name) for name in self.populations}
        self._order = self._sorted()

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
        for name in self._order:
            module = self._loops[name] or self.populations[name]
            self.handles[name] = module(
                *(
                    self.synapses[synapse](self.handles[pre])
                    for synapse, (pre, post) in self._ends.items()
                    if post == name and pre != name
                )
            )
        shown = {output: self.handles[name] for output, name in self.outputs.items()}
        return shown if len(shown) != 1 else next(iter(shown.values()))

    def _loop(self, name: str) -> Recurrent | None:
        own = [synapse for synapse, ends in self._ends.items() if ends == (name, name)]
        neuron = self.populations[name]
        if not own:
            return None
        if len(own) > 1 or not isinstance(neuron, Neuron):
            raise NIRConversionError(f"node {name!r}: got {len(own)} ways back to it, wanted one to a CubaLIF")
        return Recurrent(self.experiment, neuron, self.synapses[own[0]])

    def _sorted(self) -> list[str]:
        known, order = set(self.inputs), []
        waiting = [*self.populations]
        while waiting:
            ready = [name for name in waiting if known.issuperset(self._sources(name))]
            if not ready:
                raise NIRConversionError(f"nodes {', '.join(waiting)}: read each other's spikes in a circle")
            order += ready
            known.update(ready)
            waiting = [name for name in waiting if name not in ready]
        return order

    def _sources(self, name: str) -> set[str]:
        return {pre for pre, post in self._ends.values() if post == name and pre != name}
