"""Leaky integrators: neurons that are read out and do not fire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hxtorch.spiking.functional import CUBALIParams, CuBaStepCode
from hxtorch.spiking.modules.neurons.aelif import AELIF
from hxtorch.spiking.modules.neurons.arguments import LIArguments, Unpack
from hxtorch.spiking.modules.neurons.declared import declares
from hxtorch.spiking.network.handle import ReadoutNeuronHandle, TensorHandle
from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["LI", "ReadoutNeuron"]


@declares(LIArguments)
class LI(AELIF):
    r"""Leaky integrators with exponential synaptic currents.

    .. math::
        C \dot v = \frac{C}{\tau_m} (v_l - v) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k)

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    output_type = ReadoutNeuronHandle
    equations = CuBaStepCode(leaky=True, fire=False)
    older_params = CUBALIParams

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIArguments]
    ) -> None:
        self._set_up(size, experiment, positional, arguments)

    if TYPE_CHECKING:

        def __call__(self, *input: TensorHandle, output: TensorHandle | None = None) -> ReadoutNeuronHandle: ...


ReadoutNeuron = LI
