"""Multiply-accumulate in hagen mode (see hagen.h, product.h)."""

from cython.parallel cimport prange
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from bss2_emulator._kernels.noise cimport bss2_key


cdef extern from "hagen.h" nogil:
    ctypedef enum bss2_sizes "int":
        ROWS "TILE_ROWS"
        COLUMNS "TILE_COLUMNS"
        BLOCK "ENTRIES"
        PACK_COLUMNS "PACK"

    ctypedef void bss2_product(const float *, const float *, float *, int, int)

    ctypedef struct bss2_tile:
        int64_t batch
        int64_t activation_stride
        int64_t total_stride
        int rows
        int columns
        const uint8_t *activations
        const float *pulse_offset
        float pulse_scale
        float pulse_limit
        const float *weights
        const float *gain
        const float *baseline
        const float *limit
        const float *inverse_limit
        float noise_baseline
        float noise_result
        int ideal
        bss2_key key
        uint32_t purpose
        uint32_t number
        uint32_t first_entry
        uint32_t run
        int32_t *total

    bss2_product *bss2_best_product()
    void bss2_run_block(const bss2_tile *, bss2_product *, int64_t)
    void bss2_pack_weights(const int8_t *, int64_t, const float *, const float *, const float *, int, int, float *)
    void bss2_clamp(const int32_t *, int8_t *, int64_t)


PACK = <int>PACK_COLUMNS


def pack_weights(const int8_t[:, :] weights, const float[:, ::1] strength, const float[::1] ratio_inh,
                 const float[::1] ratio_exc, float[:, :, ::1] packed):
    """Write what the synapses of a tile weigh to ``packed``, (packs, rows, 16), zero beforehand."""
    if weights.strides[1] != 1 or weights.shape[0] > ROWS or weights.shape[1] > COLUMNS or strength.shape[1] != COLUMNS:
        raise ValueError("a tile has up to 128 rows of up to 256 contiguous columns")
    bss2_pack_weights(&weights[0, 0], weights.strides[0], &strength[0, 0], &ratio_inh[0], &ratio_exc[0],
                      <int>weights.shape[0], <int>weights.shape[1], &packed[0, 0, 0])


def add_tile(
    const uint8_t[:, :] activations, const float[::1] pulse_offset, float pulse_scale, float pulse_limit,
    const float[:, :, ::1] packed, const float[::1] gain, const float[::1] baseline, const float[::1] limit,
    const float[::1] inverse_limit, float noise_baseline, float noise_result, bint ideal, uint64_t key, uint32_t purpose, uint32_t number,
    uint32_t first_entry, uint32_t run,
    int32_t[:, :] total, int threads,
):
    """Multiply (batch, rows) pulses with packed weights and add what is read to ``total``, (batch, columns)."""
    cdef bss2_tile tile
    cdef bss2_product *product = bss2_best_product()
    cdef int64_t block, first, last
    if total.shape[0] == 0 or total.shape[1] == 0:
        return
    if activations.strides[1] != 1 or total.strides[1] != sizeof(int32_t) or total.shape[1] > COLUMNS:
        raise ValueError("activations and totals of an entry must be contiguous")
    tile.batch, tile.rows, tile.columns = activations.shape[0], <int>activations.shape[1], <int>total.shape[1]
    tile.activation_stride, tile.total_stride = activations.strides[0], total.strides[0] // <Py_ssize_t>sizeof(int32_t)
    tile.activations, tile.pulse_offset = &activations[0, 0], &pulse_offset[0]
    tile.pulse_scale, tile.pulse_limit, tile.weights = pulse_scale, pulse_limit, &packed[0, 0, 0]
    tile.gain, tile.baseline, tile.limit, tile.inverse_limit = &gain[0], &baseline[0], &limit[0], &inverse_limit[0]
    tile.noise_baseline, tile.noise_result, tile.ideal = noise_baseline, noise_result, ideal
    tile.key.low, tile.key.high = <uint32_t>key, <uint32_t>(key >> 32)
    tile.purpose, tile.number, tile.first_entry, tile.run = purpose, number, first_entry, run
    tile.total = &total[0, 0]
    first, last = first_entry // BLOCK, (first_entry + tile.batch - 1) // BLOCK
    if tile.batch * tile.rows * tile.columns < 1 << 20:
        threads = 1  # not worth waking anybody
    for block in prange(first, last + 1, nogil=True, schedule="static", num_threads=threads):
        bss2_run_block(&tile, product, block)


def clamp(const int32_t[:, ::1] total, int8_t[:, ::1] out):
    """Write ``total`` clamped to int8 to ``out``."""
    if total.shape[0] and total.shape[1]:
        with nogil:
            bss2_clamp(&total[0, 0], &out[0, 0], total.shape[0] * total.shape[1])
