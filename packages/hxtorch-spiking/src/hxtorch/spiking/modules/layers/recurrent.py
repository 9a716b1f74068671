"""A recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.functional.steps.feedback import Recurrence
from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection, check_no_bias
from hxtorch.spiking.network.handle import TensorHandle

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment


@checked
class Recurrent(HXModuleWrapper):
    """Neurons and the synapses from them onto themselves, as one layer.

    A spike of one step adds to the input of the next. On the chip it takes about 0.1 us from neuron to neuron. Called
    with the outputs of the synapses that come from elsewhere, it returns the neurons' handle. On the CPU, compiled
    steps take the place of the torch loop, unless the synapse has a model (``func``) of its own.

    Args:
        experiment: Collects the layer when it is called.
        neuron: Firing neurons.
        synapse: From all of them to all of them, dense or sparse.

    Raises:
        ParameterError: ``neuron`` does not fire, or its model takes no spikes of its own; or ``synapse`` has a bias.
        TensorShapeError: ``synapse`` is of another size.
    """

    neuron: AnalogNeuron
    synapse: WeightedProjection

    def __init__(self, experiment: Experiment, neuron: AnalogNeuron, synapse: WeightedProjection) -> None:
        if not isinstance(neuron, AnalogNeuron) or not neuron.recurs:
            raise ParameterError(f"neuron: got {type(neuron).__name__}, wanted firing neurons, as a Neuron (LIF)")
        if not (synapse.in_features == synapse.out_features == neuron.size):
            sizes = f"{synapse.in_features} to {synapse.out_features}"
            raise TensorShapeError(f"synapse: got one from {sizes} neurons, wanted {neuron.size} to {neuron.size}")
        check_no_bias("synapse", synapse)
        super().__init__(experiment, neuron=neuron, synapse=synapse)

    def forward_func(self, *input: TensorHandle, hw_data: Any = None) -> Any:
        """Integrate the sum of the inputs and of what the neurons send to themselves."""
        total = self.neuron.total_input(input)
        recorded = self.neuron._observables(hw_data[0] if hw_data else None, total)
        self.synapse.check_operands(total)
        weight = self.synapse.matrix()
        feedback = self._weigh if weight is None else Recurrence(weight)
        traces = self.neuron.integrate(total, recorded, feedback)
        return self.neuron.handle(traces, recorded, total), None

    def _weigh(self, spikes: Tensor) -> Tensor:
        """Return what the spikes of one step (batch, neuron) add to the next."""
        return self.synapse.weigh(spikes[None])[0]
