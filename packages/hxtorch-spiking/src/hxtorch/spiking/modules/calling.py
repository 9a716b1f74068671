"""Functions of users: what they have arguments for, and how they are called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import FunctionType, MethodType
from typing import Any, NamedTuple
from weakref import ref

import torch


class Arguments(NamedTuple):
    """What a function can be given.

    Attributes:
        names: Of its arguments, in order.
        everything: Whether it takes any keyword.
        any_number: Whether it takes any number of arguments without name.
        by_position: Whether arguments have to come by position, as to an ``torch.autograd.Function``.
        positions: Number of arguments that can come by position.
    """

    names: tuple[str, ...]
    everything: bool
    any_number: bool
    by_position: bool
    positions: int


def arguments_of(function: Callable[..., Any]) -> Arguments:
    """Return what ``function`` can be given; of an autograd function, what its forward takes beside the context."""
    kind = type(function)
    if kind is MethodType and function.__name__ != "apply":
        function = function.__func__  # type: ignore[attr-defined]  # likewise
    elif kind is not FunctionType:
        function = _autograd(function) or getattr(function, "__func__", function)
    key = id(function)
    known = _KNOWN.get(key)
    if known is None or known[0]() is not function:
        try:
            kept = ref(function, lambda _: _KNOWN.pop(key, None))
        except TypeError:  # of a built-in method, for instance
            return _arguments(function)
        known = _KNOWN[key] = kept, _arguments(function)
    return known[1]


_KNOWN: dict[int, tuple[ref[Any], Arguments]] = {}
"""By the address of a function: to look for its weak reference takes ten times as long."""


def _arguments(function: Callable[..., Any]) -> Arguments:
    own = _autograd(function)
    try:
        found = [*inspect.signature(function if own is None else own.forward).parameters.values()]
    except (TypeError, ValueError):  # of something built in
        return Arguments((), False, True, False, 0)
    if own is not None and own.setup_context is torch.autograd.Function.setup_context:
        found = found[1:]  # the context
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    kinds = {parameter.kind for parameter in found}
    names = tuple(p.name for p in found if p.kind in (*named, inspect.Parameter.KEYWORD_ONLY))
    return Arguments(
        names,
        inspect.Parameter.VAR_KEYWORD in kinds and own is None,
        inspect.Parameter.VAR_POSITIONAL in kinds,
        own is not None,
        sum(p.kind in named for p in found),
    )


def _autograd(function: Any) -> Any:
    """Return the autograd function that this is, or whose ``apply`` this is, or None."""
    owner = getattr(function, "__self__", None) if getattr(function, "__name__", "") == "apply" else function
    return owner if isinstance(owner, type) and issubclass(owner, torch.autograd.Function) else None


def call(
    function: Callable[..., Any],
    tensors: tuple[Any, ...],
    asked: Mapping[str, Any],
    offered: Mapping[str, Any],
) -> Any:
    """Call a function of a user.

    Args:
        function: A function, something callable, or a ``torch.autograd.Function``.
        tensors: What it gets first.
        asked: What the user said that it gets by name.
        offered: What it gets by name if it has arguments for it.
    """
    wants = arguments_of(function)
    named = {name: value for name, value in offered.items() if name in wants.names}
    named |= {name: value for name, value in asked.items() if name in wants.names or wants.everything}
    if not wants.by_position:
        return function(*tensors, **named)
    rest = []
    for name in wants.names[len(tensors) :]:
        if name not in named:
            break
        rest.append(named[name])
    own = _autograd(function)
    return own.apply(*tensors, *rest)
