"""What populations of firing neurons share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import AELIF, IAF, LIF
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.loop import Feedback, Terms
from hxtorch.spiking.functional.surrogates.threshold import Surrogate, surrogate
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.arguments import lif_defaults
from hxtorch.spiking.network.handle import NeuronHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter


def check_surrogate(method: str | Surrogate, alpha: float) -> None:
    """Check the arguments of a surrogate derivative.

    Raises:
        ParameterError: No surrogate has the name, or the steepness is no finite number of at least 0.
    """
    surrogate(method)
    if not (math.isfinite(alpha) and alpha >= 0):
        raise ParameterError(f"alpha: got {alpha}, wanted a finite number of at least 0")


class FiringNeuron(AnalogNeuron, ABC):
    """Base of neurons with a threshold: their surrogate derivative, and traces with spikes.

    Args and errors are those of :class:`~hxtorch.spiking.modules.neurons.analog.AnalogNeuron`.
    """

    output_type = NeuronHandle
    fires = True
    recurs = True
    terms = Terms()

    reset: HXBaseParameter
    threshold: HXBaseParameter
    refractory_time: HXBaseParameter
    holdoff_time: HXBaseParameter

    def __init__(
        self, size: int, experiment: BaseExperiment, names: Mapping[str, Any], given: Mapping[str, Any]
    ) -> None:
        super().__init__(size, experiment, names, given)
        chosen = {**lif_defaults(), **given}
        self.method = chosen["method"]
        self.alpha = chosen["alpha"]
        check_surrogate(self.method, self.alpha)

    @abstractmethod
    def step_constants(self) -> Constants:
        """Return the factors of one step of the model.

        Raises:
            ParameterError: A time constant is below half a step.
        """

    @abstractmethod
    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> LIF | IAF:
        """Return the traces of the model.

        Args:
            current: Weighted spikes (time, batch, neuron).
            recorded: What the chip showed, which takes the place of what is computed.
            feedback: What spikes of one step (batch, neuron) add to the input of the next, in recurrent layers.
        """

    def handle(self, traces: LIF | IAF | AELIF) -> NeuronHandle:
        """Return traces of the model as what users get: membranes only if they are recorded."""
        if not self.enable_cadc_recording:
            return NeuronHandle(traces.spikes, membrane_madc=traces.membrane_madc)
        return NeuronHandle(traces.spikes, traces.membrane_cadc, traces.current, traces.membrane_madc)
