"""Multiply-accumulate in hagen mode (see hagen.h, product.h, reads.h)."""

from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from bss2_emulator._kernels.noise.normals cimport bss2_key
from bss2_emulator._kernels.native.pool cimport parallel_for

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

cdef extern from "matrix/operands.h" nogil:
    void bss2_extremes(const int8_t *, int64_t, int8_t *)

cdef extern from "matrix/hagen.h" nogil:
    ctypedef enum bss2_sizes "int":
        ROWS "TILE_ROWS"
        COLUMNS "TILE_COLUMNS"
        BLOCK "ENTRIES"
        PACK_COLUMNS "PACK"
        WHOLE_ROWS "DEPTH"
        LSB "FRACTION"
        BITS "PULSE_BITS"
        MOST "FARTHEST"

    ctypedef struct bss2_columns:
        const float *gain
        const int16_t *shift
        const int16_t *bent
        const float *lowest
        const float *inverse_limit
        const float *bend
        const int16_t *baseline

    ctypedef struct bss2_matrix:
        int64_t batch
        int rows
        int columns
        bss2_rows activations
        const int16_t *weights[2]
        int lines
        int64_t tile_stride
        const int16_t *pulse_scale
        const int16_t *pulse_offset
        int pulse_limit
        const float *capacity
        const float *kept
        bss2_columns columns_of[2]
        const int16_t *shifted
        int16_t noise_rest
        int16_t noise_common
        const int16_t *noise_result
        int noisy
        int ideal
        bss2_key key
        uint32_t purpose
        uint32_t first_entry
        uint32_t run
        int8_t *out

    ctypedef int64_t bss2_run_function(const bss2_matrix *, int64_t)
    ctypedef struct bss2_synapses:
        const int8_t *weights
        int64_t stride
        const float *strength
        const float *dac
        const float *ratio_inh
        const float *ratio_exc
        int rows
        int columns
        int line

    ctypedef void bss2_pack_function(const bss2_synapses *, int16_t *)
    bss2_run_function **bss2_run_functions
    bss2_pack_function **bss2_pack_functions
    int bss2_matrix_instructions()
    int16_t bss2_read_normal(uint16_t)


FRACTION = <int>LSB
PULSE_FRACTION = 1 << <int>BITS
FARTHEST = <int>MOST
cdef int best = -1


def best_instructions():
    """Return the best instruction set of this processor; see hagen.pyi."""
    global best
    if best < 0:
        best = bss2_matrix_instructions()
    return best


def are_within(const int8_t[:, ::1] values, int low, int high):
    """Tell whether all bytes lie in the closed range; see hagen.pyi."""
    cdef int8_t extremes[2]
    if values.size == 0:
        return True
    bss2_extremes(&values[0, 0], values.size, extremes)
    return low <= extremes[0] and extremes[1] <= high


def pack_weights(const int8_t[:, ::1] weights, const float[:, :, ::1] strength, const float[:, ::1] dac,
                 const float[:, :, ::1] ratio, int line, int threads, int instructions):
    """Return what the synapses of all tiles weigh; see hagen.pyi."""
    cdef int64_t rows = weights.shape[0], columns = weights.shape[1]
    cdef int64_t down = (rows + ROWS - 1) // ROWS, across = (columns + COLUMNS - 1) // COLUMNS
    cdef int64_t panels = (min(columns, COLUMNS) + PACK_COLUMNS - 1) // PACK_COLUMNS
    cdef int64_t height = min((rows + WHOLE_ROWS - 1) // WHOLE_ROWS * WHOLE_ROWS, ROWS)
    cdef bss2_pack_function *pack = bss2_pack_functions[check_instructions(instructions)]
    cdef int16_t[:, ::1] packed
    cdef Tiles tiles
    if rows < 1 or columns < 1 or threads < 1:
        raise ValueError(f"weights: got ({rows}, {columns}) for {threads} threads, wanted at least one of each")
    if strength.shape[0] != 2 or strength.shape[1] != 2 * ROWS or strength.shape[2] != COLUMNS:
        raise ValueError("strength: wanted (2, 256, 256)")
    if dac.shape[0] != 4 or dac.shape[1] != 64:
        raise ValueError("dac: wanted (4, 64)")
    if ratio.shape[0] != 2 or ratio.shape[1] != 2 or ratio.shape[2] != COLUMNS:
        raise ValueError("ratio: wanted (2, 2, 256)")
    out = np.empty((down * across, panels * height * PACK_COLUMNS), np.int16)
    packed = out
    if rows * columns < 1 << 17:
        threads = 1  # not worth waking anybody
    tiles.pack, tiles.rows, tiles.columns, tiles.down, tiles.line = pack, rows, columns, down, line
    tiles.weights, tiles.strength, tiles.dac, tiles.ratio = &weights[0, 0], &strength[0, 0, 0], &dac[0, 0], &ratio[0, 0, 0]
    tiles.packed, tiles.size = &packed[0, 0], packed.shape[1]
    with nogil:
        parallel_for(down * across, threads, pack_tile, NULL, &tiles)
    return out


cdef struct Tiles:
    bss2_pack_function *pack
    const int8_t *weights
    const float *strength
    const float *dac
    const float *ratio
    int64_t rows, columns, down, size
    int line
    int16_t *packed


cdef int64_t pack_tile(void *context, int64_t tile, int slot) noexcept nogil:
    cdef Tiles *t = <Tiles *>context
    cdef int64_t x = tile // t.down, y = tile % t.down
    cdef bss2_synapses s
    s.weights, s.stride, s.line = t.weights + y * ROWS * t.columns + x * COLUMNS, t.columns, t.line
    s.strength = t.strength + tile % 2 * 2 * ROWS * COLUMNS
    s.dac = t.dac + tile % 2 * 128
    s.ratio_inh = t.ratio + tile % 2 * 2 * COLUMNS
    s.ratio_exc = s.ratio_inh + COLUMNS
    s.rows, s.columns = <int>min(t.rows - y * ROWS, <int64_t>ROWS), <int>min(t.columns - x * COLUMNS, <int64_t>COLUMNS)
    t.pack(&s, t.packed + tile * t.size)
    return 0


cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

cdef enum:
    SOME_MILLISECONDS = 1 << 30  # products of numbers, between which signals are asked for


cdef struct Blocks:
    bss2_run_function *run
    const bss2_matrix *matrix
    int64_t first


cdef int64_t run_block(void *context, int64_t block, int slot) noexcept nogil:
    cdef Blocks *blocks = <Blocks *>context
    return blocks.run(blocks.matrix, blocks.first + block)


cdef class Constants:
    """What products of one set of registers have in common; see hagen.pyi."""
    cdef bss2_matrix m
    cdef tuple arrays  # that `m` points into

    def __init__(
        self, const int16_t[:, ::1] pulse_scale, const int16_t[:, ::1] pulse_offset, int pulse_limit, const float[::1] capacity,
        const float[:, ::1] gain, const float[:, :, ::1] kept, const int16_t[:, ::1] shift, const int16_t[::1] shifted,
        const int16_t[:, ::1] baseline, const int16_t[:, ::1] bent, const float[:, ::1] lowest, const float[:, ::1] inverse_limit,
        const float[:, ::1] bend, int noise_rest, int noise_common, const int16_t[:, :, ::1] noise_result, bint by_event, bint ideal,
    ):
        cdef int side
        if not (pulse_scale.shape[0] == pulse_offset.shape[0] == 2 and pulse_scale.shape[1] == pulse_offset.shape[1] == ROWS):
            raise ValueError("constants of drivers: wanted (2, 128) each")
        if not (gain.shape[0] == shift.shape[0] == baseline.shape[0] == bent.shape[0] == lowest.shape[0] == inverse_limit.shape[0] == bend.shape[0] == 2
                and gain.shape[1] == shift.shape[1] == baseline.shape[1] == bent.shape[1] == lowest.shape[1] == COLUMNS
                and inverse_limit.shape[1] == bend.shape[1] == COLUMNS):
            raise ValueError("constants of columns: wanted (2, 256) each")
        if capacity.shape[0] != ROWS + 1 or shifted.shape[0] != ROWS + 1:
            raise ValueError("capacity and shifted: wanted (129,) each")
        if noise_result.shape[0] != 2 or noise_result.shape[1] != ROWS + 1 or noise_result.shape[2] != COLUMNS:
            raise ValueError("noise_result: wanted (2, 129, 256)")
        if kept.shape[0] != 0 and (kept.shape[0] != 2 or kept.shape[1] != ROWS + 1 or kept.shape[2] != COLUMNS):
            raise ValueError("kept: wanted (2, 129, 256) or nothing")
        if not 0 <= pulse_limit <= 255:
            raise ValueError(f"pulse_limit: got {pulse_limit}, wanted a byte")
        self.arrays = (pulse_scale, pulse_offset, capacity, gain, kept, shift, shifted, baseline, bent, lowest, inverse_limit,
                       bend, noise_result)
        self.m.pulse_scale, self.m.pulse_offset, self.m.pulse_limit = &pulse_scale[0, 0], &pulse_offset[0, 0], pulse_limit
        self.m.capacity = &capacity[0]
        self.m.kept = &kept[0, 0, 0] if kept.shape[0] else NULL
        for side in range(2):
            self.m.columns_of[side] = bss2_columns(&gain[side, 0], &shift[side, 0], &bent[side, 0], &lowest[side, 0],
                                                   &inverse_limit[side, 0], &bend[side, 0], &baseline[side, 0])
        self.m.shifted = &shifted[0]
        self.m.noise_rest, self.m.noise_common, self.m.ideal = <int16_t>noise_rest, <int16_t>noise_common, ideal
        self.m.noise_result = &noise_result[0, 0, 0]
        self.m.noisy = noise_rest != 0 or noise_common != 0 or by_event


def multiply(
    Constants constants not None, const uint8_t[:, ::1] activations, const int32_t[::1] starts, const int32_t[::1] offsets,
    tuple packed, uint64_t key, uint32_t purpose, uint32_t first_entry, uint32_t run, int8_t[:, ::1] out, int threads, int instructions,
):
    """Multiply a batch with packed weights; see hagen.pyi."""
    cdef bss2_matrix m = constants.m
    cdef bss2_rows rows
    cdef Blocks blocks
    cdef const int16_t[:, ::1] line
    cdef int64_t block, sent, tiles, count, at_once
    blocks.run, blocks.matrix = bss2_run_functions[check_instructions(instructions)], &m
    if out.shape[0] == 0:
        return 0
    if activations.shape[1] < 1 or out.shape[1] < 1 or threads < 1 or not 1 <= len(packed) <= 2:
        raise ValueError("operands: wanted at least one row, column and thread, and one or two lines of weights")
    rows.patches, rows.values, rows.stride = starts.shape[0], &activations[0, 0], activations.shape[1]
    rows.bytes = activations.shape[0] * activations.shape[1]
    if rows.patches:
        if offsets.shape[0] < 1 or min(np.min(starts), np.min(offsets)) < 0 or (
                <int64_t>np.max(starts) + <int64_t>np.max(offsets) >= activations.shape[1]):
            raise ValueError("patches: wanted places inside an image")
        rows.starts, rows.offsets, rows.farthest = &starts[0], &offsets[0], np.max(offsets)
        rows.neighbours = bss2_neighbours(rows.offsets, offsets.shape[0])
    m.activations = rows
    m.batch, m.columns = activations.shape[0] * max(rows.patches, <int64_t>1), <int>out.shape[1]
    m.rows = <int>offsets.shape[0] if rows.patches else <int>activations.shape[1]
    tiles = ((m.rows + ROWS - 1) // ROWS) * ((m.columns + COLUMNS - 1) // COLUMNS)
    m.lines = <int>len(packed)
    for block in range(m.lines):
        line = packed[block]
        m.weights[block], m.tile_stride = &line[0, 0], line.shape[1]
        if line.shape[0] != tiles or line.shape[1] < ((min(m.columns, <int>COLUMNS) + PACK_COLUMNS - 1) // PACK_COLUMNS * PACK_COLUMNS
                                                       * min((m.rows + WHOLE_ROWS - 1) // WHOLE_ROWS * WHOLE_ROWS, <int>ROWS)):
            raise ValueError("weights: wanted those of all tiles")
    if out.shape[0] != m.batch:
        raise ValueError("operands do not fit")
    m.key.low, m.key.high = <uint32_t>key, <uint32_t>(key >> 32)
    m.purpose, m.first_entry, m.run, m.out = purpose, first_entry, run, &out[0, 0]
    if m.batch * m.rows * m.columns < 1 << 21:
        threads = 1  # not worth waking anybody
    count, sent, blocks.first = (m.batch + BLOCK - 1) // BLOCK, 0, 0
    at_once = max(SOME_MILLISECONDS // (<int64_t>m.rows * m.columns * BLOCK), <int64_t>threads)
    while blocks.first < count:
        with nogil:
            sent += parallel_for(min(count - blocks.first, at_once), threads, run_block, NULL, &blocks)
        blocks.first += at_once
        PyErr_CheckSignals()
    return sent


cdef int check_instructions(int instructions) except -1:
    if not 0 <= instructions <= best_instructions():
        raise ValueError(f"instructions: got {instructions}, wanted 0 to {best_instructions()}")
    return instructions


def read_normal(uint16_t half):
    """Return the number that 16 uniform bits give, in units of 1 / 4096; see hagen.pyi."""
    return bss2_read_normal(half)
