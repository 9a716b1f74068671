"""Questions about arrays of a run, each answered in one pass over them."""

import numpy as np

from libc.math cimport floor
from libc.stdint cimport int32_t, int64_t, uint16_t, uint64_t


def are_legal(const int64_t[::1] times, const int64_t[::1] offsets, int64_t runtime):
    """Tell whether offsets ascend from 0 to the number of times, and times in [0, runtime) ascend in each entry."""
    cdef Py_ssize_t b, i, batch = offsets.shape[0] - 1
    if batch < 1 or offsets[0] != 0 or offsets[batch] != times.shape[0]:
        return False
    for b in range(batch):
        if offsets[b + 1] < offsets[b] or offsets[b + 1] > times.shape[0]:
            return False
        for i in range(offsets[b], offsets[b + 1]):
            if times[i] < 0 or times[i] >= runtime or (i > offsets[b] and times[i] < times[i - 1]):
                return False
    return True


def are_known(const int32_t[::1] label_route, const uint16_t[::1] labels):
    """Tell whether all labels have a route."""
    cdef Py_ssize_t i
    if label_route.shape[0] != 1 << 16:
        raise ValueError(f"label_route: got {label_route.shape[0]}, wanted one for each of {1 << 16} labels")
    for i in range(labels.shape[0]):
        if label_route[labels[i]] < 0:
            return False
    return True


def are_distinct(const int64_t[::1] numbers, int most):
    """Tell whether numbers lie in [0, most), at most 512, and none occurs twice."""
    cdef uint64_t seen[8]
    cdef Py_ssize_t i
    if not 0 <= most <= 512:
        raise ValueError(f"most: got {most}, wanted at most 512")
    for i in range(8):
        seen[i] = 0
    for i in range(numbers.shape[0]):
        if not 0 <= numbers[i] < most or seen[numbers[i] >> 6] >> (numbers[i] & 63) & 1:
            return False
        seen[numbers[i] >> 6] |= <uint64_t>1 << (numbers[i] & 63)
    return True


def regular(const double[::1] start, double period, int64_t most, int64_t runtime):
    """Return the whole cycles ``start + k * period`` in [0, runtime) for k from 0 to most - 1, by entries.

    Args:
        start: Of each entry, cycles.
        period: Cycles, positive.
        most: How many there are at most.
        runtime: Cycles.

    Returns:
        Cycles, int64; offsets of entries, int64 (entries + 1,); k of the first one of each, 0 if there is none, int64.
    """
    cdef Py_ssize_t batch = start.shape[0], b, k, count = 0
    cdef int64_t at
    times, offsets, first = np.empty(batch * most, np.int64), np.zeros(batch + 1, np.int64), np.zeros(batch, np.int64)
    cdef int64_t[::1] t = times, o = offsets, f = first
    for b in range(batch):
        for k in range(most):
            at = <int64_t>floor(start[b] + k * period)
            if 0 <= at < runtime:
                if count == o[b]:
                    f[b] = k
                t[count] = at
                count += 1
        o[b + 1] = count
    return times[:count].copy() if count < len(times) else times, offsets, first
