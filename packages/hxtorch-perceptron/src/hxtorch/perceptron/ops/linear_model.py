"""Gradients of products, whatever computed them: the linear model with the gain in force."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from hxtorch.perceptron.mock.gain import synapse_gain


def keep_operands(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Keep what :func:`gradients` needs; ``inputs`` begin with x, weights, gain, num_sends."""
    x, weights, gain, num_sends = inputs[:4]
    ctx.save_for_backward(x, weights, gain)
    ctx.num_sends, ctx.rest = num_sends, len(inputs) - 2


def gradients(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """Differentiate ``num_sends * gain * x @ weights``, unrounded and unclamped; twice differentiable itself.

    Args:
        ctx: Context with x (matrices, batch, rows), weights (matrices, rows, columns), gain (see
            :func:`~hxtorch.perceptron.mock.gain.synapse_gain`).
        gradient: Of the result, shape (matrices, batch, columns).

    Returns:
        Gradients of x and weights where asked for, and None for every other input.
    """
    x, weights, gain = ctx.saved_tensors
    slope = (ctx.num_sends * synapse_gain(gain, *weights.shape[-2:])).to(gradient)
    of_x = gradient @ (weights * slope).mT if ctx.needs_input_grad[0] else None
    of_weights = (x.mT @ gradient) * slope if ctx.needs_input_grad[1] else None
    return of_x, of_weights, *[None] * ctx.rest
