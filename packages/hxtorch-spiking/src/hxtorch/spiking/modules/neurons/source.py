"""Sources of input spikes as a population of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hxtorch import core
from hxtorch.spiking.chip.input_generator import InputGenerator
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.functional.models.input_neuron import input_neuron
from hxtorch.spiking.functional.recorded import apart
from hxtorch.spiking.modules.types import InputPopulation
from hxtorch.spiking.network.handle import Handle, NeuronHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["InputNeuron"]


@checked
class InputNeuron(InputPopulation):
    """Sources that send given spikes.

    Synapses may read input handles directly; a population of sources is needed only to record what arrived on the chip
    (``ExecutionInstance(input_loopback=True)``).

    Args:
        size: Number of sources.
        experiment: Collects the module when it is called.
        execution_instance: Where the synapses are that read the sources, or None for the experiment's default.
        chip_coordinate: Which chip of a setup that is.
    """

    input_type = NeuronHandle
    output_type = NeuronHandle
    single_input = True

    def __init__(
        self,
        size: int,
        experiment: BaseExperiment,
        execution_instance: ExecutionInstance | None = None,
        chip_coordinate: object | None = None,
    ) -> None:
        super().__init__(size, experiment, execution_instance, chip_coordinate)

    def layout(self) -> tuple[Any, ...]:
        """Return what routing depends on."""
        return self.size, bool(getattr(self._execution_instance, "input_loopback", False))

    def add_to_network_graph(self, builder: core.NetworkBuilder) -> core.PopulationDescriptor:
        """Add the sources to the network on the chip; their spikes come back if the execution instance says so."""
        loopback = self.execution_instance.input_loopback
        return builder.add(core.ExternalPopulation(self.size, loopback, self.label))

    def add_to_input_generator(self, input: Handle, builder: InputGenerator) -> None:
        """Send spikes in the run that is being prepared.

        Args:
            input: Holds them.
            builder: Collects what all sources send.

        Raises:
            ExperimentError: The population is in no network on a chip.
        """
        if self.descriptor is None:
            raise ExperimentError(f"{self.label}: is on no chip yet; add it to a network first")
        builder.add(self.descriptor, input.filled(), self)

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Pass spikes on, or what the chip recorded of them."""
        if len(input) > 1:
            input, hw_data = apart(input, hw_data)
        (handle,) = input
        return NeuronHandle(input_neuron(handle.filled(), hw_data))
