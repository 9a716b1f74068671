"""Functions that stay functions when a class holds them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class unbound(Generic[P, R]):  # noqa: N801  # used as a decorator
    """A function that does not become a method: ``class Layer: product = mac`` calls it with what it is given.

    Compiled operations are like that, and scripts keep them as attributes of their classes.

    Args:
        function: What is called.
    """

    __name__: str

    def __init__(self, function: Callable[P, R]) -> None:
        self.__wrapped__ = function
        functools.update_wrapper(self, function)  # name, doc and signature

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.__wrapped__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<function {self.__module__}.{self.__name__}>"

    def __reduce__(self) -> str:
        return self.__name__  # copies and pickles are the function of the module, as for functions
