"""How much memory a run takes, at least, before it takes it."""

from __future__ import annotations

from typing import Any

import torch

from hxtorch.core.memory import require_memory
from hxtorch.spiking._kernels.native.memory import kept

_NUMBER = 4  # bytes, of a float


def check_memory(modules: Any, steps: Any) -> None:
    """Refuse a run whose currents, spikes and membranes, and gradients of them, do not fit into memory.

    Args:
        modules: What collected the network.
        steps: Calls of modules that will run.

    Raises:
        MemoryLimitError: They do not fit; says how many batch entries would.
    """
    shapes = [handle.observable_state.shape for handle in modules.input_data()]
    time, batch = max((shape[:2] for shape in shapes if len(shape) == 3), default=(0, 0))
    most, what = sum(map(_width, steps)), "run"
    if torch.is_grad_enabled() and any(map(_is_trained, steps)):
        way_back = max(map(_way_back, steps))
        most, what = max((most, what), (way_back, "gradients of the run"))
    require_memory(what, time * most * _NUMBER, batch, "run smaller batches, or fewer steps", again=kept())


def _width(step: Any) -> int:
    """Return how many numbers a module makes in one step: a current for each target, spikes and membranes."""
    size, targets = getattr(step.module, "size", None), getattr(step.module, "out_features", None)
    return 2 * size if isinstance(size, int) else targets if isinstance(targets, int) else 0


def _way_back(step: Any) -> int:
    """Return how many numbers of one step its gradient takes at once, where that is more than what was made."""
    size = getattr(step.module, "size", None)
    return getattr(step.module, "traces_back", 0) * size if isinstance(size, int) else 0


def _is_trained(step: Any) -> bool:
    """Tell whether a module has parameters that ask for a gradient."""
    return isinstance(step.module, torch.nn.Module) and any(p.requires_grad for p in step.module.parameters())
