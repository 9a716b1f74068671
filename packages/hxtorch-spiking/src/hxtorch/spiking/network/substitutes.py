"""Parameters that a module had in its call and not in the run: those of ``torch.func.functional_call``.

A call only notes what is to be computed. Tensors that stand for parameters during the call must do so again in the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.nn import Module, Parameter

from hxtorch.spiking.errors import ExperimentError

Held = list[tuple[dict[str, "Tensor | None"], dict[str, "Tensor | None"]]]
"""The dictionary of a module in which its parameters are, and what was in it."""


def held_by(module: Module) -> Held:
    """Return the parameters of a module and of those in it."""
    found: Held = []
    _collect(module, found)
    return found


def _collect(module: Module, found: Held) -> None:
    own: dict[str, Any] = module._parameters
    if own:
        found.append((own, own.copy()))
    for part in module._modules.values():
        if part is not None and (part._parameters or part._modules):
            _collect(part, found)


@contextmanager
def as_called(calls: Iterable[tuple[Any, Held]]) -> Iterator[None]:
    """Give modules the parameters back that they had when they were called.

    Args:
        calls: Modules that were called, and what they had then.

    Raises:
        ExperimentError: A parameter was replaced by another one since, and it can not be told which is meant.
    """
    replaced: list[tuple[dict[str, Tensor | None], str, Tensor | None]] = []
    try:
        for module, held in calls:
            for where, called in held:
                for name, tensor in called.items():
                    now = where.get(name)
                    if now is tensor or tensor is None:
                        continue
                    if isinstance(tensor, Parameter):
                        raise ExperimentError(
                            f"{name} of {module.label}: got another parameter than in the call, wanted the same; "
                            "call the modules again, and where torch.func.functional_call put it there, give it "
                            "tensors that are no parameters, or run the experiment inside of what it calls"
                        )
                    replaced.append((where, name, now))
                    where[name] = tensor
        yield
    finally:
        for where, name, tensor in reversed(replaced):
            where[name] = tensor
