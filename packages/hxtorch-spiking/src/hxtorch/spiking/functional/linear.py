"""Synapses of the model: each spike adds its weight to the current of the target."""

from __future__ import annotations

import torch
from torch import Tensor


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Weigh spikes.

    Args:
        input: Spikes, floating (time, batch, in_features).
        weight: Weights in model units (out_features, in_features).
        bias: Added to each output in each step (out_features,); the chip has none.

    Returns:
        Weighted spikes (time, batch, out_features).
    """
    return torch.nn.functional.linear(input, weight, bias)
