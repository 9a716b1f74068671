"""The mock model (see mock.h, product.h, normals.h)."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from hxtorch.perceptron._kernels.native.pool cimport parallel_for

import numpy as np


cdef extern from "native/patches.h" nogil:
    ctypedef struct bss2_rows:
        const uint8_t *values
        int64_t bytes
        int64_t stride
        int64_t patches
        const int32_t *starts
        const int32_t *offsets
        int64_t farthest
        int64_t neighbours

    int64_t bss2_neighbours(const int32_t *, int64_t)

cdef extern from "mock/mock.h" nogil:
    ctypedef enum hxp_sizes "int":
        ROWS "TILE_ROWS"
        STRIP "COLUMNS"
        BLOCK "ENTRIES"
        PACK_COLUMNS "PACK"

    ctypedef struct hxp_key:
        uint32_t low
        uint32_t high

    ctypedef struct hxp_matrix:
        int64_t batch
        int rows
        int columns
        bss2_rows activations
        const int8_t *weights
        int64_t tile_stride
        const float *factors
        float noise
        float event_noise
        hxp_key key
        float *out

    ctypedef void hxp_run_function(const hxp_matrix *, int64_t)
    hxp_run_function **hxp_run_functions
    void hxp_pack_tile(const int8_t *, int64_t, int, int, int8_t *)
    int bss2_instructions()


INSTRUCTIONS = bss2_instructions()


cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

cdef enum:
    SOME_MILLISECONDS = 1 << 30  # products of numbers, between which signals are asked for


cdef struct Blocks:
    hxp_run_function *run
    const hxp_matrix *matrix
    int64_t first


cdef int64_t run_block(void *context, int64_t block, int slot) noexcept nogil:
    cdef Blocks *blocks = <Blocks *>context
    blocks.run(blocks.matrix, blocks.first + block)
    return 0


def mock_product(const uint8_t[:, ::1] activations, const int32_t[::1] starts, const int32_t[::1] offsets,
                 const int8_t[:, ::1] weights, const float[:, ::1] factors, float noise, float event_noise, uint64_t key,
                 float[:, ::1] out, int threads, int instructions):
    """Multiply by the mock model; see mock.pyi."""
    cdef int64_t rows = weights.shape[0], columns = weights.shape[1]
    cdef int64_t down = (rows + ROWS - 1) // ROWS, across = (columns + STRIP - 1) // STRIP, tile, x, y, count, at_once
    cdef int64_t panels = (min(columns, STRIP) + PACK_COLUMNS - 1) // PACK_COLUMNS
    cdef int8_t[:, ::1] packed
    cdef hxp_matrix m
    cdef bss2_rows taken
    cdef Blocks blocks
    if not 0 <= instructions <= INSTRUCTIONS:
        raise ValueError(f"instructions: got {instructions}, wanted 0 to {INSTRUCTIONS}")
    if rows < 1 or columns < 1 or rows >= 1 << 31 or columns >= 1 << 31 or threads < 1:
        raise ValueError(f"weights: got ({rows}, {columns}) for {threads} threads, wanted at least one of each")
    taken.values, taken.stride, taken.patches = &activations[0, 0], activations.shape[1], starts.shape[0]
    taken.bytes, m.batch = activations.shape[0] * activations.shape[1], activations.shape[0]
    if taken.patches:
        m.batch *= taken.patches
        if offsets.shape[0] != rows or min(np.min(starts), np.min(offsets)) < 0 or (
                <int64_t>np.max(starts) + <int64_t>np.max(offsets) >= taken.stride):
            raise ValueError("patches: wanted places inside an image for all rows")
        taken.starts, taken.offsets, taken.farthest = &starts[0], &offsets[0], np.max(offsets)
        taken.neighbours = bss2_neighbours(taken.offsets, rows)
    if ((not taken.patches and activations.shape[1] != rows) or factors.shape[0] != down or factors.shape[1] != columns
            or out.shape[0] != m.batch or out.shape[1] != columns):
        raise ValueError("operands do not fit")
    if out.shape[0] == 0:
        return
    blocks.run, blocks.matrix = hxp_run_functions[instructions], &m
    packed = np.empty((down * across, panels * PACK_COLUMNS * min(4 * ((rows + 3) // 4), ROWS)), np.int8)
    for tile in range(down * across):
        x, y = tile // down, tile % down
        hxp_pack_tile(&weights[y * ROWS, x * STRIP], columns, <int>min(rows - y * ROWS, <int64_t>ROWS),
                      <int>min(columns - x * STRIP, <int64_t>STRIP), &packed[tile, 0])
    m.rows, m.columns = <int>rows, <int>columns
    m.activations, m.weights, m.tile_stride = taken, &packed[0, 0], packed.shape[1]
    m.factors, m.noise, m.event_noise, m.out = &factors[0, 0], noise, event_noise, &out[0, 0]
    m.key.low, m.key.high = <uint32_t>key, <uint32_t>(key >> 32)
    if m.batch * rows * columns < 1 << 21:
        threads = 1  # not worth waking anybody
    count, blocks.first = (m.batch + BLOCK - 1) // BLOCK, 0
    at_once = max(SOME_MILLISECONDS // (rows * columns * BLOCK), <int64_t>threads)
    while blocks.first < count:
        with nogil:
            parallel_for(min(count - blocks.first, at_once), threads, run_block, NULL, &blocks)
        blocks.first += at_once
        PyErr_CheckSignals()
