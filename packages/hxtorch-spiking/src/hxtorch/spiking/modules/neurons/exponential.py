"""The older neuron modules with exponential-Euler steps."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.functional import LI, LIF, exp_cuba_li_integration, exp_cuba_lif_integration
from hxtorch.spiking.functional.steps.euler import tensor_like
from hxtorch.spiking.functional.steps.loop import Feedback
from hxtorch.spiking.modules.neurons.arguments import LIArguments, LIFArguments, Unpack
from hxtorch.spiking.modules.neurons.li import ReadoutNeuron
from hxtorch.spiking.modules.neurons.lif import Neuron
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter


class NeuronExp(Neuron):
    """Leaky integrate-and-fire neurons with steps by exponential Euler. Deprecated: use :class:`Neuron`.

    Arguments and errors are those of :class:`Neuron`. The refractory time is the chip's only, the model has none; see
    :func:`~hxtorch.spiking.functional.exp_cuba_lif_integration`.

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        *positional: The first of these arguments, without their names.
        **arguments: See :class:`~hxtorch.spiking.modules.neurons.arguments.LIFArguments`.
    """

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIFArguments]
    ) -> None:
        warnings.warn("NeuronExp is deprecated, use Neuron", DeprecationWarning, stacklevel=2)
        super().__init__(size, experiment, *positional, **arguments)

    recurs = False

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> LIF:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        params = self.params
        return exp_cuba_lif_integration(
            current,
            leak=params.leak,
            reset=params.reset,
            threshold=params.threshold,
            tau_syn_exp=_factor(self.tau_syn, current, self.experiment.dt),
            tau_mem_exp=_factor(self.tau_mem, current, self.experiment.dt),
            method=params.method,
            alpha=params.alpha,
            hw_data=recorded,
            traces=self.enable_cadc_recording,
        )


class ReadoutNeuronExp(ReadoutNeuron):
    """Leaky integrators with steps by exponential Euler. Deprecated: use :class:`ReadoutNeuron`.

    Arguments and errors are those of :class:`ReadoutNeuron`.

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        *positional: The first of these arguments, without their names.
        **arguments: See :class:`~hxtorch.spiking.modules.neurons.arguments.LIArguments`.
    """

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIArguments]
    ) -> None:
        warnings.warn("ReadoutNeuronExp is deprecated, use ReadoutNeuron", DeprecationWarning, stacklevel=2)
        super().__init__(size, experiment, *positional, **arguments)

    def integrate(self, current: Tensor, recorded: HardwareObservables) -> LI:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        return exp_cuba_li_integration(
            current,
            leak=self.leak.model_value,
            tau_syn_exp=_factor(self.tau_syn, current, self.experiment.dt),
            tau_mem_exp=_factor(self.tau_mem, current, self.experiment.dt),
            hw_data=recorded,
        )


def _factor(tau: HXBaseParameter, like: Tensor, dt: float) -> Tensor:
    """Return the part of a value that is left after one step; half precision has no ``1 / tau``."""
    dtype = torch.promote_types(like.dtype, torch.float32)
    return torch.exp(-dt / tensor_like(tau.model_value, like.new_empty(0, dtype=dtype))).to(like)
