"""What pictures are made of, as numbers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hxtorch.core.errors import PictureError


def numbers(name: str, values: Any) -> Tensor:
    """Return real numbers of any kind as a tensor on the CPU, without its graph.

    Raises:
        PictureError: They are none, or there is none.
    """
    try:
        found = torch.as_tensor(values).detach().cpu()
        real = not found.is_complex() and found.numel() > 0
    except (TypeError, ValueError, RuntimeError, OverflowError):
        real = False
    if not real:
        raise PictureError(f"{name}: got {values!r:.60}, wanted numbers, at least one")
    return found
