"""States of training as tables of tensors, and bringing them back as a whole or not at all."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

from hxtorch.core.files import MAX_DEPTH
from hxtorch.spiking.errors import CheckpointError, CheckpointMismatchError


def random_state() -> dict[str, Any]:
    """Return the states of the random numbers of torch, NumPy and Python."""
    kind, keys, *position = np.random.get_state()  # noqa: NPY002  # scripts use it, so its state counts
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *position],
        "python": random.getstate(),
    }


def restore_random(state: Mapping[str, Any]) -> None:
    """Bring random numbers to a state of :func:`random_state`."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, *position = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *position))  # noqa: NPY002
    random.setstate(state["python"])


def encode(value: Any, path: str, tensors: dict[str, Tensor], depth: int = 0) -> Any:
    """Return a state as JSON, with its tensors moved to ``tensors`` by their path.

    Raises:
        CheckpointError: It holds what such a file can not, or lies in itself.
    """
    if depth > MAX_DEPTH:
        raise CheckpointError(f"{path[:80].lstrip('/')}: lies more than {MAX_DEPTH} deep, or in itself; flatten it")
    if isinstance(value, Tensor):
        if is_lazy(value):
            raise CheckpointError(f"{path.lstrip('/')}: has no shape yet, wanted a module that was called once")
        name = path
        while name in tensors:  # keys may hold slashes, or differ in type only
            name += "'"
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": name}
    if isinstance(value, Mapping):
        entries = [
            [encode(_legal_key(key, path), f"{path}/keys", tensors), encode(entry, f"{path}/{key}", tensors, depth + 1)]
            for key, entry in value.items()
        ]
        return {"mapping": entries}
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [encode(entry, f"{path}/{index}", tensors, depth + 1) for index, entry in enumerate(value)]}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    raise CheckpointError(f"{path.lstrip('/')}: got {type(value).__name__}, wanted tensors, numbers, texts or None")


def _legal_key(key: Any, path: str) -> Any:
    if key is None or isinstance(key, (bool, int, float, str, np.generic)):
        return key
    if isinstance(key, tuple):
        return tuple(_legal_key(part, path) for part in key)
    raise CheckpointError(f"{path.lstrip('/')}: got a {type(key).__name__} as a key, wanted a text or a number")


def decode(value: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    """Return what :func:`encode` was given; a ``ValueError`` or what Python raises says that it did not write this."""
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "mapping":
        return {decode(key, tensors): decode(entry, tensors) for key, entry in content}
    if kind in ("list", "tuple"):
        entries = [decode(entry, tensors) for entry in content]
        return tuple(entries) if kind == "tuple" else entries
    if kind == "value":
        return content
    raise ValueError(f"unknown kind {kind!r}")


def require_kind(path: str | PathLike[str], name: str, part: Any, stored: Mapping[str, Any]) -> None:
    """Refuse the state of another kind of optimizer or scheduler, which torch would put beside the one that is there.

    Each must name something that the other does not know: other versions of torch add names.

    Raises:
        CheckpointMismatchError: It is that of another kind.
    """
    then, now = _settings(stored), _settings(part.state_dict())
    if then - now and now - then:
        raise CheckpointMismatchError(
            f"{path}: the {name} was one with {', '.join(sorted(then - now))}, wanted one with "
            f"{', '.join(sorted(now - then))} like this {type(part).__name__}; build it as it was then"
        )


def _settings(state: Mapping[str, Any]) -> set[str]:
    """Return the names of what is set in an optimizer's first group, or in a scheduler."""
    groups = state.get("param_groups")
    first = groups[0] if isinstance(groups, list) and groups else state
    return set(map(str, first)) if isinstance(first, dict) else set()


@contextmanager
def all_or_nothing(
    path: str | PathLike[str], model: torch.nn.Module, parts: Sequence[Any], generators: Sequence[torch.Generator]
) -> Iterator[Callable[[str], None]]:
    """Bring everything back to what it is now if the block fails.

    Args:
        path: File, for messages.
        model: Whose tensors may change.
        parts: What has a ``state_dict``, the model too.
        generators: Whose states may change.

    Yields:
        A function that takes what is being loaded, for messages.

    Raises:
        CheckpointMismatchError: The block failed, or the model has parameters without a shape.
    """
    if any(map(is_lazy, (*model.parameters(), *model.buffers()))):
        raise CheckpointMismatchError(f"{path}: the model has parameters without a shape; call it once before")
    tensors = [(tensor, tensor.detach().clone()) for tensor in (*model.parameters(), *model.buffers())]
    states = [(part, deepcopy(part.state_dict())) for part in parts]
    numbers, drawn = random_state(), [(one, one.get_state()) for one in generators]
    what = ""

    def now(name: str) -> None:
        nonlocal what
        what = name

    try:
        yield now
    except BaseException as error:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for part, state in states:
                with suppress(RuntimeError, ValueError):  # its tensors follow
                    part.load_state_dict(state)
        with torch.no_grad():
            for tensor, before in tensors:
                tensor.copy_(before)
        restore_random(numbers)
        for generator, state in drawn:
            generator.set_state(state)
        if not isinstance(error, Exception):
            raise
        raise CheckpointMismatchError(
            f"{path}: {what} can not take what is stored, and all is as it was ({error}); build it as it was then"
        ) from error
