"""Products of spikes and weights, by events where that takes less time; sums have one order either way.

The number of threads and the instruction set do not show in bytes, nor does the way that is taken.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from hxtorch.spiking._kernels.synapses import events
from hxtorch.spiking._memory import empty, empty_like

_SPARSE = 0.4
"""Part of the places that spikes take: with more a dense product is faster."""

MANY_TARGETS = 16
"""With fewer targets it does not pay to look for spikes."""

_FEW_SOURCES = 16
"""With so few numbers in a row the product of spikes is never slower."""

_FEW_TARGETS = 32
"""Up to so many targets the gradient of spikes is a product of ours, with more one of torch."""

_FEW_WEIGHTS = 1 << 14
"""Up to so many weights each part of the rows has its own sum of their gradient."""


class Found(NamedTuple):
    """Spikes that were found in a tensor.

    Attributes:
        bits: One bit per source, 64 to a word, rows rounded up to words, int64; then the two below. None where nobody
            looked.
        number: How many spikes there are.
        graded: Whether there are other numbers than 0 and 1.
    """

    bits: Tensor | None
    number: int
    graded: bool

    @classmethod
    def again(cls, bits: Tensor | None) -> Found:
        """Return what was found when these bits were."""
        if bits is None or not bits.numel():
            return UNSEEN
        number, graded = bits[-2:].tolist()
        return cls(bits, number, bool(graded))

    def address(self, rows: int, sources: int) -> int:
        """Return where the bits are, 0 where a dense product takes less time: shape and number alone tell."""
        if self.bits is None:
            return 0
        sparse = sources <= _FEW_SOURCES or self.number < _SPARSE * rows * sources
        return self.bits.data_ptr() if sparse else 0


UNSEEN = Found(None, 0, True)
"""Where nobody looked."""


def words(rows: int, sources: int) -> int:
    """Return how many words :attr:`Found.bits` has."""
    return rows * ((sources + 63) // 64) + 2


def find(spikes: Tensor) -> Found:
    """Look for spikes.

    Args:
        spikes: Contiguous (..., source).
    """
    rows, sources = spikes.shape[:-1].numel(), spikes.shape[-1]
    bits = torch.empty(words(rows, sources), dtype=torch.int64)
    double = spikes.dtype == torch.float64
    number, graded = events.find(double, rows, sources, spikes.data_ptr(), bits.data_ptr(), torch.get_num_threads())
    return Found(bits, number, graded)


def find_for(spikes: Tensor, targets: int) -> Found:
    """Look for spikes if that pays for a product with so many targets."""
    if targets < MANY_TARGETS or not spikes.shape[-1]:
        return UNSEEN
    return find(spikes)


def weigh(spikes: Tensor, weight: Tensor, found: Found) -> Tensor:
    """Return the product (row, target).

    Args:
        spikes: Contiguous (row, source).
        weight: (target, source).
        found: What was found in the spikes.
    """
    (rows, sources), targets, weight = spikes.shape, weight.shape[0], weight.contiguous()
    output = empty_like(spikes, shape=(rows, targets))
    if not sources:
        return output.zero_()
    tiles = empty_like(weight, shape=(targets + -targets % events.PADDING, sources))
    events.weigh_spikes(
        spikes.dtype == torch.float64,
        rows,
        sources,
        targets,
        spikes.data_ptr(),
        found.address(rows, sources),
        found.graded,
        weight.data_ptr(),
        tiles.data_ptr(),
        output.data_ptr(),
        torch.get_num_threads(),
    )
    return output


def spread(gradient: Tensor, weight: Tensor) -> Tensor:
    """Return the gradient of spikes (row, source).

    Args:
        gradient: Of the product, contiguous (row, target).
        weight: (target, source).
    """
    rows, (targets, sources) = gradient.shape[0], weight.shape
    output = empty_like(weight, shape=(rows, sources))
    if targets > _FEW_TARGETS:
        return torch.mm(gradient, weight, out=output)
    rows_of_weights = padded(weight)
    events.spread_gradient(
        weight.dtype == torch.float64,
        rows,
        sources,
        targets,
        gradient.data_ptr(),
        rows_of_weights.data_ptr(),
        output.data_ptr(),
        torch.get_num_threads(),
    )
    return output


def collect(gradient: Tensor, spikes: Tensor, found: Found) -> Tensor:
    """Return the gradient of weights (target, source).

    Args:
        gradient: Of the product, contiguous (row, target).
        spikes: Contiguous (row, source).
        found: What was found in them.
    """
    (rows, targets), sources, threads = gradient.shape, spikes.shape[1], torch.get_num_threads()
    bits = found.address(rows, sources)
    by_rows = sources * targets <= _FEW_WEIGHTS
    shape = (sources, targets) if bits else (targets, sources)
    sums = empty_like(gradient, shape=(events.PARTS_OF_ROWS if by_rows else 1, *shape))
    number = min(max(found.number, 0), rows * sources)  # which callers of the operator give
    listed = events.list_size(rows, sources, number) if bits and not by_rows and threads > 1 else 0
    room = empty((listed,), torch.uint8)
    events.collect_weights(
        gradient.dtype == torch.float64,
        rows,
        sources,
        targets,
        spikes.data_ptr(),
        bits,
        found.graded,
        gradient.data_ptr(),
        sums.data_ptr(),
        by_rows,
        room.data_ptr(),
        number,
        threads,
    )
    total = sums.sum(0) if by_rows else sums[0]
    return total.T.contiguous() if bits else total


def padded(weight: Tensor) -> Tensor:
    """Return weights in rows that kernels may read in whole registers."""
    return torch.nn.functional.pad(weight, (0, -weight.shape[1] % events.PADDING)).contiguous()
