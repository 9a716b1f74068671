"""Sparse signed synapses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection
from hxtorch.spiking.transforms import weight_transforms

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["SparseSynapse"]

_SMALL = 1 << 18
"""Pairs of neurons up to which their matrix is small, whatever is in it."""

_THIN = 32
"""One synapse in so many pairs, or fewer: then a large matrix costs more time and memory than the synapses."""


class SparseSynapse(WeightedProjection):
    """Synapses between some pairs of neurons, in memory and on the chip.

    As :class:`~hxtorch.spiking.Synapse`, but pairs without a connection take neither a weight nor a synapse: many
    sources may reach a population as long as no neuron gets more than a chip's column takes.

    Args:
        connections: Tensor (in_features, out_features): dense, with other values than zero where there is a synapse,
            or sparse, with an entry of any value per synapse.
        experiment: Collects the module when it is called.
        func: Model of the synapse, a function of spikes (time, batch, in_features), weight (synapse,) and connections.
        execution_instance: Where the target population runs, or None to leave that to the population.
        device: Of the weight.
        dtype: Of the weight.
        transform: Turns the weight from model units into LSB, called with the weight before each run on a chip.

    Attributes:
        weight: Weights in model units, a parameter (synapse,) in the order of sources and then targets, drawn from
            U(-k, k) with ``k = 1 / sqrt(number of synapses of the target)``.

    Raises:
        TensorTypeError: ``connections`` is no tensor.
        TensorShapeError: It does not have two axes.
        ParameterError: It has no connection.
    """

    pattern: Tensor
    """Source and target of each synapse, int64 (2, synapse)."""

    def __init__(
        self,
        connections: Tensor,
        experiment: Experiment,
        func: Callable[..., Tensor] = functional.linear_sparse,
        execution_instance: ExecutionInstance | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        transform: Callable[[Tensor], Tensor] = weight_transforms.linear_saturating,
    ) -> None:
        if not isinstance(connections, Tensor):
            raise TensorTypeError(f"connections: got {type(connections).__name__}, wanted a torch tensor")
        if connections.ndim != 2:
            shape = tuple(connections.shape)
            raise TensorShapeError(f"connections: got shape {shape}, wanted (in_features, out_features)")
        coordinates = connections.detach().to_sparse(layout=torch.sparse_coo)
        pattern = coordinates.coalesce().indices().to(device)
        if not pattern.shape[1]:
            raise ParameterError("connections: got none, wanted at least one synapse")
        sources, targets = connections.shape
        weight = torch.empty(pattern.shape[1], device=device, dtype=dtype)
        super().__init__(sources, targets, experiment, func, execution_instance, weight, transform)
        self.register_buffer("pattern", pattern, persistent=False)
        self.reset_parameters()

    @property
    def connections(self) -> Tensor:
        """Ones where there is a synapse, sparse and coalesced, (in_features, out_features)."""
        shape = (self.in_features, self.out_features)
        ones = torch.ones_like(self.weight, requires_grad=False)
        return torch.sparse_coo_tensor(self.pattern, ones, shape, check_invariants=False, is_coalesced=True)

    def reset_parameters(self) -> None:
        """Draw new weights."""
        targets = self.pattern[1]
        bound = torch.bincount(targets, minlength=self.out_features)[targets].to(self.weight).rsqrt_()
        with torch.no_grad():
            self.weight.uniform_(-1.0, 1.0).mul_(bound)

    def operands(self, spikes: Tensor) -> tuple[Any, ...]:
        """Return what the model of the synapse is called with."""
        return spikes, self.weight, self.connections

    def matrix(self) -> Tensor | None:
        """Return the weights (out_features, in_features), zeros where there is no synapse, or None.

        None if the matrix would be large and nearly empty, or the model of the synapse is more than a product with it.
        """
        thin = self.in_features * self.out_features > max(_SMALL, _THIN * len(self.weight))
        if thin or self._synapse_func is not functional.linear_sparse:
            return None
        sources, targets = self.pattern
        return self.weight.new_zeros(self.out_features, self.in_features).index_put((targets, sources), self.weight)

    def hardware_weights(self) -> np.ndarray:
        """Return the transformed weight, rounded, and zeros where there is no synapse.

        Returns:
            int8 (in_features, out_features), -63..63 LSB.

        Raises:
            TensorValueError, TensorShapeError, OperandRangeError: See :meth:`WeightedProjection.lsb`.
        """
        weights = np.zeros((self.in_features, self.out_features), np.int8)
        weights[tuple(self.pattern.cpu().numpy())] = self.lsb().numpy()
        return weights

    def hardware_mask(self) -> np.ndarray | None:
        """Return where there are synapses, bool (in_features, out_features)."""
        mask = np.zeros((self.in_features, self.out_features), np.bool_)
        mask[tuple(self.pattern.cpu().numpy())] = True
        return mask

    def extra_repr(self) -> str:
        """Return the sizes and the number of synapses."""
        return f"{super().extra_repr()}, synapses={self.pattern.shape[1]}"
