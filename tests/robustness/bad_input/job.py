"""Try wrong values in a process of its own: ``job.py FIRST PART ROOM...``, one line before and one after each call.

The last line of a process that died says what killed it, and with which number to go on.
"""

from __future__ import annotations

import inspect
import json
import os
import resource
import signal
import sys
import tempfile
import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import torch
from calls import legal, public, session

from bss2_emulator import EmulatorError
from hxtorch.core.errors import HXTorchError

STALL = 20  # seconds of the processor that a call may take
WAIT = 300  # seconds that it may take by the clock, on a busy machine
MEMORY = 12 << 30  # bytes of address space

CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)

VALUES: dict[str, Any] = {
    "None": None,
    "text": "wrong",
    "False as text": "False",
    "no text": "",
    "bytes": b"\x00\xff",
    "-1": -1,
    "0": 0,
    "2": 2,
    "2.5": 2.5,
    "True": True,
    "2**40": 1 << 40,
    "2**70": 1 << 70,
    "NaN": float("nan"),
    "inf": float("inf"),
    "1e300": 1e300,
    "complex": 1 + 2j,
    "an empty list": [],
    "a list of texts": ["a", "b"],
    "a ragged list": [[1], [1, 2]],
    "an empty table": {},
    "a table": {"a": 1},
    "an object": object(),
    "a class": dict,
    "a function": lambda *_: None,
    "a set": {1, 2},
    "an array of NaN": np.full((2, 3), np.nan),
    "an array of objects": np.array([None, object()]),
    "a masked array": np.ma.masked_array([1.0, 2.0], [True, False]),
    "no values": np.empty((0, 3)),
    "a tensor of NaN": torch.full((2, 3), float("nan")),
    "a complex tensor": torch.ones(2, 3, dtype=torch.complex64),
    "a tensor of five axes": torch.ones(1, 1, 1, 1, 2),
    "a tensor without axes": torch.tensor(1.0),
    "a tensor on no device": torch.ones(2, 3, device="meta"),
    "a ragged tensor": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
    "a truth value as tensor": torch.tensor(True),
    "a number of 6021 digits": 1 << 20000,
    "NaN as Decimal": Decimal("NaN"),
    "a list with NaN": [1.0, float("nan")],
    "a list in itself": CIRCLE,
    "a masked number": np.ma.masked,
    "text in an array": np.array("False"),
    "text with a zero": "a\0b",
}
"""Wrong in most places; where one is right, it is taken."""

KEPT = "the argument, but NaN in it", "the argument, one axis more", "the argument, masked"
SIZES = {
    "size", "in_features", "out_features", "in_channels", "out_channels", "kernel_size", "runtime", "seq_length",
    "batch_size", "num_sends", "wait_between_events", "num_expansions", "stride", "dilation", "groups",
}  # fmt: skip
"""Arguments that count something."""

# Where a value that looks wrong has a meaning.
MEANT = {
    ("exact_lif_spike_times", "input", "NaN"), ("to_nir_data", "", "NaN"),
}  # fmt: skip


def kinds(given: Any) -> dict[str, Any]:
    """Return wrong values in the place of ``given``."""
    values = dict(VALUES)
    if isinstance(given, (torch.Tensor, np.ndarray)) and given.size != 0 and given.ndim:
        if given.dtype in (torch.float32, torch.float64, np.float32, np.float64):
            with_nan = given.clone() if isinstance(given, torch.Tensor) else given.copy()
            with_nan.reshape(-1)[0] = float("nan")
            values[KEPT[0]] = with_nan
        values[KEPT[1]] = given[None]
        values[KEPT[2]] = np.ma.masked_array(np.asarray(given), np.ones(given.shape, bool))
    return values


def must_refuse(annotation: str, name: str, kind: str, given: Any) -> bool:
    """Tell whether a value may not pass in silence: NaN, flags and sizes; ``given`` is what is legal."""
    if annotation == "bool" or annotation == "<class 'bool'>":
        return kind != "True"
    if name in SIZES and annotation in ("int", "") and kind in ("-1", "2.5", "2**70", "NaN", "inf", "text"):
        return True
    if name in ("num_sends", "size", "in_features", "out_features", "in_channels", "out_channels") and kind == "0":
        return True
    numbers = isinstance(given, (float, torch.Tensor)) or annotation in (
        "float",
        "int",
        "Values",
        "Value",
        "np.ndarray",
    )
    return numbers and "NaN" in kind and annotation not in ("Any", "object")


def trials(room: str) -> Iterator[tuple[str, Any, str, str, str]]:
    """Yield path, callable, argument, annotation and kind of value, in the same order in each process."""
    for path, value in public(room):
        make = legal(path, value)
        if make is None:
            yield path, value, "", "", ""
            continue
        given = make()
        parameters = inspect.signature(value).parameters.values()
        for one in parameters:
            if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) or one.name == "self":
                continue
            start = given.get(one.name, one.default)
            many = len(parameters) > 60 and one.name not in given  # registers are all alike
            for kind in () if many else kinds(start):
                if kind in ("a class", "a function") and (
                    "Callable" in str(one.annotation) or "Hook" in str(one.annotation)
                ):
                    continue  # what it does is its own affair
                annotation = one.annotation if isinstance(one.annotation, str) else str(one.annotation)
                yield path, value, one.name, "" if one.annotation is one.empty else annotation, kind


def call(value: Any, given: dict[str, Any]) -> tuple[str, str]:
    """Return what came of a call, and the words of its error."""
    signal.alarm(WAIT)
    signal.setitimer(signal.ITIMER_PROF, STALL)
    try:
        value(**given)
    except (HXTorchError, EmulatorError) as error:
        return "typed", f"{type(error).__name__}: {error}"
    except TimeoutError as error:
        return ("stalled" if str(error) == "stalled" else "raw"), str(error)
    except OSError as error:  # of the system, about a file
        return "typed", f"got {error}"
    except Exception as error:
        return "raw", f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "taken", ""


def stalled(*_: object) -> None:
    raise TimeoutError("stalled")


def main(first: int, part: int, *rooms: str) -> None:
    """Try one call of ``part`` in rooms, from number ``first`` on."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, stalled)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sink = open(os.devnull, "w")  # noqa: SIM115  # until the process ends
    results, sys.stdout = sys.stdout, sink
    with tempfile.TemporaryDirectory() as folder, session():
        tempfile.tempdir = folder
        os.environ["HXTORCH_CACHE_DIR"] = folder
        os.chdir(folder)
        cached: dict[str, dict[str, Any]] = {}
        every = ((room, *trial) for room in rooms for trial in trials(room))
        for number, (room, path, value, argument, annotation, kind) in enumerate(every):
            if number < first or (number % part and argument):
                continue
            print(json.dumps({"number": number, "before": f"{path}({argument}: {kind})"}), file=results, flush=True)
            line: dict[str, Any] = {"room": room, "number": number, "path": path, "argument": argument, "kind": kind}
            if not argument:
                line |= {"came": "unknown", "words": "no legal arguments are written down"}
            else:
                fresh = cached.get(path)
                if fresh is None or path.endswith((".run", "integration")) or "forward" in path:
                    cached = {path: legal(path, value)()}  # type: ignore[misc]
                given = dict(cached[path])
                start = given.get(argument, inspect.signature(value).parameters[argument].default)
                given[argument] = kinds(start)[kind]
                came, words = call(value, given)
                must = must_refuse(annotation, argument, kind, start)
                name = path.rsplit(".", 1)[-1]
                meant = (name, argument, "NaN") in MEANT and "NaN" in kind
                named = argument in words or "got" in words
                line |= {"came": "silent" if came == "taken" and must and not meant else came}
                line |= {"words": words[:160], "named": named, "annotation": annotation}
            print(json.dumps(line), file=results, flush=True)
    print(json.dumps({"done": rooms}), file=results, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
