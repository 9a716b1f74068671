/* Product of a block of activations with a packed weight matrix: bytes, 32-bit sums, so exact in any order. */
#ifndef HXP_PRODUCT_H
#define HXP_PRODUCT_H

#include "native/instructions.h"

enum {
    TILE_ROWS = 128,
    COLUMNS = 256, /* columns of a strip, all of which are done with before the next */
    ENTRIES = 8,   /* batch entries of a block */
    PACK = 32,     /* columns that lie together: weights are [column / PACK][row / 4][column % PACK][row % 4] */
};

/* activations 0..31 [ENTRIES][TILE_ROWS], sums [ENTRIES][stride]; rows are whole fours, columns are rounded up to packs. */
typedef void hxp_product(const uint8_t *activations, const int8_t *weights, int32_t *sums, int rows, int columns, int stride);

BSS2_INLINE const int8_t *hxp_pack(const int8_t *weights, int rows, int column, int four) {
    return weights + ((size_t)(column / PACK) * (size_t)(rows / 4) + (size_t)four) * (4 * PACK) + 4 * (column % PACK);
}

static void hxp_product_plain(const uint8_t *BSS2_RESTRICT activations, const int8_t *BSS2_RESTRICT weights,
                              int32_t *BSS2_RESTRICT sums, int rows, int columns, int stride) {
    for (int c = 0; c < columns; c += PACK) {
        int32_t sum[ENTRIES][PACK] = {{0}};
        for (int r = 0; r < rows; r++) {
            const int8_t *BSS2_RESTRICT weight = hxp_pack(weights, rows, c, r / 4) + r % 4;
            int32_t row[PACK];
            for (int j = 0; j < PACK; j++) row[j] = weight[4 * j];
            for (int i = 0; i < ENTRIES; i++) {
                const int32_t activation = activations[i * TILE_ROWS + r];
                for (int j = 0; j < PACK; j++) sum[i][j] += activation * row[j];
            }
        }
        for (int i = 0; i < ENTRIES; i++) memcpy(sums + i * stride + c, sum[i], sizeof(sum[i]));
    }
}

#if BSS2_X86

BSS2_INLINE int32_t hxp_four(const uint8_t *activations) { /* four activations as one word */
    int32_t four;
    memcpy(&four, activations, 4);
    return four;
}

/* GROUP entries and two vectors of LANES columns at a time stay in registers. */
#define HXP_DEFINE_PRODUCT(NAME, TARGET, VECTOR, LANES, GROUP, ZERO, LOAD, SPREAD, MULTIPLY_ADD, STORE)        \
    TARGET static void NAME(const uint8_t *BSS2_RESTRICT activations, const int8_t *BSS2_RESTRICT weights,       \
                            int32_t *BSS2_RESTRICT sums, int rows, int columns, int stride) {                               \
        for (int c = 0; c < columns; c += 2 * LANES)                                                           \
            for (int first = 0; first < ENTRIES; first += GROUP) {                                             \
                VECTOR left[GROUP], right[GROUP];                                                              \
                for (int i = 0; i < GROUP; i++) left[i] = right[i] = ZERO();                                   \
                for (int r = 0; r < rows; r += 4) {                                                            \
                    const int8_t *weight = hxp_pack(weights, rows, c, r / 4);                                  \
                    const VECTOR one = LOAD((const void *)weight), two = LOAD((const void *)(weight + 4 * LANES)); \
                    for (int i = 0; i < GROUP; i++) {                                                          \
                        const VECTOR four = SPREAD(hxp_four(activations + (first + i) * TILE_ROWS + r));       \
                        left[i] = MULTIPLY_ADD(left[i], four, one);                                            \
                        right[i] = MULTIPLY_ADD(right[i], four, two);                                          \
                    }                                                                                          \
                }                                                                                              \
                for (int i = 0; i < GROUP; i++) {                                                              \
                    STORE((void *)(sums + (first + i) * stride + c), left[i]);                                \
                    STORE((void *)(sums + (first + i) * stride + c + LANES), right[i]);                       \
                }                                                                                              \
            }                                                                                                  \
    }

/* Sums of 16 products of 31 and 63 fit in 16 bits: they are widened after each 32 rows. */
BSS2_TARGET_AVX2 static inline void hxp_some_rows(const uint8_t *activations, const int8_t *weight, int fours, int more,
                                                  int32_t *sums, int stride) {
    enum { GROUP = 4 };
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i left[GROUP], right[GROUP];
    for (int i = 0; i < GROUP; i++) left[i] = right[i] = _mm256_setzero_si256();
    for (const int8_t *end = weight + fours * (4 * PACK); weight < end; weight += 4 * PACK, activations += 4) {
        const __m256i one = _mm256_loadu_si256((const void *)weight);
        const __m256i two = _mm256_loadu_si256((const void *)(weight + 32));
        for (int i = 0; i < GROUP; i++) {
            const __m256i four = _mm256_set1_epi32(hxp_four(activations + i * TILE_ROWS));
            left[i] = _mm256_add_epi16(left[i], _mm256_maddubs_epi16(four, one));
            right[i] = _mm256_add_epi16(right[i], _mm256_maddubs_epi16(four, two));
        }
    }
    for (int i = 0; i < GROUP; i++) {
        __m256i *at = (__m256i *)(void *)(sums + i * stride);
        const __m256i one = _mm256_madd_epi16(left[i], ones), two = _mm256_madd_epi16(right[i], ones);
        _mm256_storeu_si256(at, more ? _mm256_add_epi32(one, _mm256_loadu_si256(at)) : one);
        _mm256_storeu_si256(at + 1, more ? _mm256_add_epi32(two, _mm256_loadu_si256(at + 1)) : two);
    }
}

BSS2_TARGET_AVX2 static void hxp_product_avx2(const uint8_t *BSS2_RESTRICT activations, const int8_t *BSS2_RESTRICT weights,
                                              int32_t *BSS2_RESTRICT sums, int rows, int columns, int stride) {
    enum { GROUP = 4, NARROW = 32 };
    for (int c = 0; c < columns; c += 16)
        for (int first = 0; first < ENTRIES; first += GROUP)
            for (int top = 0; top < rows; top += NARROW)
                hxp_some_rows(activations + first * TILE_ROWS + top, hxp_pack(weights, rows, c, top / 4),
                              (rows - top < NARROW ? rows - top : NARROW) / 4, top, sums + first * stride + c, stride);
}

HXP_DEFINE_PRODUCT(hxp_product_vnni, BSS2_TARGET_VNNI, __m512i, 16, 8, _mm512_setzero_si512, _mm512_loadu_si512,
                   _mm512_set1_epi32, _mm512_dpbusd_epi32, _mm512_storeu_si512)
#endif

#endif
