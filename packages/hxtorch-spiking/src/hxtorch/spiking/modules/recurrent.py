"""A recurrent layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.functional import IAF, LIF, cuba_lif_integration, cuba_refractory_iaf_integration
from hxtorch.spiking.handle import SynapseHandle, TensorHandle
from hxtorch.spiking.modules.iaf_neuron import IAFNeuron
from hxtorch.spiking.modules.neuron import Neuron
from hxtorch.spiking.modules.weighted import WeightedProjection
from hxtorch.spiking.modules.wrapper import HXModuleWrapper
from hxtorch.spiking.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.spiking.experiment import Experiment


class Recurrent(HXModuleWrapper):
    """Neurons and the synapses from them onto themselves, as one layer.

    A spike of one step adds to the input of the next. On the chip it takes about 0.1 us from neuron to neuron. Called
    with the outputs of the synapses that come from elsewhere, it returns the neurons' handle.

    Args:
        experiment: Collects the layer when it is called.
        neuron: Firing neurons.
        synapse: From all of them to all of them, dense or sparse.

    Raises:
        ParameterError: The model of ``neuron`` is none that fires, or steps by other equations.
        TensorShapeError: ``synapse`` is of another size.
    """

    neuron: Neuron | IAFNeuron
    synapse: WeightedProjection

    def __init__(self, experiment: Experiment, neuron: Neuron | IAFNeuron, synapse: WeightedProjection) -> None:
        if type(neuron).integrate not in (Neuron.integrate, IAFNeuron.integrate):
            raise ParameterError(f"neuron: got {type(neuron).__name__}, wanted a Neuron (LIF) or an IAFNeuron")
        if not (synapse.in_features == synapse.out_features == neuron.size):
            sizes = f"{synapse.in_features} to {synapse.out_features}"
            raise TensorShapeError(f"synapse: got one from {sizes} neurons, wanted {neuron.size} to {neuron.size}")
        super().__init__(experiment, neuron=neuron, synapse=synapse)

    def forward_func(self, *input: TensorHandle, hw_data: tuple[HardwareObservables | None, ...] = ()) -> Any:
        """Integrate the sum of the inputs and of what the neurons send to themselves."""
        neuron = self.neuron
        total = neuron.total_input(input)
        recorded = neuron._observables(hw_data[0], total)

        def feedback(spikes: Tensor) -> Tensor:
            return self.synapse.weigh(spikes[None])[0]

        dt = self.experiment.dt
        traces: LIF | IAF
        if isinstance(neuron, IAFNeuron):
            traces = cuba_refractory_iaf_integration(total, neuron.params, recorded, dt, feedback=feedback)
        else:
            traces = cuba_lif_integration(total, neuron.params, recorded, dt, feedback=feedback)
        spikes = traces.spikes
        back = self.synapse.weigh(torch.cat([torch.zeros_like(spikes[:1]), spikes[:-1]]))
        return neuron.handle(traces), SynapseHandle(back)
