"""Sources of input spikes as a population of their own."""

from __future__ import annotations

from typing import Any

from hxtorch.spiking.experiment import Experiment
from hxtorch.spiking.functional import input_neuron
from hxtorch.spiking.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.modules.types import Population
from hxtorch.spiking.observables import HardwareObservables


class InputNeuron(Population):
    """Sources that send given spikes.

    Synapses may read input handles directly; a population of sources is needed only to record what arrived on the chip
    (``ExecutionInstance(input_loopback=True)``).

    Args:
        size: Number of sources.
        experiment: Collects the module when it is called.
    """

    input_type = NeuronHandle
    output_type = NeuronHandle
    single_input = True

    def __init__(self, size: int, experiment: Experiment) -> None:
        super().__init__(size, experiment)

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Pass spikes on, or what the chip recorded of them."""
        (handle,) = input
        return NeuronHandle(input_neuron(handle.filled(), hw_data))
