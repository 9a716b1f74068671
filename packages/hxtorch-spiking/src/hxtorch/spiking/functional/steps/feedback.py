"""What spikes of neurons send back to them."""

from __future__ import annotations

import torch
from torch import Tensor


class Recurrence:
    """Feedback by weights: a spike of one step adds its weights to the inputs of the next.

    Args:
        weight: From the second axis to the first, floating (neuron, neuron).
    """

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight

    def __call__(self, spikes: Tensor) -> Tensor:
        """Return what the spikes of one step (batch, neuron) add to the next."""
        return torch.nn.functional.linear(spikes, self.weight)
