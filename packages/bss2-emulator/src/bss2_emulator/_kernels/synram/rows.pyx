"""Compile synapse rows: what one event adds to the synaptic inputs of all active neurons (see rows.h)."""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memset
from bss2_emulator._kernels.native.pool cimport parallel_for


cdef extern from *:
    """
    #include "native/instructions.h"
    #define REAL float
    #define NAME(x) x##_single
    #include "synram/rows.h"
    #undef REAL
    #undef NAME
    #define REAL double
    #define NAME(x) x##_double
    #include "synram/rows.h"
    """
    void bss2_add_row_single(const uint8_t *, const uint8_t *, const float *, const float *, uint8_t, float, float *) nogil
    void bss2_add_row_double(const uint8_t *, const uint8_t *, const float *, const float *, uint8_t, float, double *) nogil


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


cdef void compile_action(const uint8_t *weight, const uint8_t *label, const uint8_t *row_mode,
                         const float *strength, const float *dac, const int32_t *column, int top_count, int count,
                         const int32_t *drivers, const uint8_t *seen, const float *pulse, int driver_count,
                         const real *scale_exc, const real *scale_inh, real *exc, real *inh, int32_t *span) noexcept nogil:
    cdef real line[2][2][256]  # excitatory or inhibitory, hemisphere, column
    cdef int i, h, row, half, sign, j
    memset(line, 0, sizeof(line))
    for i in range(driver_count):
        h = drivers[i] // 128
        for half in range(2):
            row = 2 * drivers[i] + half  # of both hemispheres
            for sign in range(2):
                if not row_mode[row] & (1 << sign):
                    continue
                if real is float:
                    bss2_add_row_single(weight + 256 * row, label + 256 * row, strength + 256 * row, dac + 128 * h, seen[i],
                                        pulse[i], line[sign][h])
                else:
                    bss2_add_row_double(weight + 256 * row, label + 256 * row, strength + 256 * row, dac + 128 * h, seen[i],
                                        pulse[i], line[sign][h])
    for j in range(count):
        h = 0 if j < top_count else 1
        exc[j] = line[0][h][column[j]] * scale_exc[j]
        inh[j] = line[1][h][column[j]] * scale_inh[j]
    add_span(exc, 0, count, span)
    add_span(inh, 0, count, span + 2)


cdef struct Rows:
    const uint8_t *weight
    const uint8_t *label
    const uint8_t *row_mode
    const float *strength
    const float *dac
    const int32_t *column
    int top_count, count
    const int32_t *drivers
    const int32_t *offsets
    const uint8_t *seen
    const float *pulse
    const void *scale_exc
    const void *scale_inh
    void *exc
    void *inh
    int64_t width
    int32_t *spans


cdef void one_row(
    const Rows *t, int64_t r, const real *scale_exc, const real *scale_inh, real *exc, real *inh
) noexcept nogil:
    cdef int32_t first = t.offsets[r]
    compile_action(
        t.weight, t.label, t.row_mode, t.strength, t.dac, t.column, t.top_count, t.count, t.drivers + first, t.seen + first,
        t.pulse + first, t.offsets[r + 1] - first, scale_exc, scale_inh, exc + r * t.width,
        inh + r * t.width, t.spans + 4 * r)


cdef int64_t row_single(void *context, int64_t r, int slot) noexcept nogil:
    cdef Rows *t = <Rows *>context
    one_row[float](t, r, <const float *>t.scale_exc, <const float *>t.scale_inh, <float *>t.exc, <float *>t.inh)
    return 0


cdef int64_t row_double(void *context, int64_t r, int slot) noexcept nogil:
    cdef Rows *t = <Rows *>context
    one_row[double](t, r, <const double *>t.scale_exc, <const double *>t.scale_inh, <double *>t.exc, <double *>t.inh)
    return 0


def compile_actions(
    const uint8_t[:, :, ::1] weight, const uint8_t[:, :, ::1] label, const uint8_t[:, ::1] row_mode,
    const float[:, :, ::1] strength, const float[:, ::1] dac, const int32_t[::1] column, int top_count, int count,
    const int32_t[::1] drivers, const int32_t[::1] row_offsets, const uint8_t[::1] seen, const float[::1] pulse,
    const real[::1] scale_exc, const real[::1] scale_inh, real[:, ::1] exc, real[:, ::1] inh, int32_t[:, ::1] spans,
    int threads,
):
    """Write what rows of drivers add to synaptic states to ``exc`` and ``inh``, the neurons reached to ``spans``."""
    cdef Py_ssize_t rows = row_offsets.shape[0] - 1
    cdef Rows t
    if drivers.shape[0] == 0 or count == 0:
        return
    cdef Py_ssize_t i
    cdef bint legal = 0 <= top_count <= count <= min(column.shape[0], scale_exc.shape[0], scale_inh.shape[0])
    legal = legal and weight.shape[0] == label.shape[0] == strength.shape[0] == row_mode.shape[0] == 2
    legal = legal and weight.shape[1] == label.shape[1] == strength.shape[1] == row_mode.shape[1] == 256
    legal = legal and weight.shape[2] == label.shape[2] == strength.shape[2] == 256
    legal = legal and dac.shape[0] == 4 and dac.shape[1] == 64
    legal = legal and exc.shape[0] >= rows and inh.shape[0] >= rows and spans.shape[0] >= rows and spans.shape[1] == 4
    legal = legal and exc.shape[1] >= count and inh.shape[1] >= count
    legal = legal and drivers.shape[0] == seen.shape[0] == pulse.shape[0] and row_offsets[0] >= 0
    legal = legal and row_offsets[rows] <= drivers.shape[0]
    for i in range(rows if legal else 0):
        legal = legal and row_offsets[i] <= row_offsets[i + 1]
    for i in range(drivers.shape[0] if legal else 0):
        legal = legal and 0 <= drivers[i] < 256
    for i in range(count if legal else 0):
        legal = legal and 0 <= column[i] < 256
    if not legal:
        raise ValueError("rows: got sizes that do not belong together, or drivers and columns that there are not")
    if rows < 64:
        threads = 1  # not worth waking anybody
    t.weight, t.label, t.row_mode, t.strength = &weight[0, 0, 0], &label[0, 0, 0], &row_mode[0, 0], &strength[0, 0, 0]
    t.dac = &dac[0, 0]
    t.column, t.top_count, t.count, t.drivers, t.offsets = &column[0], top_count, count, &drivers[0], &row_offsets[0]
    t.seen, t.pulse, t.scale_exc, t.scale_inh = &seen[0], &pulse[0], &scale_exc[0], &scale_inh[0]
    t.exc, t.inh, t.width, t.spans = &exc[0, 0], &inh[0, 0], exc.shape[1], &spans[0, 0]
    with nogil:
        parallel_for(rows, threads, row_single if real is float else row_double, NULL, &t)
