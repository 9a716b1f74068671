"""Look for numbers that are none, in one pass."""

from libc.stdint cimport uintptr_t


ctypedef fused real:
    float
    double


cdef int look(const real *values, Py_ssize_t count) noexcept nogil:
    """Return 0 if all numbers are finite, 1 if there is infinity, 2 if there is NaN."""
    cdef Py_ssize_t i
    cdef int found = 0, nan = 0
    for i in range(count):  # without a way out, so that compilers take several numbers at once
        found |= values[i] - values[i] != 0
    if found:
        for i in range(count):
            nan |= values[i] != values[i]
    return found + nan


def worst(uintptr_t address, Py_ssize_t count, bint double_precision):
    """Tell what is among numbers, see finite.pyi."""
    if not address:
        return 0
    return look(<const double *>address, count) if double_precision else look(<const float *>address, count)
