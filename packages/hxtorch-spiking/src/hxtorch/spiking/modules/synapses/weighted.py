"""What dense and sparse synapses have in common: a trained weight, and its values on the chip."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.core.errors import OperandRangeError
from hxtorch.spiking import functional
from hxtorch.spiking.errors import TensorShapeError, TensorTypeError
from hxtorch.spiking.functional.synapses.events import holds_spikes
from hxtorch.spiking.modules.types import Projection
from hxtorch.spiking.network.handle import NeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.tensors import check_finite

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment

MAX_WEIGHT = 63
_HALF = torch.tensor(0.5)


class WeightedProjection(Projection):
    """Base of synapses with a weight.

    Args:
        in_features, out_features: Sizes of the populations.
        experiment: Collects the module when it is called.
        func: Model of the synapse.
        execution_instance: Where the target population runs, or None to leave that to the population.
        weight: Weights in model units, any shape; the subclass draws the values.
        transform: Turns the weight from model units into LSB.
    """

    input_type = NeuronHandle
    output_type = SynapseHandle

    weight: torch.nn.Parameter

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Experiment,
        func: Callable[..., Tensor],
        execution_instance: ExecutionInstance | None,
        weight: Tensor,
        transform: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__(in_features, out_features, experiment, func, execution_instance)
        self.weight = torch.nn.Parameter(weight)
        self.weight_transform = transform
        self._synapse_func = func

    def operands(self, spikes: Tensor) -> tuple[Any, ...]:
        """Return what the model of the synapse is called with."""
        return spikes, self.weight

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Weigh the spikes of one handle."""
        (handle,) = input
        return self.weigh(handle.filled())

    def weigh(self, spikes: Tensor) -> Tensor:
        """Return the weighted spikes (time, batch, out_features) of spikes (time, batch, in_features).

        Raises:
            TensorTypeError: ``spikes`` is of another type than the weight, outside of automatic casts.
            TensorValueError: The weight holds NaN or infinity.
        """
        self.check_operands(spikes)
        weighted: Tensor = self._synapse_func(*self.operands(spikes))
        return weighted

    def check_operands(self, spikes: Tensor) -> None:
        """Refuse what can not be weighed.

        Raises:
            TensorTypeError: ``spikes`` is of another type than the weight, outside of automatic casts.
            TensorValueError: The weight holds NaN or infinity.
        """
        if spikes.dtype != self.weight.dtype and not torch.is_autocast_enabled(spikes.device.type):
            wanted = f"{self.weight.dtype} like the weight"
            raise TensorTypeError(f"input of {self.label}: got {spikes.dtype}, wanted {wanted}")
        check_finite(self.weight, f"weight of {self.label}")

    def matrix(self) -> Tensor | None:
        """Return the weights (out_features, in_features), or None if the synapse has a model of its own."""
        return self.weight if self._synapse_func is functional.linear else None

    def lsb(self) -> Tensor:
        """Return the transformed weight, rounded.

        Returns:
            int8, -63..63 LSB, of the weight's shape, on the CPU.

        Raises:
            TensorTypeError: The transform returned something else than a tensor.
            TensorValueError: The transformed weight holds NaN or infinity.
            TensorShapeError: The transform changed the shape.
            OperandRangeError: A transformed weight exceeds +-63.
        """
        with torch.no_grad():
            weight = self.weight_transform(self.weight.detach())
            if not isinstance(weight, Tensor):
                raise TensorTypeError(f"transform of {self.label}: returned {type(weight).__name__}, wanted a tensor")
            if weight.shape != self.weight.shape:
                shapes = f"{tuple(weight.shape)}, wanted {tuple(self.weight.shape)}"
                raise TensorShapeError(f"transform of {self.label}: returned shape {shapes}")
            worst = max((float(bound) for bound in weight.aminmax()), key=abs) if weight.numel() else 0.0
            if not abs(worst) < MAX_WEIGHT + 0.5:
                check_finite(weight, f"transformed weight of {self.label}")
                raise OperandRangeError(
                    f"weight of {self.label}: got {math.trunc(worst + math.copysign(0.5, worst))} LSB after the "
                    f"transform, wanted -{MAX_WEIGHT} to {MAX_WEIGHT}; clamp in the transform, as linear_saturating "
                    "does"
                )
            return (weight + torch.copysign(_HALF, weight)).to("cpu", torch.int8)  # which cuts off the fraction

    def _check_numbers(self, tensor: Tensor, what: str) -> None:
        """Check the numbers of an input that was handed in filled; that finds the spikes too."""
        if not holds_spikes(tensor, self.out_features):
            check_finite(tensor, what)
