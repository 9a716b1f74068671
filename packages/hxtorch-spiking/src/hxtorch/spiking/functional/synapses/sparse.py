"""Synapses of the model between some pairs of neurons, sparse in memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import TensorShapeError
from hxtorch.spiking.functional.synapses.linear import linear

__all__ = ["linear_sparse"]

_BLOCK = 1 << 22  # numbers of one block of the weight's gradient


class _LinearSparse(torch.autograd.Function):
    """Product with a sparse matrix whose gradient has its pattern.

    Torch's own gradient of a sparse factor goes through the dense matrix.
    """

    @staticmethod
    def forward(ctx: Any, input: Tensor, values: Tensor, pattern: Tensor, shape: tuple[int, int]) -> Tensor:
        """Return ``input @ W`` for ``W[pattern] = values``; ``input`` is (row, source), ``W`` (source, target)."""
        ctx.save_for_backward(input, values, pattern)
        ctx.shape = shape
        transposed = torch.sparse_coo_tensor(pattern.flip(0), values, shape[::-1], check_invariants=False)
        output: Tensor = torch.sparse.mm(transposed, input.T).T
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[Tensor | None, Tensor | None, None, None]:
        """Return the gradients of the input and of the values."""
        input, values, pattern = ctx.saved_tensors
        grad = grad_outputs[0]
        grad_input = grad_values = None
        if ctx.needs_input_grad[0]:
            matrix = torch.sparse_coo_tensor(pattern, values, ctx.shape, check_invariants=False)
            grad_input = torch.sparse.mm(matrix, grad.T).T
        if ctx.needs_input_grad[1]:
            blocks = pattern.split(max(1, _BLOCK // max(1, len(input))), 1)
            grad_values = torch.cat([(input[:, pre] * grad[:, post]).sum(0) for pre, post in blocks])
        return grad_input, grad_values, None, None


@checked
def linear_sparse(
    input: Tensor, weight: Tensor, connections: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    """Weigh spikes by the synapses that there are.

    Args:
        input: Spikes, floating (time, batch, in_features).
        weight: Weights in model units (out_features, in_features), dense. Where there is no synapse they are set to
            zero, in the tensor itself if it is a parameter. Or, so that nothing takes memory for pairs without a
            synapse, one weight per synapse (synapse,) in the order of sparse ``connections``, or a sparse tensor
            (in_features, out_features).
        connections: Mask (out_features, in_features), true where there is a synapse; None for all. Beside weights
            (synapse,) a sparse tensor (in_features, out_features) with an entry, of any value, per synapse.
        bias: Added to each output in each step (out_features,); the chip has none.

    Returns:
        Weighted spikes (time, batch, out_features). Gradients reach ``weight`` where there are synapses.

    Raises:
        TensorShapeError: The weights do not fit the connections, or these do not fit the input.
    """
    if weight.is_sparse or weight.ndim == 1:
        return _linear_coordinates(input, weight, connections, bias)
    if connections is None:
        return linear(input, weight, bias)
    mask = connections.to_dense().to(weight.device, torch.bool)
    if mask.shape != weight.shape:
        raise TensorShapeError(
            f"connections: got shape {tuple(mask.shape)}, wanted that of the weight, (out_features, in_features) = "
            f"{tuple(weight.shape)}"
        )
    if weight.is_leaf:
        weight.data.masked_fill_(~mask, 0.0)  # outside of the gradient: what is not there has no derivative
    return linear(input, torch.where(mask, weight, 0.0), bias)


def weigh_synapses(input: Tensor, values: Tensor, pattern: Tensor, shape: tuple[int, int]) -> Tensor:
    """Weigh spikes by a list of synapses; neither the product nor its gradients take memory for other pairs.

    Args:
        input: Spikes, floating (time, batch, in_features).
        values: Weights in model units (synapse,).
        pattern: Source and target of each synapse, int64 (2, synapse), sorted.
        shape: Numbers of sources and targets.

    Returns:
        Weighted spikes (time, batch, out_features).
    """
    if torch.is_autocast_enabled(input.device.type):  # there are no sparse products in shorter types
        with torch.autocast(input.device.type, enabled=False):
            return weigh_synapses(input.to(values.dtype), values, pattern, shape)
    flat: Tensor = _LinearSparse.apply(  # type: ignore[no-untyped-call]
        input.reshape(-1, shape[0]), values, pattern, shape
    )
    return flat.reshape(*input.shape[:-1], shape[1])


def _linear_coordinates(input: Tensor, weight: Tensor, connections: Tensor | None, bias: Tensor | None) -> Tensor:
    """Weigh spikes by weights of coordinates; see :func:`linear_sparse`."""
    if connections is None:
        if not weight.is_sparse:
            raise TensorShapeError("connections: got none, wanted them beside one weight per synapse")
        weight = weight.coalesce()
        pattern, values, shape = weight.indices(), weight.values(), weight.shape
    else:
        pattern, values, shape = connections.coalesce().indices(), weight, connections.shape
    if len(shape) != 2 or input.shape[-1] != shape[0]:
        raise TensorShapeError(
            f"connections: got shape {tuple(shape)}, wanted (in_features, out_features) with {input.shape[-1]} inputs"
        )
    if values.shape != pattern.shape[1:]:
        raise TensorShapeError(f"weight: got shape {tuple(values.shape)}, wanted one per synapse, {pattern.shape[1]}")
    output = weigh_synapses(input, values, pattern, (shape[0], shape[1]))
    return output if bias is None else output + bias
