/* Product of a block by the tile registers of newer x86-64 processors (AMX): bytes times bytes, sixteen times as many at once.
 *
 * Pulses are bytes; a weight of 15 bits is 128 upper + lower, both signed bytes, so the sums are those of product.h.
 * Weights are [column / PACK][row / DEPTH] blocks of four tiles, upper and lower ones of 16 columns, then of the other 16; a
 * tile is [row / 4][column][row % 4].
 */
#ifndef BSS2_TILES_H
#define BSS2_TILES_H

#include "matrix/product.h"

enum {
    DEPTH = 64,        /* rows that a tile holds: operands end with zeros up to that */
    SIDE = 16,         /* entries and columns of a tile of sums */
    TILE_BYTES = 1024, /* of one tile register */
};

/* Where the upper weights of 16 columns and four rows lie, in bytes; the lower ones are TILE_BYTES further on. */
BSS2_INLINE size_t bss2_tile(int depths, int column, int row) {
    const size_t block = (size_t)(column / PACK) * (size_t)depths + (size_t)(row / DEPTH);
    return (4 * block + 2 * (size_t)(column % PACK / SIDE)) * TILE_BYTES + (size_t)(row % DEPTH / 4) * 4 * SIDE;
}

#if BSS2_HAS_TILES
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether the processor has tiles and the kernel lets this process use them: it has to make room for their state. */
static int bss2_may_use_tiles(void) {
    const long request_permission = 0x1023, tile_data = 18; /* arch_prctl: ARCH_REQ_XCOMP_PERM */
    const unsigned tile = 1u << 24, bytes = 1u << 25;
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & tile) || !(d & bytes)) return 0;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

/* Shape all tile registers. Products of a block lie between this and `_tile_release`: both together take a third of a product. */
BSS2_TARGET_TILES static inline void bss2_shape_tiles(void) {
    static const struct { /* static: compilers believe that only its first word is read */
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&shape);
}

BSS2_TARGET_TILES static inline void bss2_join_halves(const int32_t *upper, const int32_t *lower, int32_t *sums, int stride, int entries) {
    for (int i = 0; i < entries; i++, upper += SIDE, lower += SIDE, sums += stride) {
        const __m512i high = _mm512_slli_epi32(_mm512_loadu_si512(upper), 7);
        _mm512_storeu_si512(sums, _mm512_add_epi32(high, _mm512_loadu_si512(lower)));
    }
}

BSS2_TARGET_TILES static void bss2_product_tiles(const int16_t *BSS2_RESTRICT pulses, const int16_t *BSS2_RESTRICT weights,
                                                 int32_t *BSS2_RESTRICT sums, int entries, int rows, int columns, int stride) {
    const int depths = (rows + DEPTH - 1) / DEPTH, whole = entries > SIDE ? ENTRIES : SIDE;
    uint8_t bytes[ENTRIES * TILE_ROWS];
    int32_t upper[ENTRIES * SIDE], lower[ENTRIES * SIDE];
    for (int k = 0; k < whole * TILE_ROWS; k += 32) /* past the last row anything may stand, weights are zero there */
        _mm256_storeu_si256((void *)(bytes + k), _mm512_cvtepi16_epi8(_mm512_loadu_si512(pulses + k)));
    for (int c = 0; c < columns; c += SIDE) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (int k = 0; k < depths; k++) {
            const int8_t *weight = (const int8_t *)weights + bss2_tile(depths, c, k * DEPTH);
            _tile_loadd(6, weight, DEPTH);
            _tile_loadd(7, weight + TILE_BYTES, DEPTH);
            _tile_loadd(4, bytes + k * DEPTH, TILE_ROWS);
            _tile_dpbusd(0, 4, 6);
            _tile_dpbusd(1, 4, 7);
            if (whole == SIDE) continue;
            _tile_loadd(5, bytes + SIDE * TILE_ROWS + k * DEPTH, TILE_ROWS);
            _tile_dpbusd(2, 5, 6);
            _tile_dpbusd(3, 5, 7);
        }
        _tile_stored(0, upper, 4 * SIDE);
        _tile_stored(1, lower, 4 * SIDE);
        _tile_stored(2, upper + SIDE * SIDE, 4 * SIDE);
        _tile_stored(3, lower + SIDE * SIDE, 4 * SIDE);
        bss2_join_halves(upper, lower, sums + c, stride, whole);
    }
}
#else
static int bss2_may_use_tiles(void) { return 0; }
#endif

#endif
