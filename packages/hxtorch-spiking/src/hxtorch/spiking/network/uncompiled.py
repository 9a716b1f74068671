"""Keep ``torch.compile`` out of the bookkeeping of a network: there is nothing in it to compile."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def uncompiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return ``function`` such that compiled code calls it as it is written, with all that it calls.

    As ``torch.compiler.disable``, which would import the compiler for all who never use it: a second.
    """

    @wraps(function)
    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.compiler.is_dynamo_compiling():
            disabled: Callable[P, R] = torch._dynamo.disable(function)  # type: ignore[no-untyped-call]
            return disabled(*args, **kwargs)
        return function(*args, **kwargs)

    return plain
