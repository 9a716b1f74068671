"""Stop training and go on later, in another process, as if nothing had happened.

Besides parameters and optimizers, noise decides what a chip does, and random numbers decide masks and the order of
samples: a checkpoint keeps the states of all of them. Files are safetensors with a JSON table; nothing in them is ever
executed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.core.errors import NoConnectionError
from hxtorch.core.interfaces import CountsRuns
from hxtorch.spiking.errors import CheckpointError

SCHEMA = 1


def save_checkpoint(
    path: str | PathLike[str],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    generators: Mapping[str, torch.Generator] | None = None,
    extra: Any = None,
) -> None:
    """Store everything that decides how training goes on.

    That is the model, what else is given, the states of the random numbers of torch, NumPy and Python, and of the
    connected chip its number of runs.

    Args:
        path: File, replaced as a whole if it is there.
        model: Its ``state_dict`` is stored; that of an optimizer and a scheduler too.
        optimizer: Of the model, or None.
        scheduler: Of the optimizer, or None.
        generators: Other sources of random numbers by any name, for instance those of data loaders.
        extra: What else to keep: numbers, texts, tensors, and lists and mappings of them.

    Raises:
        CheckpointError: A state holds what such a file can not.
        OSError: The file can not be written.
    """
    from safetensors.torch import save  # slow to import, needed only here

    from hxtorch.core.calibration import write_whole  # the same

    state = {
        "model": model.state_dict(),
        "optimizer": None if optimizer is None else optimizer.state_dict(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "generators": {name: generator.get_state() for name, generator in (generators or {}).items()},
        "random": _random_state(),
        "chip": _chip_state(),
        "extra": extra,
    }
    tensors: dict[str, Tensor] = {}
    table = json.dumps(_encode(state, "", tensors))
    content = save(tensors, {"hxtorch.checkpoint": str(SCHEMA), "state": table})
    write_whole(Path(path), content)


def load_checkpoint(
    path: str | PathLike[str],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    generators: Mapping[str, torch.Generator] | None = None,
    same_chip: bool = True,
) -> Any:
    """Bring everything to the state in which :func:`save_checkpoint` found it.

    Args:
        path: File of a checkpoint.
        model: As it was built before the training.
        optimizer: As it was built, or None to leave the stored one.
        scheduler: As it was built, or None to leave the stored one.
        generators: By the names given to :func:`save_checkpoint`.
        same_chip: Refuse another chip than that of the checkpoint, and go on counting its runs. Without, training goes
            on on whatever chip there is, with other noise.

    Returns:
        ``extra`` as it was given to :func:`save_checkpoint`; tuples stay tuples.

    Raises:
        CheckpointError: The file is no checkpoint, lacks what is asked for, or belongs to another chip.
        RuntimeError: The model has other parameters.
        OSError: The file can not be read.
    """
    state = _read(Path(path))
    if same_chip and state["chip"] is not None:
        _restore_chip(state["chip"], path)
    wanted = {"optimizer": optimizer, "scheduler": scheduler}
    for name, target in wanted.items():
        if target is not None and state[name] is None:
            raise CheckpointError(f"{path}: has no {name}, wanted one; save_checkpoint(..., {name}={name})")
    missing = sorted(set(generators or {}) - set(state["generators"]))
    if missing:
        raise CheckpointError(f"{path}: has no generator {missing[0]!r}, wanted one of {sorted(state['generators'])}")
    model.load_state_dict(state["model"])
    for name, target in wanted.items():
        if target is not None:
            target.load_state_dict(state[name])
    for name, generator in (generators or {}).items():
        generator.set_state(state["generators"][name])
    _restore_random(state["random"])
    return state["extra"]


def _random_state() -> dict[str, Any]:
    kind, keys, *position = np.random.get_state()  # noqa: NPY002  # scripts use it, so its state counts
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *position],
        "python": random.getstate(),
    }


def _restore_random(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])
    kind, keys, *position = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *position))  # noqa: NPY002
    random.setstate(state["python"])


def _chip_state() -> dict[str, Any] | None:
    """Return which chip is connected, with which noise, and how often it ran; None without one that counts."""
    try:
        session = core.current_session()
    except NoConnectionError:
        return None
    connection = session.connection
    if not isinstance(connection, CountsRuns):
        return None
    return {"is": {**connection.describe(), "seed": str(session.setup.seed)}, "runs": int(connection.run_counter)}


def _restore_chip(state: Mapping[str, Any], path: str | PathLike[str]) -> None:
    here = _chip_state()
    if here is None or here["is"] != state["is"]:
        was = ", ".join(f"{key} {value}" for key, value in state["is"].items())
        now = "none" if here is None else ", ".join(f"{key} {value}" for key, value in here["is"].items())
        raise CheckpointError(f"{path}: was made on a chip of {was}; connected is {now}; or say same_chip=False")
    connection = core.current_session().connection
    if isinstance(connection, CountsRuns):
        connection.run_counter = state["runs"]


def _encode(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Return a state as JSON, with its tensors moved to ``tensors`` by their path."""
    if isinstance(value, Tensor):
        name = path
        while name in tensors:  # keys may hold slashes, or differ in type only
            name += "'"
        tensors[name] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": name}
    if isinstance(value, Mapping):
        entries = [
            [_encode(key, f"{path}/keys", tensors), _encode(entry, f"{path}/{key}", tensors)]
            for key, entry in value.items()
        ]
        return {"mapping": entries}
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_encode(entry, f"{path}/{index}", tensors) for index, entry in enumerate(value)]}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return {"value": value}
    raise CheckpointError(f"{path.lstrip('/')}: got {type(value).__name__}, wanted tensors, numbers, texts or None")


def _decode(value: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "mapping":
        return {_decode(key, tensors): _decode(entry, tensors) for key, entry in content}
    if kind in ("list", "tuple"):
        entries = [_decode(entry, tensors) for entry in content]
        return tuple(entries) if kind == "tuple" else entries
    if kind == "value":
        return content
    raise ValueError(f"unknown kind {kind!r}")


def _read(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open  # slow to import, needed only here

    path.stat()  # says why a file can not be read
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no mapping
        if metadata.get("hxtorch.checkpoint") != str(SCHEMA):
            raise CheckpointError(f"{path}: is no checkpoint of schema {SCHEMA}; wanted one of save_checkpoint")
        state: dict[str, Any] = _decode(json.loads(metadata["state"]), tensors)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: is no checkpoint of save_checkpoint ({error}); pickles are refused") from error
    return state
