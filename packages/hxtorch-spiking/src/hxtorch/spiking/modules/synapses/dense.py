"""Dense signed synapses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection
from hxtorch.spiking.modules.types import legal_size
from hxtorch.spiking.transforms import weight_transforms

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["Synapse"]


class Synapse(WeightedProjection):
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
        shape = (legal_size("out_features", out_features), legal_size("in_features", in_features))
        weight = torch.empty(shape, device=device, dtype=dtype)
        super().__init__(in_features, out_features, experiment, func, execution_instance, weight, transform)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        bound = 1.0 / math.sqrt(self.in_features)
        torch.nn.init.uniform_(self.weight, -bound, bound)

    def hardware_weights(self) -> np.ndarray:
        """Return the transformed weight, rounded.

        Returns:
            int8 (in_features, out_features), -63..63 LSB.

        Raises:
            TensorValueError, TensorShapeError, OperandRangeError: See :meth:`WeightedProjection.lsb`.
        """
        return self.lsb().T.numpy()  # a view: the network makes the one copy
