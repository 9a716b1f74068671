"""How compiled kernels become operators of torch with gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from hxtorch.spiking.errors import ExperimentError

Some: TypeAlias = "tuple[Tensor | None, ...]"

LIBRARY = torch.library.Library("hxtorch", "FRAGMENT")  # type: ignore[no-untyped-call]
"""Where the operators are defined."""


def define(schema: str, cpu: Callable[..., object], shapes: Callable[..., object]) -> None:
    """Define an operator of torch.

    Args:
        schema: Its name, arguments and results.
        cpu: What computes it on the CPU. It is called for all devices, and refuses others by a typed error.
        shapes: Returns results of the same shapes without values, to trace graphs.
    """
    name = schema.partition("(")[0]
    LIBRARY.define(schema, tags=(torch.Tag.pt2_compliant_tag,))  # type: ignore[no-untyped-call]
    LIBRARY.impl(name, cpu, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
    torch.library.register_fake(f"hxtorch::{name}", shapes, lib=LIBRARY)


def differentiate(
    name: str,
    forward: Callable[..., Some],
    keep: Callable[[Any, tuple[Any, ...], Some], None],
    adjoint: Callable[..., Some],
) -> Callable[..., Some]:
    """Give an operator its gradient.

    Args:
        name: The operator's.
        forward: What computes it on the CPU, of operands that belong together.
        keep: Saves on a context what the way back needs, from inputs and results.
        adjoint: Returns gradients of all inputs from a context and the gradients of the results. It is told whether
            what comes has to be ``checked``.

    Returns:
        The operator without torch's dispatcher and without checks of what integrations hand it, which takes a fraction
        of the time. It takes all that is no tensor in one tuple, since torch looks at each argument, and returns None
        where the operator returns an empty tensor.
    """
    torch.library.register_autograd(f"hxtorch::{name}", adjoint, setup_context=keep, lib=LIBRARY)

    class Direct(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Some:
            inputs = (*given[:-1], *given[-1])
            results = forward(*inputs)
            keep(ctx, inputs, results)
            return results

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Some:
            return adjoint(ctx, *gradients, checked=False)

    Direct.__name__ = Direct.__qualname__ = name.title()  # in the names of nodes of graphs
    apply: Callable[..., Some] = Direct.apply
    return apply


def refuse_double_backward(what: str) -> None:
    """Refuse to compute gradients that shall have gradients themselves.

    Raises:
        ExperimentError: That is asked for.
    """
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        raise ExperimentError(
            f"{what}: asked for gradients that can be differentiated again (create_graph), which the compiled "
            "steps do not have; integrate inside hxtorch.spiking.functional.step_by_step()"
        )


def address(tensor: Tensor | None) -> int:
    """Return where the numbers of a contiguous tensor lie, 0 for none."""
    return 0 if tensor is None else tensor.data_ptr()  # which is 0 without numbers
