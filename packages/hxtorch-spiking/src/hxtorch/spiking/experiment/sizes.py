"""How much memory a run takes, at least, before it takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from hxtorch.core.memory import require_memory
from hxtorch.spiking._kernels.native.memory import kept

_NUMBER = 4  # bytes, of a float


def check_memory(shapes: Iterable[Sequence[int]], steps: Sequence[Any]) -> None:
    """Refuse a run whose currents, spikes and membranes, and gradients of them, do not fit into memory.

    Args:
        shapes: Of the network's inputs.
        steps: Calls of modules that will run.

    Raises:
        MemoryLimitError: They do not fit; says how many batch entries would.
    """
    time = batch = numbers = back = 0
    for shape in shapes:
        if len(shape) == 3 and (shape[0], shape[1]) > (time, batch):
            time, batch = shape[0], shape[1]
    for step in steps:
        module = step.module
        numbers += module.numbers_per_step
        traces = getattr(module, "traces_back", 0)
        if traces:
            back = max(back, traces * module.size)
    what = "run"
    if back > numbers and torch.is_grad_enabled() and any(map(_is_trained, steps)):
        numbers, what = back, "gradients of the run"
    require_memory(what, time * numbers * _NUMBER, batch, "run smaller batches, or fewer steps", again=kept())


def _is_trained(step: Any) -> bool:
    """Tell whether a module has parameters that ask for a gradient."""
    return isinstance(step.module, torch.nn.Module) and any(p.requires_grad for p in step.module.parameters())
