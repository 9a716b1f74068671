"""Compile synapse rows: what one event adds to the synaptic inputs of all active neurons (see rows.h)."""

from cython.parallel cimport prange
from libc.stdint cimport int32_t, uint8_t
from libc.string cimport memset


cdef extern from *:
    """
    #include "portable.h"
    #define REAL float
    #define NAME(x) x##_single
    #include "rows.h"
    #undef REAL
    #undef NAME
    #define REAL double
    #define NAME(x) x##_double
    #include "rows.h"
    """
    void bss2_add_row_single(const uint8_t *, const uint8_t *, const float *, uint8_t, float, float *) nogil
    void bss2_add_row_double(const uint8_t *, const uint8_t *, const float *, uint8_t, float, double *) nogil


ctypedef fused real:
    float
    double


cdef void add_span(const real *line, int first, int last, int32_t *span) noexcept nogil:
    """Narrow a span to the neurons that the line reaches."""
    while first < last and line[first] == 0:
        first += 1
    while last > first and line[last - 1] == 0:
        last -= 1
    span[0], span[1] = first, last


cdef void compile_action(const uint8_t[:, :, ::1] weight, const uint8_t[:, :, ::1] label, const uint8_t[:, ::1] row_mode,
                         const float[:, :, ::1] strength, const int32_t[::1] column, int top_count, int count,
                         const int32_t *drivers, const uint8_t *seen, const float *pulse, int driver_count,
                         const real *scale_exc, const real *scale_inh, real *exc, real *inh, int32_t *span) noexcept nogil:
    cdef real line[2][2][256]  # excitatory or inhibitory, hemisphere, column
    cdef int i, h, row, half, sign, j
    memset(line, 0, sizeof(line))
    for i in range(driver_count):
        h = drivers[i] // 128
        for half in range(2):
            row = 2 * (drivers[i] % 128) + half
            for sign in range(2):
                if not row_mode[h, row] & (1 << sign):
                    continue
                if real is float:
                    bss2_add_row_single(&weight[h, row, 0], &label[h, row, 0], &strength[h, row, 0], seen[i], pulse[i], line[sign][h])
                else:
                    bss2_add_row_double(&weight[h, row, 0], &label[h, row, 0], &strength[h, row, 0], seen[i], pulse[i], line[sign][h])
    for j in range(count):
        h = 0 if j < top_count else 1
        exc[j] = line[0][h][column[j]] * scale_exc[j]
        inh[j] = line[1][h][column[j]] * scale_inh[j]
    add_span(exc, 0, count, span)
    add_span(inh, 0, count, span + 2)


def compile_actions(
    const uint8_t[:, :, ::1] weight, const uint8_t[:, :, ::1] label, const uint8_t[:, ::1] row_mode,
    const float[:, :, ::1] strength, const int32_t[::1] column, int top_count, int count,
    const int32_t[::1] drivers, const int32_t[::1] row_offsets, const uint8_t[::1] seen, const float[::1] pulse,
    const real[::1] scale_exc, const real[::1] scale_inh, real[:, ::1] exc, real[:, ::1] inh, int32_t[:, ::1] spans,
    int threads,
):
    """Write what rows of drivers add to synaptic states to ``exc`` and ``inh``, the neurons reached to ``spans``."""
    cdef Py_ssize_t r, rows = row_offsets.shape[0] - 1
    if drivers.shape[0] == 0 or count == 0:
        return
    if rows < 64:
        threads = 1  # not worth waking anybody
    for r in prange(rows, nogil=True, schedule="static", num_threads=threads):
        compile_action(
            weight, label, row_mode, strength, column, top_count, count, &drivers[0] + row_offsets[r],
            &seen[0] + row_offsets[r], &pulse[0] + row_offsets[r], row_offsets[r + 1] - row_offsets[r], &scale_exc[0],
            &scale_inh[0], &exc[r, 0], &inh[r, 0], &spans[r, 0])
