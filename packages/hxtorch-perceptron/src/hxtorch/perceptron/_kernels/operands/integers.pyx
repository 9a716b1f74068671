"""Floats to integers and back (see integers.h, arrangement.h)."""

from libc.stdint cimport int8_t, int64_t
from hxtorch.perceptron._kernels.native.pool cimport parallel_for

import numpy as np


cdef extern from "operands/integers.h" nogil:
    ctypedef struct hxp_bounds:
        float smallest
        float largest
        int64_t odd

    ctypedef hxp_bounds hxp_round(const float *, int8_t *, int64_t, int)
    hxp_round **hxp_round_functions
    int bss2_instructions()

cdef extern from "operands/arrangement.h" nogil:
    void hxp_arrange(const int8_t *, float *, int64_t, int64_t)

cdef int INSTRUCTIONS = bss2_instructions()
cdef enum: PART = 1 << 15  # values that a thread rounds at a time


cdef struct Floats:
    hxp_round *function
    const float *values
    int8_t *out
    int64_t count
    int half_even
    float *found  # smallest, largest and whether some are odd, of each part


cdef int64_t round_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Floats *f = <Floats *>context
    cdef int64_t first = part * PART
    cdef hxp_bounds bounds = f.function(f.values + first, f.out + first, min(f.count - first, <int64_t>PART), f.half_even)
    f.found[3 * part], f.found[3 * part + 1], f.found[3 * part + 2] = bounds.smallest, bounds.largest, <float>bounds.odd
    return 0


def round_to_bytes(const float[::1] values, int8_t[::1] out, bint half_even, int threads):
    """Round ``values`` and return their bounds; see integers.pyi."""
    cdef int64_t n = values.shape[0], parts = (n + PART - 1) // PART
    cdef Floats f
    cdef float[:, ::1] found
    cdef float smallest, largest, odd
    cdef int64_t part
    if out.shape[0] != n or n == 0 or threads < 1:
        raise ValueError("values: wanted at least one, and room for as many bytes")
    found = np.empty((parts, 3), np.float32)
    f.function, f.values, f.out, f.count = hxp_round_functions[INSTRUCTIONS], &values[0], &out[0], n
    f.half_even, f.found = half_even, &found[0, 0]
    with nogil:
        parallel_for(parts, threads if parts > 16 else 1, round_part, NULL, &f)
    smallest, largest, odd = found[0, 0], found[0, 1], found[0, 2]
    for part in range(1, parts):
        smallest, largest, odd = min(smallest, found[part, 0]), max(largest, found[part, 1]), odd + found[part, 2]
    if odd > 0:
        return float("nan"), float("nan")
    return smallest, largest


cdef struct Images:
    const int8_t *results
    float *out
    int64_t patches, columns


cdef int64_t arrange_image(void *context, int64_t image, int slot) noexcept nogil:
    cdef Images *m = <Images *>context
    cdef int64_t first = image * m.patches * m.columns
    hxp_arrange(m.results + first, m.out + first, m.patches, m.columns)
    return 0


def arrange(const int8_t[:, ::1] results, float[:, :, ::1] out, int threads):
    """Write results of patches to images; see integers.pyi."""
    cdef Images images
    if results.shape[0] != out.shape[0] * out.shape[2] or results.shape[1] != out.shape[1] or threads < 1:
        raise ValueError("results: wanted (images * patches, columns) for (images, columns, patches)")
    if out.size == 0:
        return
    images.results, images.out, images.patches, images.columns = &results[0, 0], &out[0, 0, 0], out.shape[2], out.shape[1]
    with nogil:
        parallel_for(out.shape[0], threads, arrange_image, NULL, &images)
