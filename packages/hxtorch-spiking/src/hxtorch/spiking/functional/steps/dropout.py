"""Dropout of neurons for a whole batch."""

from __future__ import annotations

from torch import Tensor

from hxtorch.spiking.doors import checked

__all__ = ["batch_dropout"]


@checked
def batch_dropout(input: Tensor, mask: Tensor) -> Tensor:
    """Silence neurons that a mask drops; what is kept is not scaled, as the chip's spikes are not.

    Args:
        input: Spikes, floating (time, batch, neuron).
        mask: True or 1 where a neuron is kept (neuron,).

    Returns:
        Spikes of the shape of ``input``; no gradient reaches a dropped neuron.
    """
    return input * mask.to(input)
