"""Sequences of operations as files: sealed safetensors with a JSON manifest in the metadata.

The manifest lists the operations with their numbers; their arrays are tensors called ``POSITION/NAME``. The content
decides what a file is, never its name, and nothing in it is ever executed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.errors import HXTorchError
from hxtorch.core.files import UNSEALED, parse_table, read_sealed, seal, write_whole
from hxtorch.core.products.compute import MAC, Addition, ArgMax, ConvertingReLU, Operation, ReLU, Sequence
from hxtorch.core.products.rearrangement import Rearrangement

SCHEMA = 2  # the first had no seal
_KIND = "hxtorch.sequence"
_AGAIN = "record it, after `with hxtorch.perceptron.InferenceTracer(path):`"

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


@checked
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
    manifest = json.dumps({"operations": operations})
    return write_whole(path, seal(save(tensors, {_KIND: str(SCHEMA), "manifest": manifest, "sha256": UNSEALED})))


@checked
def load_sequence(path: str | os.PathLike[str]) -> Sequence:
    """Read a sequence from a file of any name.

    Raises:
        SequenceFormatError: It is none, is damaged, or is of a schema that this version does not know.
        SequenceNotFoundError: There is no such file.
    """
    from safetensors import SafetensorError  # slow to import, needed only here
    from safetensors.numpy import load  # the same

    try:
        metadata, content = read_sealed(path, _KIND, SCHEMA, SequenceFormatError, _AGAIN)
    except FileNotFoundError as error:
        raise SequenceNotFoundError(f"{path}: no such file; {_AGAIN}") from error
    manifest = parse_table(metadata.get("manifest", ""), path, SequenceFormatError)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("operations"), list):
        raise SequenceFormatError(f"{path}: a safetensors file without the manifest of a sequence")
    arrays: dict[str, dict[str, np.ndarray]] = {}
    try:
        for name, tensor in load(content).items():
            position, _, key = name.partition("/")
            arrays.setdefault(position, {})[key] = tensor
    except (SafetensorError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise SequenceFormatError(f"{path}: no sequence of operations ({error}); {_AGAIN}") from error
    return Sequence(
        tuple(
            _operation(path, position, entry, arrays.get(str(position), {}))
            for position, entry in enumerate(manifest["operations"])
        )
    )


def _operation(path: Any, position: int, entry: Any, arrays: Arrays) -> Operation:
    """Make one operation of its entry in the manifest."""
    try:
        return _KINDS[entry["operation"]][2](entry, arrays)
    except (HXTorchError, LookupError, TypeError, ValueError) as error:
        raise SequenceFormatError(f"{path}: operation {position} makes no sense: {str(error)[:200]}") from error


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise TypeError(f"got {str(number)[:20]}, wanted a whole number")
    return number
