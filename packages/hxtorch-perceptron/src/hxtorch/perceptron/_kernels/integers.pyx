"""Floats to integers (see integers.h)."""

from cython.parallel cimport prange
from libc.stdint cimport int8_t, int64_t

import numpy as np


cdef extern from "integers.h" nogil:
    ctypedef struct hxp_bounds:
        float smallest
        float largest
        int64_t odd

    ctypedef hxp_bounds hxp_round(const float *, int8_t *, int64_t, int)
    hxp_round **hxp_round_functions
    int hxp_instructions()

cdef int INSTRUCTIONS = hxp_instructions()
cdef enum: PART = 1 << 15  # values that a thread rounds at a time


def round_to_bytes(const float[::1] values, int8_t[::1] out, bint half_even, int threads):
    """Round ``values`` and return their bounds; see integers.pyi."""
    cdef int64_t n = values.shape[0], parts = (n + PART - 1) // PART, part
    cdef hxp_round *function = hxp_round_functions[INSTRUCTIONS]
    cdef hxp_bounds bounds
    cdef float[:, ::1] found
    if out.shape[0] != n or n == 0:
        raise ValueError("values: wanted at least one, and room for as many bytes")
    found = np.empty((parts, 3), np.float32)
    for part in prange(parts, nogil=True, schedule="static", num_threads=threads if parts > 4 else 1):
        bounds = function(&values[part * PART], &out[part * PART], min(n - part * PART, <int64_t>PART), half_even)
        found[part, 0] = bounds.smallest
        found[part, 1] = bounds.largest
        found[part, 2] = <float>bounds.odd
    all_ = np.asarray(found)
    if all_[:, 2].any():
        return float("nan"), float("nan")
    return float(all_[:, 0].min()), float(all_[:, 1].max())
