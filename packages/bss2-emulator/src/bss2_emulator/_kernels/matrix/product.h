/* Product of a block of pulse vectors with a packed weight matrix: 16-bit integers, 32-bit sums, so exact in any order. */
#ifndef BSS2_PRODUCT_H
#define BSS2_PRODUCT_H

#include "native/instructions.h"

enum {
    TILE_ROWS = 128,
    TILE_COLUMNS = 256,
    ENTRIES = 32, /* batch entries of a block */
    PACK = 32,   /* columns that lie together: weights are [column / PACK][row / 2][column % PACK][row % 2] */
};

/* pulses [ENTRIES][TILE_ROWS], sums [ENTRIES][stride], both rounded up from `entries`; rows are whole pairs, columns are
 * rounded up to whole packs. */
typedef void bss2_product(const int16_t *pulses, const int16_t *weights, int32_t *sums, int entries, int rows, int columns, int stride);

/* Where the weights of a pair of rows and of columns from `column` on lie. */
BSS2_INLINE size_t bss2_pack(int rows, int column, int pair) {
    return ((size_t)(column / PACK) * (size_t)(rows / 2) + (size_t)pair) * (2 * PACK) + 2 * (size_t)(column % PACK);
}

BSS2_INLINE int32_t bss2_pair(const int16_t *pulses) { /* two pulses as one word */
    int32_t pair;
    memcpy(&pair, pulses, 4);
    return pair;
}

static void bss2_product_plain(const int16_t *BSS2_RESTRICT pulses, const int16_t *BSS2_RESTRICT weights,
                               int32_t *BSS2_RESTRICT sums, int entries, int rows, int columns, int stride) {
    for (int c = 0; c < columns; c += PACK) {
        int32_t sum[ENTRIES][PACK] = {{0}};
        for (int r = 0; r < rows / 2; r++) {
            const int16_t *BSS2_RESTRICT weight = weights + bss2_pack(rows, c, r);
            int32_t one[PACK], two[PACK];
            for (int j = 0; j < PACK; j++) one[j] = weight[2 * j], two[j] = weight[2 * j + 1];
            for (int i = 0; i < entries; i++) {
                const int32_t first = pulses[i * TILE_ROWS + 2 * r], second = pulses[i * TILE_ROWS + 2 * r + 1];
                for (int j = 0; j < PACK; j++) sum[i][j] += first * one[j] + second * two[j];
            }
        }
        for (int i = 0; i < entries; i++) memcpy(sums + i * stride + c, sum[i], sizeof(sum[i]));
    }
}

#if BSS2_X86

/* GROUP entries and two vectors of LANES columns at a time stay in registers. */
#define BSS2_DEFINE_PRODUCT(NAME, TARGET, VECTOR, LANES, GROUP, ZERO, LOAD, SPREAD, MULTIPLY_ADD, STORE)                     \
    TARGET static void NAME(const int16_t *BSS2_RESTRICT pulses, const int16_t *BSS2_RESTRICT weights,                       \
                            int32_t *BSS2_RESTRICT sums, int entries, int rows, int columns, int stride) {                                            \
        for (int c = 0; c < columns; c += 2 * LANES)                                                                         \
            for (int first = 0; first < entries; first += GROUP) {                                                           \
                VECTOR left[GROUP], right[GROUP];                                                                            \
                for (int i = 0; i < GROUP; i++) left[i] = right[i] = ZERO();                                                 \
                for (int r = 0; r < rows / 2; r++) {                                                                         \
                    const int16_t *weight = weights + bss2_pack(rows, c, r);                                                  \
                    const VECTOR one = LOAD((const void *)weight), two = LOAD((const void *)(weight + 2 * LANES));           \
                    for (int i = 0; i < GROUP; i++) {                                                                        \
                        const VECTOR pulse = SPREAD(bss2_pair(pulses + (first + i) * TILE_ROWS + 2 * r));                    \
                        left[i] = MULTIPLY_ADD(left[i], pulse, one);                                                         \
                        right[i] = MULTIPLY_ADD(right[i], pulse, two);                                                       \
                    }                                                                                                        \
                }                                                                                                            \
                for (int i = 0; i < GROUP; i++) {                                                                            \
                    STORE((void *)(sums + (first + i) * stride + c), left[i]);                                         \
                    STORE((void *)(sums + (first + i) * stride + c + LANES), right[i]);                                \
                }                                                                                                            \
            }                                                                                                                \
    }

#define BSS2_MADD_128(SUM, PULSE, WEIGHT) _mm_add_epi32(SUM, _mm_madd_epi16(PULSE, WEIGHT))
#define BSS2_LOAD_128(FROM) _mm_loadu_si128((const __m128i *)(FROM))
#define BSS2_STORE_128(TO, VALUE) _mm_storeu_si128((__m128i *)(TO), VALUE)
#define BSS2_MADD_256(SUM, PULSE, WEIGHT) _mm256_add_epi32(SUM, _mm256_madd_epi16(PULSE, WEIGHT))
#define BSS2_MADD_512(SUM, PULSE, WEIGHT) _mm512_add_epi32(SUM, _mm512_madd_epi16(PULSE, WEIGHT))

BSS2_DEFINE_PRODUCT(bss2_product_sse2, , __m128i, 4, 4, _mm_setzero_si128, BSS2_LOAD_128, _mm_set1_epi32, BSS2_MADD_128,
                    BSS2_STORE_128)
BSS2_DEFINE_PRODUCT(bss2_product_avx2, BSS2_TARGET_AVX2, __m256i, 8, 4, _mm256_setzero_si256, _mm256_loadu_si256,
                    _mm256_set1_epi32, BSS2_MADD_256, _mm256_storeu_si256)
BSS2_DEFINE_PRODUCT(bss2_product_avx512, BSS2_TARGET_AVX512, __m512i, 16, 8, _mm512_setzero_si512, _mm512_loadu_si512,
                    _mm512_set1_epi32, BSS2_MADD_512, _mm512_storeu_si512)
BSS2_DEFINE_PRODUCT(bss2_product_vnni, BSS2_TARGET_VNNI, __m512i, 16, 8, _mm512_setzero_si512, _mm512_loadu_si512,
                    _mm512_set1_epi32, _mm512_dpwssd_epi32, _mm512_storeu_si512)
#endif

#endif
