"""Parameters that a module had in its call and not in the run: those of ``torch.func.functional_call``.

A call only notes what is to be computed. Tensors that stand for parameters during the call must do so again in the run.
"""

from __future__ import annotations

from collections.abc import Iterable
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


class as_called:  # noqa: N801 - a context, as a function would be
    """Give modules the parameters back that they had when they were called.

    Args:
        calls: Modules that were called, and what they had then.

    Raises:
        ExperimentError: A parameter was replaced by another one since, and it can not be told which is meant.
    """

    def __init__(self, calls: Iterable[tuple[Any, Held]]) -> None:
        self._calls = calls
        self._replaced: list[tuple[dict[str, Tensor | None], str, Tensor | None]] = []

    def __enter__(self) -> None:
        try:
            for module, held in self._calls:
                for where, called in held:
                    for name, tensor in called.items():
                        if name not in where or where[name] is not tensor:
                            self._replace(module, where, name, tensor)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        for where, name, tensor in reversed(self._replaced):
            where[name] = tensor

    def _replace(self, module: Any, where: dict[str, Tensor | None], name: str, tensor: Tensor | None) -> None:
        if tensor is None:
            return
        if isinstance(tensor, Parameter):
            raise ExperimentError(
                f"{name} of {module.label}: got another parameter than in the call, wanted the same; "
                "call the modules again, and where torch.func.functional_call put it there, give it "
                "tensors that are no parameters, or run the experiment inside of what it calls"
            )
        self._replaced.append((where, name, where.get(name)))
        where[name] = tensor
