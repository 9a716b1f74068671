"""Dense signed synapses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.core.errors import OperandRangeError
from hxtorch.spiking import functional
from hxtorch.spiking.errors import TensorShapeError, TensorTypeError
from hxtorch.spiking.handle import NeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.modules.types import Projection
from hxtorch.spiking.observables import HardwareObservables
from hxtorch.spiking.tensors import check_finite
from hxtorch.spiking.transforms import weight_transforms

if TYPE_CHECKING:
    from hxtorch.spiking.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment import Experiment

MAX_WEIGHT = 63


class Synapse(Projection):
    """All-to-all synapses: each spike steps the current of every target neuron by a weight.

    On the chip a weight is an excitatory and an inhibitory synapse of 6 bits, so it is rounded to -63..63 LSB after
    ``transform``, halves away from zero.

    Args:
        in_features: Number of source neurons.
        out_features: Number of target neurons.
        experiment: Collects the module when it is called.
        func: Model of the synapse, a function of spikes (time, batch, in_features) and weight (out_features,
            in_features).
        execution_instance: Where the target population runs, or None to leave that to the population.
        device, dtype: Of the weight.
        transform: Turns the weight from model units into LSB, called with the weight before each run on a chip.

    Attributes:
        weight: Weights in model units, a parameter (out_features, in_features), drawn from U(-k, k) with
            ``k = 1 / sqrt(in_features)``.
    """

    input_type = NeuronHandle
    output_type = SynapseHandle

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Experiment,
        func: Callable[..., Tensor] = functional.linear,
        execution_instance: ExecutionInstance | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        transform: Callable[[Tensor], Tensor] = weight_transforms.linear_saturating,
    ) -> None:
        super().__init__(in_features, out_features, experiment, func, execution_instance)
        shape = (self.out_features, self.in_features)
        self.weight = torch.nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
        self.weight_transform = transform
        self._synapse_func = func
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        bound = 1.0 / math.sqrt(self.in_features)
        torch.nn.init.uniform_(self.weight, -bound, bound)

    def forward_func(self, *input: TensorHandle, hw_data: HardwareObservables | None = None) -> Any:
        """Weigh the spikes of one handle."""
        (handle,) = input
        spikes = handle.filled()
        if spikes.dtype != self.weight.dtype:
            wanted = f"{self.weight.dtype} like the weight"
            raise TensorTypeError(f"input of {self.label}: got {spikes.dtype}, wanted {wanted}")
        check_finite(self.weight, f"weight of {self.label}")
        return self._synapse_func(spikes, self.weight)

    def hardware_weights(self) -> np.ndarray:
        """Return the transformed weight, rounded.

        Returns:
            int8 (in_features, out_features), -63..63 LSB.

        Raises:
            TensorValueError: The transformed weight holds NaN or infinity.
            TensorShapeError: The transform changed the shape.
            OperandRangeError: A transformed weight exceeds +-63.
        """
        with torch.no_grad():
            weight = self.weight_transform(self.weight.detach())
            check_finite(weight, f"transformed weight of {self.label}")
            if weight.shape != self.weight.shape:
                shapes = f"{tuple(weight.shape)}, wanted {tuple(self.weight.shape)}"
                raise TensorShapeError(f"transform of {self.label}: returned shape {shapes}")
            lsb = (weight + torch.copysign(torch.tensor(0.5), weight)).trunc().cpu()
        if bool((lsb.abs() > MAX_WEIGHT).any()):
            worst = float(lsb.flatten()[lsb.abs().argmax()])
            raise OperandRangeError(
                f"weight of {self.label}: got {worst:.0f} LSB after the transform, wanted -{MAX_WEIGHT} to "
                f"{MAX_WEIGHT}; clamp in the transform, as linear_saturating does"
            )
        return np.ascontiguousarray(lsb.T.to(torch.int8).numpy())
