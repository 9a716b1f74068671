"""Spikes on a grid of time, and as a list."""

from libc.math cimport rint
from libc.stdint cimport int32_t, int64_t, uintptr_t

import numpy as np

ctypedef fused real:
    float
    double


cdef int32_t count(const real *step, int64_t size) noexcept nogil:
    """Number of spikes in one step, -1 if some are graded."""
    cdef int64_t j
    cdef int32_t spikes = 0, graded = 0  # as wide as a number, so that compilers take several at once
    for j in range(size):
        spikes += step[j] != 0
        graded |= (step[j] != 0) & (step[j] != 1)
    return -1 if graded else spikes


def find(const real[:, :, ::1] grid, double step):
    """Return times, batch entries and sources of spikes, and offsets of entries, see trains.pyi."""
    cdef int64_t steps = grid.shape[0], batch = grid.shape[1], sources = grid.shape[2], b, t, j, k = 0
    cdef int64_t found = 0
    cdef int32_t here
    cdef const real *row
    cdef int64_t[:, ::1] out
    cdef int64_t[::1] ends
    if not step > 0:
        raise ValueError(f"step: got {step}, wanted cycles")
    for t in range(steps if batch * sources else 0):
        here = count(&grid[t, 0, 0], batch * sources)
        if here < 0:
            return None
        found += here
    result, offsets = np.empty((3, found), np.int64), np.zeros(batch + 1, np.int64)
    out, ends = result, offsets
    with nogil:
        for b in range(batch if found else 0):
            for t in range(steps):
                row = &grid[t, b, 0]
                for j in range(sources):
                    if row[j] != 0:
                        out[0, k], out[1, k], out[2, k] = <int64_t>rint(<double>t * step), b, j
                        k = k + 1
            ends[b + 1] = k
    return result[0], result[1], result[2], offsets


def scatter(const int64_t[::1] times, const int64_t[::1] batches, const int64_t[::1] indices, double step,
            int64_t points, int64_t batch, int64_t size, uintptr_t out):
    """Write ones where spikes are; what is later than the grid is left out."""
    cdef float *grid = <float *>out
    cdef int64_t k, point, spikes = times.shape[0], wrong = 0
    if batches.shape[0] != spikes or indices.shape[0] != spikes:
        raise ValueError("spikes: got times, batches and indices of different lengths")
    if not step > 0 or points < 0 or batch < 0 or size < 0 or (points * batch * size and not grid):
        raise ValueError(f"grid: got steps of {step} cycles for {points} points, {batch} entries and {size} neurons")
    with nogil:
        for k in range(spikes):
            point = <int64_t>rint(<double>times[k] / step)
            if point < 0 or batches[k] < 0 or batches[k] >= batch or indices[k] < 0 or indices[k] >= size:
                wrong = k + 1
            elif point < points:
                grid[(point * batch + batches[k]) * size + indices[k]] = 1
    if wrong:
        k = wrong - 1
        raise IndexError(
            f"spikes: got one of neuron {indices[k]} in entry {batches[k]} at cycle {times[k]}, wanted one of {size} "
            f"neurons, {batch} entries and no negative times")
