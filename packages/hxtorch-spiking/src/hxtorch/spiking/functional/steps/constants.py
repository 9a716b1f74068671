"""The constants of a neuron's step, as the torch loop and the compiled kernels both take them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.steps.euler import Value


@dataclass(frozen=True, eq=False)
class Constants:
    """Factors of one step, each a number or a tensor, (neuron,) or (batch, neuron).

    The fields are the rows that the kernels know, in their order (``_kernels/steps/integration.h``). All but the last
    may have gradients.

    Attributes:
        gain: Part of a driving current that reaches the membrane in one step, ``dt / c_mem``.
        keep: Part of the synaptic current that is left after one step.
        leakage: Conductance of the leak, 0 without one.
        rest: Potential that the others are relative to, that of the leak.
        start: Potential before the first step, relative to the rest.
        reset: Potential after a spike, relative to the rest.
        threshold: Potential above which a neuron fires, relative to the rest.
        push: Conductance of the exponential term, 0 without one.
        slope: Its slope.
        onset: Its threshold, relative to the rest.
        rate: Part of the way to its target that the adaptation goes in one step.
        pull: Strength of the subthreshold adaptation, a conductance, 0 without one.
        kick: Increment of the adaptation by a spike, a current, 0 without one.
        refractory: Steps after a spike in which the membrane is held.
    """

    gain: Value
    keep: Value
    leakage: Value = 1.0
    rest: Value = 0.0
    start: Value = 0.0
    reset: Value = 0.0
    threshold: Value = 0.0
    push: Value = 0.0
    slope: Value = 1.0
    onset: Value = 0.0
    rate: Value = 0.0
    pull: Value = 0.0
    kick: Value = 0.0
    refractory: Value = 0.0

    def packed(self, like: Tensor, kept: bool = False) -> Tensor:
        """Return all constants as one tensor, differentiable where they are.

        Args:
            like: Input (time, batch, neuron), whose type and device the result gets.
            kept: Numbers may give the tensor of the last time; not where it would be one of a trace or transform.

        Returns:
            (row, lane) with one lane for all neurons, one per neuron, or one per batch entry and neuron.

        Raises:
            ParameterError: A constant has a shape that is none of these.
        """
        values = tuple(vars(self).values())
        if _NUMBERS.issuperset(map(type, values)) or not any(isinstance(value, Tensor) for value in values):
            return (_column if kept else _column.__wrapped__)(values, like.dtype, like.device)
        tensors = [torch.as_tensor(value, dtype=like.dtype, device=like.device) for value in values]
        lanes = tuple(like.shape[1:])
        for name, tensor in zip(ROWS, tensors, strict=True):
            if len(tensor.shape) > 2 or any(
                size not in (1, wanted) for size, wanted in zip(tensor.shape[::-1], lanes[::-1], strict=False)
            ):
                raise ParameterError(
                    f"{name}: got shape {tuple(tensor.shape)}, wanted one number, one per neuron ({lanes[1]},), or one "
                    f"per batch entry and neuron {lanes}"
                )
        if all(tensor.numel() == 1 for tensor in tensors):
            return torch.stack([tensor.reshape(1) for tensor in tensors])
        shape = lanes if any(len(tensor.shape) == 2 and tensor.shape[0] > 1 for tensor in tensors) else lanes[1:]
        return torch.stack([tensor.reshape(tensor.shape[-len(shape) :]).expand(shape) for tensor in tensors]).flatten(1)


_NUMBERS = frozenset((float, int))

ROWS = tuple(Constants.__dataclass_fields__)
"""Names of the rows of packed constants."""


@lru_cache(64)
def _column(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return numbers as a column, the same one each time; nobody writes to it."""
    return torch.tensor(values, dtype=dtype, device=device).unsqueeze(1)


def unpacked(packed: Tensor, like: Tensor) -> Constants:
    """Return the rows of packed constants in shapes that broadcast to one step of ``like``, (batch, neuron)."""
    lanes = like.shape[1:]
    rows = packed if packed.shape[1] in (1, lanes[1]) else packed.reshape(len(packed), *lanes)
    return Constants(*rows.unbind(0))


def relative(potential: Value, rest: Value) -> Value:
    """Return a potential as its distance from the rest; numbers stay numbers."""
    if isinstance(rest, (int, float)) and rest == 0:
        return potential
    return potential - rest
