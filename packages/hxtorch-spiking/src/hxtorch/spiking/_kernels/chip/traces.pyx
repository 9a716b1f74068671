"""Samples of a column ADC on a grid of time (see traces.h)."""

from libc.stdint cimport int64_t, uint8_t, uintptr_t
from hxtorch.spiking._kernels.native.pool cimport parallel_for


cdef extern from "chip/traces.h" nogil:
    ctypedef struct hx_traces:
        int64_t points, batch, size, count, width
        const double *point
        const int64_t *times
        const int64_t *offsets
        const uint8_t *values
        const int64_t *columns
        const int64_t *indices
        const float *offset
        const float *scale
        int nearest
        float *out
    int HX_COLUMNS
    void hx_resample(const hx_traces *, int64_t, int64_t)


cdef enum:
    PARTS = 8  # of the batch
    FEW = 1 << 15  # numbers for which it does not pay to wake other threads


cdef int64_t resample_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef hx_traces *job = <hx_traces *>context
    hx_resample(job, job.batch * part // PARTS, job.batch * (part + 1) // PARTS)
    return 0


def resample(
    const double[::1] points, const int64_t[::1] times, const int64_t[::1] offsets, const uint8_t[:, ::1] values,
    const int64_t[::1] columns, const int64_t[::1] indices, const float[::1] offset, const float[::1] scale not None,
    bint nearest, uintptr_t out, int threads,
):
    """Write the traces of one hemisphere's columns."""
    cdef hx_traces job
    cdef int64_t j, size = scale.shape[0]
    cdef bint legal = offset is None or offset.shape[0] == size
    legal = legal and columns.shape[0] <= HX_COLUMNS and indices.shape[0] == columns.shape[0]
    if columns.shape[0] == 0 or points.shape[0] == 0:
        return
    for j in range(columns.shape[0] if legal else 0):
        legal = legal and 0 <= columns[j] < values.shape[1] and 0 <= indices[j] < size
    if not legal:
        raise ValueError(f"columns: got others than at most {HX_COLUMNS} of the samples, each for a neuron of {size}")
    legal = offsets.shape[0] > 0 and offsets[0] == 0 and offsets[offsets.shape[0] - 1] == times.shape[0] == values.shape[0]
    for j in range(1, offsets.shape[0]):
        legal = legal and offsets[j - 1] < offsets[j]
    if not legal:
        raise ValueError("samples: got others than at least one time and row of values for each batch entry")
    if not out or threads < 1:
        raise ValueError(f"out: got nowhere to write to, or {threads} threads")
    job.points, job.batch, job.size = points.shape[0], offsets.shape[0] - 1, size
    job.count, job.width = columns.shape[0], values.shape[1]
    job.point, job.times, job.offsets, job.values = &points[0], &times[0], &offsets[0], &values[0, 0]
    job.columns, job.indices = &columns[0], &indices[0]
    job.offset, job.scale = NULL if offset is None else &offset[0], &scale[0]
    job.nearest, job.out = nearest, <float *>out
    if job.points * job.batch * job.count < FEW:
        threads = 1
    with nogil:
        parallel_for(PARTS, threads, resample_part, NULL, &job)
