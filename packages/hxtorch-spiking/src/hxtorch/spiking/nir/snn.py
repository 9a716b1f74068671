"""Networks as torch modules that run themselves: a base for those of users, and what their forward calls."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.experiment.running import run
from hxtorch.spiking.modules import HXModule
from hxtorch.spiking.network.handle import Handle, NeuronHandle


class SNN(torch.nn.Module):
    """A network that takes spikes, runs its experiment and returns what its last layer shows.

    As it is, :meth:`forward` passes the spikes through all modules in the order in which they were assigned; subclasses
    that are no chain override it::

        snn = SNN(mock=True)
        snn.linear = hxsnn.Synapse(5, 3, snn.exp)
        snn.lif = hxsnn.Neuron(3, snn.exp)
        graph = to_nir(snn, torch.zeros(10, 1, 5))

    Args:
        dt: Step in seconds.
        mock: Run the numerics alone, without a chip.
        device: Where inputs are moved to.

    Attributes:
        exp: Collects and runs the modules.
    """

    def __init__(self, dt: float = 1e-6, mock: bool = True, device: torch.device = torch.device("cpu")) -> None:  # noqa: B008  # has no state
        super().__init__()
        self.exp = Experiment(mock=mock, dt=dt)
        self.device = device

    def forward(self, spikes: Tensor) -> Tensor:
        """Run the network.

        Args:
            spikes: Tensor (time, batch, channel).

        Returns:
            The spikes of the last layer, or its membrane if it has no spikes, (time, batch, neuron).

        Raises:
            ExperimentError: No module was assigned.
        """
        layers = [module for module in self.children() if isinstance(module, HXModule)]
        if not layers:
            raise ExperimentError("SNN: has no modules; assign some, as in snn.lif = Neuron(3, snn.exp)")
        handle: Handle = NeuronHandle(spikes.to(self.device))
        for layer in layers:
            handle = layer(handle)
        run(self.exp, None if self.exp.mock else len(spikes))
        return handle.filled()


class Call(NamedTuple):
    """One call of a module.

    Attributes:
        module: What was called.
        sources: Handles that it read.
        target: Handle that it filled.
    """

    module: HXModule
    sources: tuple[Handle, ...]
    target: Handle


def calls_of_pass(experiment: Experiment) -> list[Call]:
    """Return the calls of the pass that is under way."""
    return [Call(step.module, tuple(step.sources), step.target) for step in experiment.modules]


def calls_of_forward(snn: torch.nn.Module, sample: Any) -> list[Call]:
    """Return the calls of modules when ``snn`` is called with ``sample``.

    Raises:
        ExperimentError: There were none.
    """
    calls: list[Call] = []

    def note(module: torch.nn.Module, given: tuple[Any, ...], output: Any) -> None:
        if isinstance(module, HXModule) and isinstance(output, Handle):
            calls.append(Call(module, tuple(one for one in given if isinstance(one, Handle)), output))

    hook = torch.nn.modules.module.register_module_forward_hook(note)
    try:
        with torch.no_grad():
            snn(sample)
    finally:
        hook.remove()
        # A forward that leaves the run to its caller has left its pass behind.
        for experiment in {id(call.module.experiment): call.module.experiment for call in calls}.values():
            experiment.clear()
    if not calls:
        raise ExperimentError(f"{type(snn).__name__}: called no module of hxtorch.spiking; nothing to convert")
    return calls
