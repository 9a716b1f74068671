"""Floats to integers and back (see integers.h, arrangement.h)."""

from libc.stdint cimport int8_t, int64_t
from hxtorch.perceptron._kernels.native.pool cimport parallel_for

import numpy as np


cdef extern from "operands/integers.h" nogil:
    ctypedef int hxp_round(const float *, int8_t *, int64_t, int, int, int)
    hxp_round **hxp_round_functions
    void hxp_widen(const int8_t *, float *, int64_t)
    int bss2_instructions()

cdef extern from "operands/arrangement.h" nogil:
    void hxp_arrange(const int8_t *, float *, int64_t, int64_t)

cdef int INSTRUCTIONS = bss2_instructions()
cdef enum:
    PART = 1 << 15  # values that a thread takes at a time
    MANY = 16  # parts that are worth waking somebody


cdef struct Floats:
    hxp_round *function
    const float *values
    int8_t *out
    int64_t count
    int half_even, low, high


cdef int64_t round_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Floats *f = <Floats *>context
    cdef int64_t first = part * PART
    return not f.function(f.values + first, f.out + first, min(f.count - first, <int64_t>PART), f.half_even, f.low, f.high)


def round_to_bytes(const float[:, ::1] values, int8_t[:, ::1] out, bint half_even, int low, int high, int threads):
    """Round ``values`` and tell whether all are legal; see integers.pyi."""
    cdef int64_t n = values.shape[0] * values.shape[1], parts = (n + PART - 1) // PART, beyond
    cdef Floats f
    if out.shape[0] != values.shape[0] or out.shape[1] != values.shape[1] or threads < 1:
        raise ValueError("values: wanted room for as many bytes")
    if not -128 <= low <= high <= 127:
        raise ValueError("low, high: wanted bounds that are bytes")
    if n == 0:
        return True
    f.function, f.values, f.out, f.count = hxp_round_functions[INSTRUCTIONS], &values[0, 0], &out[0, 0], n
    f.half_even, f.low, f.high = half_even, low, high
    with nogil:
        beyond = parallel_for(parts, threads if parts > MANY else 1, round_part, NULL, &f)
    return beyond == 0


cdef struct Bytes:
    const int8_t *values
    float *out
    int64_t count


cdef int64_t widen_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Bytes *b = <Bytes *>context
    cdef int64_t first = part * PART
    hxp_widen(b.values + first, b.out + first, min(b.count - first, <int64_t>PART))
    return 0


def widen(const int8_t[:, ::1] values, float[:, ::1] out, int threads):
    """Write ``values`` as floats; see integers.pyi."""
    cdef int64_t parts = (values.size + PART - 1) // PART
    cdef Bytes b
    if values.shape[0] != out.shape[0] or values.shape[1] != out.shape[1] or threads < 1:
        raise ValueError("values: wanted room for as many floats")
    if parts == 0:
        return
    b.values, b.out, b.count = &values[0, 0], &out[0, 0], values.size
    with nogil:
        parallel_for(parts, threads if parts > MANY else 1, widen_part, NULL, &b)


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
