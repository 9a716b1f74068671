"""Comparators of which some are off."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.functional.steps.dropout import batch_dropout
from hxtorch.spiking.functional.steps.euler import Value, tensor_like
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate
from hxtorch.spiking.functional.surrogates.threshold import surrogate


class Masked:
    """A comparator that is silent where a mask says so: no spike, so no reset either, and no gradient.

    Args:
        method: The comparator: a name or a function.
        mask: True where a neuron may spike, bool (neuron,).
    """

    def __init__(self, method: str | Surrogate, mask: Tensor) -> None:
        self.method = method
        self.mask = mask

    def __call__(self, input: Tensor, alpha: float) -> Tensor:
        """Return the spikes of ``input``, the distance to the threshold."""
        return batch_dropout(surrogate(self.method)(input, alpha), self.mask)

    def threshold(self, threshold: Value, like: Tensor) -> Tensor:
        """Return a threshold that says the same: out of reach where the mask is False, where all derivatives vanish."""
        return torch.where(self.mask.to(like.device), tensor_like(threshold, like), torch.inf)
