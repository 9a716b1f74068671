"""Settings of layers that change results, as entries of their state dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.parameter import warn_of_taken


def save_settings(module: Any, names: Sequence[str], destination: MutableMapping[str, Any], prefix: str) -> None:
    """Store attributes of ``module``, but not what is given by coordinate: that belongs to one chip."""
    for name in names:
        value = getattr(module, name)
        if not isinstance(value, Mapping):
            destination[prefix + name] = torch.as_tensor(value, dtype=torch.float64).detach().clone()


def take_settings(module: Any, names: Sequence[str], state_dict: MutableMapping[str, Any], prefix: str) -> None:
    """Take attributes of ``module`` out of a state dictionary, and say so if they were others.

    Older checkpoints have none.
    """
    for name in names:
        saved, own = state_dict.pop(prefix + name, None), getattr(module, name)
        if saved is None or isinstance(own, Mapping):
            continue
        now = torch.as_tensor(own, dtype=torch.float64, device=saved.device).detach()
        if isinstance(own, Tensor) and own.requires_grad and now.shape == saved.shape:  # trained
            own.data.copy_(saved)
        elif now.shape != saved.shape or not torch.equal(now, saved.double()):
            value = saved.item() if saved.ndim == 0 else saved.to(torch.float32, copy=True)
            value = type(own)(value) if isinstance(own, int) else value  # a truth value too
            warn_of_taken(prefix + name, value, own, prefix + name)
            setattr(module, name, value)
