"""From traces over time to scores."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked


class MaxOverTime(torch.nn.Module):
    """Take the maximum over time."""

    @checked
    def forward(self, input: Tensor) -> Tensor:
        """Return scores (batch, neuron) of ``input`` (time, batch, neuron)."""
        return input.max(0).values


class MeanOverTime(torch.nn.Module):
    """Take the mean over time."""

    @checked
    def forward(self, input: Tensor) -> Tensor:
        """Return scores (batch, neuron) of ``input`` (time, batch, neuron)."""
        return input.mean(0)


class SumOverTime(torch.nn.Module):
    """Take the sum over time."""

    @checked
    def forward(self, input: Tensor) -> Tensor:
        """Return scores (batch, neuron) of ``input`` (time, batch, neuron)."""
        return input.sum(0)
