"""How handles look in help, completion and notebooks: their fields, and the shape and the unit of each tensor."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import Any

from hxtorch.core.looks import shown as shown
from hxtorch.core.looks import table

AXES = "(time, batch, neuron)"
UNITS = {
    "spikes": f"spikes a step, {AXES}",
    "graded_spikes": f"weighted spikes a step, {AXES}",
    "membrane_cadc": f"model units (trace_offset, trace_scale), {AXES}",
    "voltage": f"model units, {AXES}",
    "current": f"model units, {AXES}",
    "adaptation": f"model units, {AXES}",
    "adaptation_cadc": f"model units, {AXES}",
    "membrane_madc": "cycles of 8 ns, LSB, (2, samples, batch)",
    "adaptation_madc": "cycles of 8 ns, LSB, (2, samples, batch)",
}


def html(title: str, values: dict[str, Any]) -> str:
    """Return the table of a handle.

    Args:
        title: Its type.
        values: Its fields; None is a promise that no run has kept yet.
    """
    rows = [
        (name, "empty until a run" if value is None else shown(value), UNITS.get(name, ""))
        for name, value in values.items()
    ]
    return table(title, ("field", "value", "unit, axes"), rows)


def signature(fields: Sequence[str]) -> Signature:
    """Return how a handle of these fields is made: by position or by name, each None until it is filled."""
    return Signature(
        [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation="Tensor | None") for name in fields]
    )
