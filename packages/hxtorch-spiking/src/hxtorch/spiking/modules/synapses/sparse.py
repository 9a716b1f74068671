"""Sparse signed synapses."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, ParameterWarning, TensorShapeError, TensorTypeError
from hxtorch.spiking.functional.synapses.sparse import weigh_synapses
from hxtorch.spiking.modules.synapses.positions import Arguments
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection
from hxtorch.spiking.transforms import weight_transforms

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["SparseSynapse"]

_SMALL = 1 << 18
"""Pairs of neurons up to which their matrix is small, whatever is in it."""

_THIN = 32
"""One synapse in so many pairs, or fewer: then a product with the large matrix costs more time than the synapses."""


@checked
class SparseSynapse(WeightedProjection):
    """Synapses between some pairs of neurons.

    As :class:`~hxtorch.spiking.Synapse`, but pairs without a connection take no synapse on the chip: many sources may
    reach a population as long as no neuron gets more than a chip's column takes.

    Args:
        connections: Tensor (in_features, out_features): dense, with other values than zero where there is a synapse,
            or sparse, with an entry of any value per synapse.
        experiment: Collects the module when it is called.
        execution_instance: Where the target population runs, or None to leave that to the population. Older versions
            have ``func`` in this position, then ``execution_instance``, ``device``, ``dtype`` and ``transform``: a
            function here is understood so.
        chip_coordinate: Chip of the target population; kept.
        device: Of the weight.
        dtype: Of the weight.
        transform: Turns the weight from model units into LSB, called with the weight before each run on a chip; or
            "auto" for :class:`~hxtorch.spiking.transforms.weight_transforms.AutoScale`.
        func: Model of the synapse, a function of spikes (time, batch, in_features), weight and :attr:`mask`, or a
            ``torch.autograd.Function``.
        bias: As that of :class:`~hxtorch.spiking.Synapse`.
        packed: Keep one weight per synapse (synapse,), in the order of sources and then targets, instead of a dense
            matrix, so that large networks take memory for their synapses only. ``func`` gets :attr:`connections`
            instead of the mask.

    Attributes:
        weight: Weights in model units, a parameter (out_features, in_features), trained where there are synapses and
            zero elsewhere, drawn from U(-k, k) with ``k = 1 / sqrt(in_features)``. Packed, (synapse,), with
            ``k = 1 / sqrt(number of synapses of the target)``.

    Raises:
        TensorTypeError: ``connections`` is no tensor.
        TensorShapeError: It does not have two axes.
        ParameterError: It has no connection.
    """

    product = staticmethod(functional.linear_sparse)

    pattern: Tensor
    """Source and target of each synapse, int64 (2, synapse)."""

    def __init__(
        self,
        connections: Tensor,
        experiment: Experiment,
        execution_instance: ExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: Any = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        transform: Callable[[Tensor], Tensor] | str = weight_transforms.linear_saturating,
        *,
        func: Callable[..., Any] = functional.linear_sparse,
        packed: bool = False,
        bias: bool | Tensor = False,
    ) -> None:
        arguments = Arguments(execution_instance, chip_coordinate, device, dtype, transform, func).sorted()
        if not isinstance(connections, Tensor):
            raise TensorTypeError(f"connections: got {type(connections).__name__}, wanted a torch tensor")
        if connections.ndim != 2:
            shape = tuple(connections.shape)
            raise TensorShapeError(f"connections: got shape {shape}, wanted (in_features, out_features)")
        coordinates = connections.detach().to_sparse(layout=torch.sparse_coo)
        pattern = coordinates.coalesce().indices().to(arguments.device)
        if not pattern.shape[1]:
            raise ParameterError("connections: got none, wanted at least one synapse")
        sources, targets = connections.shape
        weight = torch.empty(
            (pattern.shape[1],) if packed else (targets, sources), device=arguments.device, dtype=arguments.dtype
        )
        super().__init__(sources, targets, experiment, weight, arguments, bias=bias)
        self.packed = packed
        self.register_buffer("pattern", pattern, persistent=False)
        self.reset_parameters()

    @property
    def connections(self) -> Tensor:
        """Ones where there is a synapse, sparse and coalesced, (in_features, out_features)."""
        shape = (self.in_features, self.out_features)
        ones = torch.ones(self.pattern.shape[1], dtype=self.weight.dtype, device=self.pattern.device)
        return torch.sparse_coo_tensor(self.pattern, ones, shape, check_invariants=False, is_coalesced=True)

    @property
    def mask(self) -> Tensor:
        """True where there is a synapse, bool (out_features, in_features)."""
        sources, targets = self.pattern
        mask = torch.zeros(self.out_features, self.in_features, dtype=torch.bool, device=self.pattern.device)
        mask[targets, sources] = True
        return mask

    def values(self) -> Tensor:
        """Return the weight of each synapse (synapse,)."""
        return self.weight if self.packed else self.weight[self.pattern[1], self.pattern[0]]

    def present(self) -> Tensor:
        """Return the weights as they count, outside of the gradient: zero where there is no synapse."""
        weight = self.weight.detach()
        return weight if self.packed else torch.where(self.mask, weight, 0.0)

    def reset_parameters(self, mean: float | None = None, std: float | None = None) -> None:
        """Draw new weights.

        Args:
            mean: Mean of normal weights, in model units; without it and ``std``, they are uniform, see :attr:`weight`.
            std: Standard deviation of normal weights, in model units.
        """
        with torch.no_grad():
            if self.packed and mean is None and std is None:
                self._draw_bias()
                targets = self.pattern[1]
                bound = torch.bincount(targets, minlength=self.out_features)[targets].to(self.weight).rsqrt_()
                self.weight.uniform_(-1.0, 1.0).mul_(bound)
                return
            super().reset_parameters(mean, std)
            if not self.packed:
                self.weight.masked_fill_(~self.mask, 0.0)

    def operands(self) -> tuple[Any, ...]:
        """Return what the model of the synapse is called with behind the spikes."""
        weight, *bias = super().operands()
        return weight, self.connections if self.packed else self.mask, *bias

    def weigh(self, spikes: Tensor) -> Tensor:
        """Return the weighted spikes, see :meth:`WeightedProjection.weigh`; of few synapses without their matrix."""
        if not (self.has_own_model() or self.packed) and self._is_thin():
            self.check_operands(spikes)
            output = weigh_synapses(spikes, self.values(), self.pattern, (self.in_features, self.out_features))
            return output if self.bias is None else output + self.bias
        return super().weigh(spikes)

    def matrix(self) -> Tensor | None:
        """Return the weights (out_features, in_features), zeros where there is no synapse, or None.

        None if the matrix would be large and nearly empty, or the model of the synapse is more than a product with it.
        """
        if self.has_own_model() or self._is_thin():
            return None
        if not self.packed:
            return torch.where(self.mask, self.weight, 0.0)
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
        sources, targets = self.pattern.cpu().numpy()
        lsb = self.lsb().numpy()
        weights[sources, targets] = lsb if self.packed else lsb[targets, sources]
        return weights

    def hardware_mask(self) -> np.ndarray | None:
        """Return where there are synapses, bool (in_features, out_features)."""
        mask = np.zeros((self.in_features, self.out_features), np.bool_)
        mask[tuple(self.pattern.cpu().numpy())] = True
        return mask

    def extra_repr(self) -> str:
        """Return the sizes and the number of synapses."""
        return f"{super().extra_repr()}, synapses={self.pattern.shape[1]}"

    def _is_thin(self) -> bool:
        """Whether the matrix is large and nearly empty."""
        return self.in_features * self.out_features > max(_SMALL, _THIN * self.pattern.shape[1])

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *arguments: Any) -> None:
        """Take weights of the other layout too, of older versions with one per synapse, and say which are lost."""
        name = f"{prefix}weight"
        stored = state_dict.get(name)
        sources, targets = self.pattern
        if isinstance(stored, Tensor) and stored.shape == (self.out_features, self.in_features):
            lost = int((stored[~self.mask.to(stored.device)] != 0).sum())
            if lost:
                warnings.warn(
                    f"{name}: {lost} weights of the checkpoint are where this layer has no synapse, and are not taken; "
                    "build the network with the same connections",
                    ParameterWarning,
                    stacklevel=2,
                )
        if isinstance(stored, Tensor) and stored.shape != self.weight.shape:
            if not self.packed and stored.shape == sources.shape:
                dense = stored.new_zeros(self.weight.shape)
                dense[targets.to(stored.device), sources.to(stored.device)] = stored
                state_dict[name] = dense
            elif self.packed and stored.shape == (self.out_features, self.in_features):
                state_dict[name] = stored[targets.to(stored.device), sources.to(stored.device)]
        super()._load_from_state_dict(state_dict, prefix, *arguments)
