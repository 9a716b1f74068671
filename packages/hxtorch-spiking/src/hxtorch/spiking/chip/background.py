"""Regular background sources: what a lasting current is on a chip, which has no register for one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError

_LARGEST = 63.0  # LSB of a weight
MOST_SOURCES = 8192
"""Signed inputs of a neuron of 64 circuits, which is the largest."""


@dataclass(frozen=True)
class Rhythm:
    """When regular sources spike.

    Attributes:
        period: Steps between two spikes of a source.
        sources: Number of sources, one after the other within a period.
    """

    period: int
    sources: int

    @classmethod
    def of(cls, lsb: float, tau_syn: float) -> Rhythm:
        """Return the rhythm of a current: as slow as it may be without much ripple, by as few sources as reach it.

        Args:
            lsb: The largest of what shall be added in each step, as a weight.
            tau_syn: The shortest synaptic time constant, in steps.

        Raises:
            ParameterError: It takes more sources than any neuron has inputs.
        """
        if lsb > _LARGEST * MOST_SOURCES:
            raise ParameterError(
                f"bias: got {lsb:g} LSB in a step, wanted at most {_LARGEST * MOST_SOURCES:g}, which takes "
                f"{MOST_SOURCES} inputs of a neuron; scale weights and bias"
            )
        smooth = max(1, math.floor(0.5 * tau_syn))  # the current ripples little
        period = min(smooth, max(1, math.floor(_LARGEST / max(lsb, 1e-6))))
        return cls(period, max(1, math.ceil(lsb * period / _LARGEST - 1e-9)))

    def weight(self, per_step: Tensor) -> Tensor:
        """Return the weights (neuron, source) that add ``per_step`` (neuron,) in the mean of the steps."""
        return per_step[:, None].expand(-1, self.sources) * (self.period / self.sources)

    def spikes(self, steps: int, batch: int, like: Tensor) -> Tensor:
        """Return the spikes (time, batch, source) in the type and on the device of ``like``."""
        spikes = torch.zeros(steps, batch, self.sources, dtype=like.dtype, device=like.device)
        for source in range(self.sources):
            spikes[source * self.period // self.sources :: self.period, :, source] = 1
        return spikes
