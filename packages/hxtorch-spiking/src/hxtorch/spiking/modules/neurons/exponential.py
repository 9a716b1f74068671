"""The older neuron modules with exponential-Euler steps."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import exp_cuba_li_integration, exp_cuba_lif_integration
from hxtorch.spiking.functional.steps.euler import tensor_like
from hxtorch.spiking.functional.steps.loop import Feedback, Traces
from hxtorch.spiking.modules.neurons.arguments import LIArguments, LIFArguments, Unpack
from hxtorch.spiking.modules.neurons.declared import declares
from hxtorch.spiking.modules.neurons.li import LI
from hxtorch.spiking.modules.neurons.lif import LIF
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter

__all__ = ["NeuronExp", "ReadoutNeuronExp"]


@declares(LIFArguments)
class NeuronExp(LIF):
    """Leaky integrate-and-fire neurons with steps by exponential Euler. Deprecated: use :class:`LIF`.

    The refractory time and the capacitance are the chip's only, the model has none; see
    :func:`~hxtorch.spiking.functional.exp_cuba_lif_integration`.
    """

    steps_alone = False

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIFArguments]
    ) -> None:
        warnings.warn("NeuronExp is deprecated, use LIF", DeprecationWarning, stacklevel=2)
        self._set_up(size, experiment, positional, arguments)

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> Traces:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        params = self._model_params()
        found = exp_cuba_lif_integration(
            current,
            leak=params.leak,
            reset=params.reset,
            threshold=params.threshold,
            tau_syn_exp=_factor("tau_syn", self.tau_syn, current, self.experiment.dt),
            tau_mem_exp=_factor("tau_mem", self.tau_mem, current, self.experiment.dt),
            method=params.method,
            alpha=params.alpha,
            hw_data=recorded,
            traces=self.enable_cadc_recording,
        )
        return Traces(found.spikes, found.membrane_cadc, found.current, None)


@declares(LIArguments)
class ReadoutNeuronExp(LI):
    """Leaky integrators with steps by exponential Euler. Deprecated: use :class:`LI`.

    The capacitance is the chip's only, the model has none.
    """

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIArguments]
    ) -> None:
        warnings.warn("ReadoutNeuronExp is deprecated, use LI", DeprecationWarning, stacklevel=2)
        self._set_up(size, experiment, positional, arguments)

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> Traces:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        found = exp_cuba_li_integration(
            current,
            leak=self.leak.model_value,
            tau_syn_exp=_factor("tau_syn", self.tau_syn, current, self.experiment.dt),
            tau_mem_exp=_factor("tau_mem", self.tau_mem, current, self.experiment.dt),
            hw_data=recorded,
        )
        return Traces(None, found.membrane_cadc, found.current, None)


def _factor(name: str, tau: HXBaseParameter, like: Tensor, dt: float) -> Tensor:
    """Return the part of a value that is left after one step; half precision has no ``1 / tau``."""
    if tau.model_value is None:
        raise ParameterError(f"{name}: got None, wanted seconds, which this model needs")
    dtype = torch.promote_types(like.dtype, torch.float32)
    return torch.exp(-dt / tensor_like(tau.model_value, like.new_empty(0, dtype=dtype))).to(like)
