"""Normal noise, fast enough that a mock product does not cost more for its noise than for its product."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

_POOL = 2**20  # numbers
_FEW = 2**14  # below this many numbers torch's own generator is as fast
_WIDEST = 256  # columns of one block: rows of the pool stay many


def normal_noise(rows: int, columns: int, deviation: float, like: Tensor) -> Tensor:
    """Draw normal noise, reproducible by ``torch.manual_seed``.

    Many float32 numbers on the processor are not drawn one by one, which would take longer than the product they are
    added to: each row is the sum of two rows of a fixed pool of 2**20 normal numbers, chosen and signed at random.
    Numbers are normal and any two of them uncorrelated; that two rows share one of thousands of pool rows shows in
    fourth moments between them only.

    Args:
        rows: First axis of the result.
        columns: Second axis of the result.
        deviation: Standard deviation.
        like: Gives dtype and device.

    Returns:
        Shape (rows, columns).
    """
    if like.device.type != "cpu" or like.dtype != torch.float32 or rows * columns < _FEW:
        return torch.randn(rows, columns, dtype=like.dtype, device=like.device) * deviation
    widths = [min(_WIDEST, columns - left) for left in range(0, columns, _WIDEST)]
    blocks = [_sums_of_pool_rows(rows, width, deviation) for width in widths]
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=1)


def _sums_of_pool_rows(rows: int, columns: int, deviation: float) -> Tensor:
    count = _POOL // columns
    pool = _pool()[: count * columns].view(count, columns)
    draws = torch.randint(2 * count, (rows, 2), dtype=torch.int32)
    signs = (draws & 1) * (math.sqrt(2) * deviation) - math.sqrt(0.5) * deviation
    return torch.nn.functional.embedding_bag(draws >> 1, pool, mode="sum", per_sample_weights=signs)


@functools.lru_cache(maxsize=1)
def _pool() -> Tensor:
    """Return the same normal numbers in every process, of mean square 1."""
    numbers = torch.randn(_POOL, generator=torch.Generator().manual_seed(0))
    return numbers / numbers.square().mean().sqrt()
