"""Adaptive exponential leaky integrate-and-fire neurons, of which the other models are special cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.arguments import AELIFArguments, Unpack
from hxtorch.spiking.modules.neurons.declared import declares
from hxtorch.spiking.network.handle import NeuronHandle, ReadoutNeuronHandle, TensorHandle
from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["AELIF"]


@declares(AELIFArguments)
class AELIF(AnalogNeuron):
    r"""Adaptive exponential leaky integrate-and-fire neurons with exponential synaptic currents.

    .. math::
        C \dot v &= g_l (v_l - v) + g_l \Delta_T e^{(v - v_T) / \Delta_T} + i - w, \qquad
        \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad g_l = C / \tau_m \\
        \tau_w \dot w &= a (v - v_l) - w, \qquad
        v > \vartheta \Rightarrow v \to v_r, \; w \to w + b

    Each term is there only if its flag is set. The handle has the fields of its terms: without ``fire`` no spikes.
    See :func:`~hxtorch.spiking.functional.cuba_aelif_integration`.

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[AELIFArguments]
    ) -> None:
        self._set_up(size, experiment, positional, arguments)

    if TYPE_CHECKING:

        def __call__(
            self, *input: TensorHandle, output: TensorHandle | None = None
        ) -> NeuronHandle | ReadoutNeuronHandle: ...
