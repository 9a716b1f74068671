"""Sequences of operations as files: safetensors with a JSON manifest in the metadata. Nothing in them is ever executed.

The manifest lists the operations with their numbers; their arrays are tensors called ``POSITION/NAME``. The content
decides what a file is, never its name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hxtorch.core.errors import HXTorchError
from hxtorch.core.products.compute import MAC, Addition, ArgMax, ConvertingReLU, Operation, ReLU, Sequence
from hxtorch.core.products.rearrangement import Rearrangement

SCHEMA = 1
_KIND = "hxtorch sequence"

Numbers = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]


class SequenceFormatError(HXTorchError, ValueError):
    """A file is no sequence that this version can read."""


class SequenceNotFoundError(HXTorchError, FileNotFoundError):
    """There is no file where a sequence was expected."""


# Name in a file: class, its numbers and arrays, and how to make it of them.
_KINDS: dict[str, tuple[type, Callable[[Any], tuple[Numbers, Arrays]], Callable[[Numbers, Arrays], Operation]]] = {
    "mac": (
        MAC,
        lambda mac: (
            {"num_sends": mac.num_sends, "wait_between_events": mac.wait_between_events},
            {"weights": mac.weights},
        ),
        lambda numbers, arrays: MAC(
            arrays["weights"], _whole(numbers["num_sends"]), _whole(numbers["wait_between_events"])
        ),
    ),
    "relu": (ReLU, lambda _: ({}, {}), lambda numbers, arrays: ReLU()),
    "converting_relu": (
        ConvertingReLU,
        lambda relu: ({"shift": relu.shift}, {}),
        lambda numbers, arrays: ConvertingReLU(_whole(numbers["shift"])),
    ),
    "addition": (Addition, lambda sum_: ({}, {"other": sum_.other}), lambda numbers, arrays: Addition(arrays["other"])),
    "argmax": (ArgMax, lambda _: ({}, {}), lambda numbers, arrays: ArgMax()),
    "rearrangement": (
        Rearrangement,
        lambda moved: ({"source": list(moved.source)}, {"index": moved.index}),
        lambda numbers, arrays: Rearrangement(tuple(map(_whole, numbers["source"])), arrays["index"]),
    ),
}


def save_sequence(sequence: Sequence, path: str | os.PathLike[str]) -> Path:
    """Write ``sequence`` to ``path``, all or nothing.

    Raises:
        SequenceFormatError: An operation has no form in a file.
    """
    from safetensors.numpy import save  # slow to import, needed only here

    operations, tensors = [], {}
    for position, operation in enumerate(sequence.operations):
        for name, (kind, take_apart, _) in _KINDS.items():
            if type(operation) is kind:
                numbers, arrays = take_apart(operation)
                operations.append({"operation": name, **numbers})
                tensors.update({f"{position}/{key}": array.copy(order="C") for key, array in arrays.items()})
                break
        else:
            raise SequenceFormatError(f"operation {position} is a {type(operation).__name__}, which no file can hold")
    manifest = {"kind": _KIND, "schema": SCHEMA, "operations": operations}
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(save(tensors, {"manifest": json.dumps(manifest)}))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load_sequence(path: str | os.PathLike[str]) -> Sequence:
    """Read a sequence from a file of any name.

    Raises:
        SequenceFormatError: It is none, is damaged, or is of a schema that this version does not know.
        SequenceNotFoundError: There is no such file.
    """
    from safetensors import SafetensorError, safe_open  # slow to import, needed only here

    if not Path(path).is_file():
        raise SequenceNotFoundError(f"{path}: no such file; record a sequence by an InferenceTracer first")
    try:
        with safe_open(path, framework="np") as file:
            manifest = json.loads((file.metadata() or {}).get("manifest", "null"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it has no iterator
    except (SafetensorError, ValueError, RecursionError, TypeError, AttributeError) as error:
        raise SequenceFormatError(
            f"{path}: no sequence of operations ({type(error).__name__}); record it again"
        ) from error
    if (
        not isinstance(manifest, dict)
        or manifest.get("kind") != _KIND
        or not isinstance(manifest.get("operations"), list)
    ):
        raise SequenceFormatError(f"{path}: a safetensors file without the manifest of a sequence")
    if manifest.get("schema") != SCHEMA:
        raise SequenceFormatError(f"{path}: schema {str(manifest.get('schema'))[:20]}, this version reads {SCHEMA}")
    return Sequence(
        tuple(_operation(path, position, entry, tensors) for position, entry in enumerate(manifest["operations"]))
    )


def _operation(path: Any, position: int, entry: Any, tensors: Arrays) -> Operation:
    """Make one operation of its entry in the manifest."""
    try:
        prefix = f"{position}/"
        arrays = {name[len(prefix) :]: array for name, array in tensors.items() if name.startswith(prefix)}
        return _KINDS[entry["operation"]][2](entry, arrays)
    except (HXTorchError, LookupError, TypeError, ValueError) as error:
        raise SequenceFormatError(f"{path}: operation {position} makes no sense: {str(error)[:200]}") from error


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise TypeError(f"got {str(number)[:20]}, wanted a whole number")
    return number
