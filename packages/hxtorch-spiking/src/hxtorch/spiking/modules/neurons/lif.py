"""Leaky integrate-and-fire neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from hxtorch.spiking.functional import CUBALIFParams, CuBaStepCode
from hxtorch.spiking.modules.neurons.aelif import AELIF
from hxtorch.spiking.modules.neurons.arguments import LIFArguments, Unpack
from hxtorch.spiking.modules.neurons.declared import declares
from hxtorch.spiking.network.handle import NeuronHandle, TensorHandle
from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["LIF", "Neuron"]


@declares(LIFArguments)
class LIF(AELIF):
    r"""Leaky integrate-and-fire neurons with exponential synaptic currents.

    .. math::
        C \dot v = \frac{C}{\tau_m} (v_l - v) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    output_type = NeuronHandle
    equations = CuBaStepCode(leaky=True, fire=True, refractory=True)
    older_params: ClassVar[Any] = CUBALIFParams

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIFArguments]
    ) -> None:
        self._set_up(size, experiment, positional, arguments)

    if TYPE_CHECKING:

        def __call__(self, *input: TensorHandle, output: TensorHandle | None = None) -> NeuronHandle: ...


Neuron = LIF
