"""Call operators of torch with what they cannot take, and print what happened: ``operators_job.py NAME...``.

Each line is ``operator, kind of change, argument, change, what came of it``, printed before and after the call, so that
the last line of a process that died says what killed it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from hxtorch.core import open_session
from hxtorch.core.errors import HXTorchError
from hxtorch.perceptron.ops import products as perceptron
from hxtorch.spiking.functional.steps import fused, recurrence
from hxtorch.spiking.functional.synapses import events

WITH_OPERATORS = perceptron, events, fused, recurrence
"""Modules that register operators when they are imported."""

STEPS, BATCH, SIZE, TARGETS, ROWS = 6, 2, 5, 40, 14


def forward(recurs: bool, keeps: int = 2, full: bool = True) -> dict[str, Any]:
    """Return legal arguments of an integration."""
    shape = STEPS, BATCH, SIZE
    shared = {"full": full, "surrogate": 0, "alpha": 20.0, "traces": True, "keeps": keeps}
    recordings = {f"{name}_hw": torch.zeros(shape) for name in ("spikes", "membrane", "adaptation")}
    found = {"input": torch.rand(shape), "constants": torch.rand(ROWS, SIZE), **recordings, **shared}
    return found | ({"weight": torch.rand(SIZE, SIZE)} if recurs else {"fire": True})


def backward(recurs: bool, lean: bool = False) -> dict[str, Any]:
    """Return legal arguments of the way back."""
    given = forward(recurs, 1 if lean else 2, not lean)
    if lean:
        given |= {f"{name}_hw": None for name in ("spikes", "membrane", "adaptation")}
    operator = torch.ops.hxtorch.recur if recurs else torch.ops.hxtorch.integrate
    spikes, _, current, adaptation, before, events = operator(**given)
    whole = torch.rand(STEPS, BATCH, SIZE)
    given |= {f"grad_{name}": whole for name in ("spikes", "membrane", "current", "adaptation")}
    given |= {
        "current": current,
        "adaptation": adaptation,
        "before": before,
        "events": events,
        "to_constants": not lean,
    }
    if lean:
        given |= {"current": current.new_empty(0), "adaptation": current.new_empty(0)}
    if recurs:
        return given | {"spikes": spikes, "to_weight": True}
    return given | {"input": given["input"] if lean else None, "shape": [STEPS, BATCH, SIZE], "to_input": True}


def weights_back() -> dict[str, Any]:
    """Return legal arguments of the way back of a product of spikes."""
    spikes, weight = (torch.rand(9, SIZE) < 0.1).float(), torch.rand(TARGETS, SIZE)
    _, bits = torch.ops.hxtorch.weigh(spikes, weight)
    given = {"spikes": spikes, "weight": weight, "bits": bits, "gradient": torch.rand(9, TARGETS)}
    return given | {"to_spikes": True, "to_weight": True}


def analog_product() -> dict[str, Any]:
    """Return legal arguments of a product of the analog core."""
    x, weights = torch.full((2, 3, SIZE), 5.0), torch.full((2, SIZE, 7), -9.0)
    return {"x": x, "weights": weights, "gain": torch.tensor(0.002, dtype=torch.float64), "num_sends": 1}


def analog_convolution() -> dict[str, Any]:
    """Return legal arguments of a convolution of the analog core."""
    x, weights = torch.full((2, 3, SIZE, SIZE), 5.0), torch.full((4, 3, 2, 2), -9.0)
    shape = {"stride": [1, 1], "dilation": [1, 1], "groups": 1}
    return {"x": x, "weights": weights, "gain": torch.tensor(0.002, dtype=torch.float64), "num_sends": 1, **shape}


def fitted(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return those arguments that the operator has."""
    space, _, operator = name.partition("::")
    schema = getattr(getattr(torch.ops, space), operator).default._schema
    return {argument.name: given[argument.name] for argument in schema.arguments}


_STARTS: dict[str, list[dict[str, Any]]] = {
    "hxtorch::integrate": [forward(False)],
    "hxtorch::integrate_backward": [backward(False), backward(False, lean=True)],
    "hxtorch::recur": [forward(True)],
    "hxtorch::recur_backward": [backward(True)],
    "hxtorch::weigh": [{"spikes": (torch.rand(9, SIZE) < 0.1).float(), "weight": torch.rand(TARGETS, SIZE)}],
    "hxtorch::weigh_backward": [weights_back()],
    "hxtorch_perceptron::chip_products": [
        analog_product() | {"wait_between_events": 5, "madc_neuron": 0, "madc_path": ""},
    ],
    "hxtorch_perceptron::mock_products": [analog_product() | {"noise_std": 0.5, "event_noise_std": 0.1}],
    "hxtorch_perceptron::chip_convolution": [analog_convolution() | {"wait_between_events": 5}],
    "hxtorch_perceptron::mock_convolution": [analog_convolution() | {"noise_std": 0.5, "event_noise_std": 0.1}],
}
LEGAL = {name: [fitted(name, given) for given in starts] for name, starts in _STARTS.items()}
"""For each operator arguments that it takes."""

FREE = (
    {("weigh", "spikes", 0), ("weigh", "weight", 0), ("chip_products", "x", 1), ("mock_products", "x", 1)}
    | {(f"{name}_products", "weights", 2) for name in ("chip", "mock")}
    | {(f"{name}_convolution", of, axis) for name in ("chip", "mock") for of in ("x", "weights") for axis in (0, 2, 3)}
)
"""Axes that may have any size: operator, argument, axis."""


OPTIONAL = {f"grad_{name}" for name in ("spikes", "membrane", "current", "adaptation")} | {
    "input", "spikes_hw", "membrane_hw", "adaptation_hw",
}  # fmt: skip
"""Tensors that an operator does without, where its schema says so."""


def tensors(name: str, argument: str, tensor: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Return what is wrong in the place of a tensor."""
    for dtype in (torch.int64, torch.float16, torch.bool, torch.complex64, torch.uint8, torch.float64):
        other_products = argument == "gain" and dtype.is_floating_point
        if dtype not in (tensor.dtype, torch.float64) and not other_products:
            yield f"type {dtype}", tensor.to(dtype)
    yield "sparse", tensor.to_sparse()
    yield "one axis more", tensor[None]
    yield "another axis more", tensor[..., None]
    if tensor.ndim:
        yield "one axis less", tensor.sum(0).to(tensor.dtype)
    for axis in range(tensor.ndim):
        if (name, argument, axis) in FREE:
            continue
        for size in (tensor.shape[axis] - 1, tensor.shape[axis] + 1, 3 * tensor.shape[axis], 4097):
            if not (argument == "constants" and axis == 1 and size in (1, SIZE, BATCH * SIZE)):
                shape = [*tensor.shape]
                shape[axis] = size
                yield f"{size} along axis {axis}", torch.ones(shape).to(tensor.dtype)


def numbers(argument: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Return what is wrong, or may be, in the place of something else than a tensor."""
    if isinstance(value, bool):
        yield str(not value), not value
    elif isinstance(value, int):
        for number in (-1, 0, 99, 1 << 40, (1 << 63) - 1, -(1 << 63)):
            yield str(number), number
    elif isinstance(value, float):
        for other in (float("nan"), float("inf"), -1.0, 1e300):
            yield str(other), other
    elif isinstance(value, list):
        for shape in ([], [1], [-1, 2, 3], [1 << 40] * 3, [0, 0, 0], [*value, 1], [value[0] + 1, *value[1:]]):
            yield str(shape), shape
    elif isinstance(value, str):
        yield "a folder that is not there", "/no/such/folder/file.csv"


def changes(name: str, given: dict[str, Any]) -> Iterator[tuple[bool, str, str, dict[str, Any]]]:
    """Return whether the operator must refuse, the argument, the change and the arguments."""
    for argument, value in given.items():
        if isinstance(value, Tensor) and value.numel():
            for what, wrong in tensors(name, argument, value):
                yield True, argument, what, {**given, argument: wrong}
            for what, other in (("another order in memory", ordered_otherwise(value)), ("none", value.new_empty(0))):
                yield False, argument, what, {**given, argument: other}
            for what, wrong in (("a string", "x"), ("a list", [object()])):
                yield True, argument, what, {**given, argument: wrong}
            yield argument not in OPTIONAL, argument, "None", {**given, argument: None}
            if not name.endswith(("products", "convolution")):  # others read no memory that torch does not look at
                yield True, argument, "memory given back", {**given, argument: given_back(value)}
            for axis in range(value.ndim):
                none = value.narrow(axis, 0, 0)
                yield False, argument, f"none along axis {axis}", {**given, argument: none}
            if value.is_floating_point():
                yield False, argument, "with a gradient", {**given, argument: value.clone().requires_grad_()}
            if value.is_floating_point():
                nan = {**given, argument: torch.full_like(value, float("nan"))}
                yield name.endswith("products") and argument != "gain", argument, "not a number", nan
            else:
                yield (
                    False,
                    argument,
                    "all bits",
                    {**given, argument: torch.full_like(value, -1 if value.ndim == 1 else 255)},
                )
        elif not isinstance(value, Tensor) and value is not None:
            for what, other in numbers(argument, value):
                yield False, argument, what, {**given, argument: other}


def given_back(tensor: Tensor) -> Tensor:
    """Return a tensor whose memory was given back in part."""
    found = tensor.clone()
    found.untyped_storage().resize_(found.nbytes // 2)
    return found


def ordered_otherwise(tensor: Tensor) -> Tensor:
    """Return the same numbers in another order in memory."""
    return tensor.mT.contiguous().mT if tensor.ndim > 1 else torch.stack([tensor, tensor], -1)[..., 0]


def call(name: str, given: dict[str, Any]) -> str:
    """Return what came of a call."""
    space, _, operator = name.partition("::")
    try:
        getattr(getattr(torch.ops, space), operator)(**given)
    except HXTorchError as error:
        return f"refused: {type(error).__name__}: {error}"
    except Exception as error:
        schema = "expected" in str(error).lower() or "unknown keyword" in str(error).lower()
        return f"{'refused by torch' if schema else 'raw'}: {type(error).__name__}: {error}"
    return "taken"


def main(name: str) -> None:
    """Try everything with one operator."""
    for given in LEGAL[name]:
        print(name, "legal", "-", "-", call(name, given), sep="\t", flush=True)
        for must, argument, what, changed in changes(name.partition("::")[2], given):
            print(name, "before", argument, what, "", sep="\t", flush=True)
            came = call(name, changed).replace("\n", " ").replace("\t", " ")
            print(name, "wrong" if must else "odd", argument, what, came, sep="\t", flush=True)
    print(name, "done", "-", "-", "-", sep="\t", flush=True)


if __name__ == "__main__":
    with open_session(fidelity="ideal"):
        for name in sys.argv[1:]:
            main(name)
