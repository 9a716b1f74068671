"""A layer of neurons in continuous time, trained by exact-time EventProp."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional import CUBALIFParams, exact_lif_spike_times
from hxtorch.spiking.modules.legal import legal_size


@checked
class ExactEventPropLIF(torch.nn.Module):
    """All-to-all synapses onto leaky integrate-and-fire neurons, from spike times to spike times.

    A plain torch module beside the experiments: spikes are times, not steps, and no chip takes part. Layers may follow
    each other, in ``torch.nn.Sequential`` too.

    Args:
        in_features: Number of inputs.
        out_features: Number of neurons.
        params: Parameters in model units.
        end: Seconds after which nothing happens.
        max_spikes: How many spikes of each neuron are looked for, None for all.

    Attributes:
        weight: Weights in model units, a parameter (out_features, in_features), drawn from U(-k, k) with
            ``k = 1 / sqrt(in_features)``.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        params: CUBALIFParams,
        end: float = torch.inf,
        max_spikes: int | None = None,
    ) -> None:
        super().__init__()
        self.in_features = legal_size("in_features", in_features)
        self.out_features = legal_size("out_features", out_features)
        self.params = params
        self.end = end
        self.max_spikes = max_spikes
        bound = 1.0 / math.sqrt(in_features)
        self.weight = torch.nn.Parameter(torch.empty(out_features, in_features).uniform_(-bound, bound))

    def forward(self, input: Tensor) -> Tensor:
        """Return spike times; see :func:`~hxtorch.spiking.functional.exact_lif_spike_times`."""
        return exact_lif_spike_times(input, self.weight, self.params, self.end, self.max_spikes)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}"
