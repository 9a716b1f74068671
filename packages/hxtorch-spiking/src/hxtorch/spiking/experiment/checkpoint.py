"""Stop training and go on later, in another process, as if nothing had happened.

Besides parameters and optimizers, noise decides what a chip does, and random numbers decide masks and the order of
samples: a checkpoint keeps the states of all of them. Files are safetensors with a JSON table; nothing in them is ever
executed.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from os import PathLike
from typing import Any

import torch
from torch import Tensor

from hxtorch import core
from hxtorch.core.errors import NoConnectionError
from hxtorch.core.files import UNSEALED, parse_table, read_sealed, seal, write_whole
from hxtorch.core.interfaces import CountsRuns
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import CheckpointError, CheckpointNotFoundError, ParameterWarning
from hxtorch.spiking.experiment.states import (
    all_or_nothing,
    decode,
    encode,
    random_state,
    require_kind,
    restore_random,
)

SCHEMA = 2  # the first had no seal
_KEY = "hxtorch.checkpoint"
_PARTS = {"model", "optimizer", "scheduler", "generators", "random", "chip", "extra"}


@checked
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
        path: File, replaced as a whole if it is there; its folder is made if it is not.
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

    state = {
        "model": model.state_dict(),
        "optimizer": None if optimizer is None else optimizer.state_dict(),
        "scheduler": None if scheduler is None else scheduler.state_dict(),
        "generators": {name: generator.get_state() for name, generator in (generators or {}).items()},
        "random": random_state(),
        "chip": _chip_state(),
        "extra": extra,
    }
    tensors: dict[str, Tensor] = {}
    table = json.dumps(encode(state, "", tensors))
    write_whole(path, seal(save(tensors, {_KEY: str(SCHEMA), "state": table, "sha256": UNSEALED})))


@checked
def load_checkpoint(
    path: str | PathLike[str],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    scheduler: torch.optim.lr_scheduler.LRScheduler | None = None,
    generators: Mapping[str, torch.Generator] | None = None,
    same_chip: bool = True,
) -> Any:
    """Bring everything to the state in which :func:`save_checkpoint` found it, or leave everything as it is.

    Args:
        path: File of a checkpoint.
        model: As it was built before the training.
        optimizer: As it was built, or None to leave the stored one.
        scheduler: As it was built, or None to leave the stored one.
        generators: By the names given to :func:`save_checkpoint`; with an optimizer one warning names others.
        same_chip: Refuse another chip than that of the checkpoint, and go on counting its runs. Without, training goes
            on on whatever chip there is, with other noise.

    Returns:
        ``extra`` as it was given to :func:`save_checkpoint`; tuples stay tuples.

    Raises:
        CheckpointError: The file is no checkpoint, is damaged, lacks what is asked for, or belongs to another chip.
        CheckpointMismatchError: The model, the optimizer or another part was built in another way.
        CheckpointNotFoundError: There is no such file.
        OSError: The file can not be read.
    """
    state = _read(path)
    if same_chip and state["chip"] is not None:
        _require_chip(state["chip"], path)
    wanted = {"optimizer": optimizer, "scheduler": scheduler}
    for name, target in wanted.items():
        if target is not None and state[name] is None:
            raise CheckpointError(f"{path}: has no {name}, wanted one; save_checkpoint(..., {name}={name})")
        if target is not None:
            require_kind(path, name, target, state[name])
    missing = sorted(set(generators or {}) - set(state["generators"]))
    if missing:
        raise CheckpointError(f"{path}: has no generator {missing[0]!r}, wanted one of {sorted(state['generators'])}")
    targets: list[tuple[str, Any, Any]] = [("the model", model, state["model"])]
    targets += [(name, target, state[name]) for name, target in wanted.items() if target is not None]
    chosen = {name: (generator, state["generators"][name]) for name, generator in (generators or {}).items()}
    with all_or_nothing(path, model, [part for _, part, _ in targets], [one for one, _ in chosen.values()]) as now:
        for name, part, stored in targets:
            now(name)
            part.load_state_dict(stored)
        for name, (generator, stored) in chosen.items():
            now(f"generator {name!r}")
            generator.set_state(stored)
        now("random numbers")
        restore_random(state["random"])
        if same_chip and state["chip"] is not None:
            now("the number of runs")
            _restore_runs(state["chip"]["runs"])
    left = sorted(set(state["generators"]) - set(generators or {}))
    if left and optimizer is not None:
        warnings.warn(
            f"{path}: holds generators {left} that were not handed in, so training goes on with other random numbers; "
            f"load_checkpoint(..., generators={{{left[0]!r}: ...}})",
            ParameterWarning,
            stacklevel=3,  # behind the door
        )
    return state["extra"]


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


def _require_chip(state: Mapping[str, Any], path: str | PathLike[str]) -> None:
    here = _chip_state()
    if here is None or here["is"] != state["is"]:
        was = ", ".join(f"{key} {value}" for key, value in state["is"].items())
        now = "none" if here is None else ", ".join(f"{key} {value}" for key, value in here["is"].items())
        raise CheckpointError(f"{path}: was made on a chip of {was}; connected is {now}; or say same_chip=False")


def _restore_runs(runs: int) -> None:
    connection = core.current_session().connection
    if isinstance(connection, CountsRuns):
        connection.run_counter = runs


def _read(path: str | PathLike[str]) -> dict[str, Any]:
    """Return what a checkpoint holds, with every part of the type that it must have."""
    from safetensors import SafetensorError  # slow to import, needed only here
    from safetensors.torch import load  # the same

    again = "pickles are refused; write one by save_checkpoint"
    try:
        metadata, content = read_sealed(path, _KEY, SCHEMA, CheckpointError, again)
    except FileNotFoundError as error:
        raise CheckpointNotFoundError(f"{path}: no such file; write one by save_checkpoint") from error
    try:
        state = decode(parse_table(metadata.get("state", ""), path, CheckpointError), load(content))
    except (SafetensorError, ValueError, LookupError, TypeError, AttributeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path}: is no checkpoint of save_checkpoint ({error})") from error
    if not isinstance(state, dict) or state.keys() != _PARTS:
        raise CheckpointError(f"{path}: is no checkpoint of save_checkpoint; wanted {', '.join(sorted(_PARTS))} in it")
    optional = isinstance(state["optimizer"], dict | None), isinstance(state["scheduler"], dict | None)
    whole = all(isinstance(state[name], dict) for name in ("model", "generators", "random")) and all(optional)
    chip = state["chip"]
    if not whole or not (chip is None or (isinstance(chip, dict) and _is_chip(chip))):
        raise CheckpointError(f"{path}: is no checkpoint of save_checkpoint; its parts are not of their types")
    return state


def _is_chip(state: dict[Any, Any]) -> bool:
    return state.keys() == {"is", "runs"} and isinstance(state["is"], dict) and type(state["runs"]) is int
