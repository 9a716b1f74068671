"""Normal noise, cheap enough that a mock product does not spend most of its time on it."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

_POOL = 2**21  # numbers
_STRETCH = 2**17  # numbers from one place of the pool, at most
_FEW = 2**12  # below this many numbers torch's own generator is as fast


def standard_normal(rows: int, columns: int, like: Tensor) -> Tensor:
    """Give standard normal numbers, reproducible by ``torch.manual_seed``.

    Many float32 numbers on the processor are not drawn one by one, which would take longer than the product they are
    added to, but are stretches of a fixed pool of 2**21 numbers from random places. So they are independent inside of a
    stretch; two stretches of the same or of different calls overlap with a probability of at most 1/8, and then one
    repeats a part of the other at other rows.

    Args:
        rows: First axis of the result.
        columns: Second axis of the result.
        like: Gives dtype and device.

    Returns:
        Shape (rows, columns); may be a part of the pool, so it must not be changed.
    """
    count = rows * columns
    if like.device.type != "cpu" or like.dtype != torch.float32 or count < _FEW:
        return torch.randn(rows, columns, dtype=like.dtype, device=like.device)
    pool, lengths = _pool(), [min(_STRETCH, count - start) for start in range(0, count, _STRETCH)]
    places = torch.randint(_POOL - _STRETCH + 1, (len(lengths),)).tolist()
    stretches = [pool[place : place + length] for place, length in zip(places, lengths, strict=True)]
    return (stretches[0] if len(stretches) == 1 else torch.cat(stretches)).view(rows, columns)


@functools.lru_cache(maxsize=1)
def _pool() -> Tensor:
    """Return the same normal numbers in every process; their mean is 0 and their mean square 1."""
    numbers = torch.randn(_POOL // 2, generator=torch.Generator().manual_seed(0))
    numbers = numbers / numbers.square().mean().sqrt()
    return torch.cat([numbers, -numbers])
