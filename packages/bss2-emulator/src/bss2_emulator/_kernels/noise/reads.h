/* Normal numbers of 16 bit for the reads of matrix products, which need two of them for each result.
 *
 * Philox (normals.h) gives uniform words. The two bytes of half a word add up to one of 511 sums, and a polynomial bends
 * their triangular distribution to a normal one, in units of 1 / 4096: 16-bit arithmetic, no tables. Of all 65536 halves the
 * variance is 0.9999, the kurtosis 3.006, the sixth moment 14.96; numbers end at 3.6. Far from a normal distribution
 * function by at most 0.6 %.
 */
#ifndef BSS2_READS_H
#define BSS2_READS_H

#include "native/instructions.h"
#include "noise/shorts.h"

enum { WORD_COLUMNS = 32 }; /* numbers are drawn in this many at a time */

BSS2_INLINE int16_t bss2_high(int16_t a, int16_t b) { return (int16_t)((a * b) >> 16); } /* rounded down */

/* The normal number of half a word. */
BSS2_INLINE int16_t bss2_read_normal(uint16_t half) {
    const int16_t t = (int16_t)((int16_t)((half & 255) + (half >> 8) - 255) * 128);
    const int16_t square = (int16_t)(bss2_high(t, t) * 2);
    int16_t p = (int16_t)(bss2_high(19243, square) - 4809);
    p = (int16_t)(bss2_high(p, square) + 348);
    p = (int16_t)(bss2_high(p, square) * 8 + 18932);
    return bss2_high(p, t);
}

/* Numbers for the two reads of `n` results, rounded up to WORD_COLUMNS: results 4 k to 4 k + 3 have the words of counter
 * (c0, c1 + k, c2, c3), of which the first two are for the read at rest, lower half first. */
typedef void bss2_numbers(bss2_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, int n, int16_t *rest,
                          int16_t *result);

static void bss2_numbers_plain(bss2_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, int n,
                               int16_t *BSS2_RESTRICT rest, int16_t *BSS2_RESTRICT result) {
    uint16_t halves[2][WORD_COLUMNS];
    for (int j = 0; j < n; j += WORD_COLUMNS) {
        for (int k = 0; k < WORD_COLUMNS; k += 4) {
            const bss2_word4 word = bss2_philox(key, c0, c1 + (uint32_t)(j + k) / 4, c2, c3);
            for (int i = 0; i < 4; i++) {
                halves[0][k + i] = (uint16_t)(word.w[i / 2] >> 16 * (i % 2));
                halves[1][k + i] = (uint16_t)(word.w[2 + i / 2] >> 16 * (i % 2));
            }
        }
        BSS2_VECTOR
        for (int k = 0; k < WORD_COLUMNS; k++) rest[j + k] = bss2_read_normal(halves[0][k]);
        BSS2_VECTOR
        for (int k = 0; k < WORD_COLUMNS; k++) result[j + k] = bss2_read_normal(halves[1][k]);
    }
}

#if BSS2_X86

/* bss2_read_normal of a vector: bytes less 128 are signed, and 128 (b - 128) of both bytes add up in one instruction. */
#define BSS2_READ_NORMALS(HALVES, VECTOR, XOR, ADD, SHIFT, HIGH, BYTES, SET, SET_BYTES)       \
    const VECTOR t = ADD(BYTES(SET_BYTES((char)128), XOR(HALVES, SET_BYTES((char)128))), SET(128)); \
    const VECTOR square = SHIFT(HIGH(t, t), 1);                                              \
    VECTOR p = ADD(HIGH(SET(19243), square), SET(-4809));                                    \
    p = ADD(HIGH(p, square), SET(348));                                                      \
    p = ADD(SHIFT(HIGH(p, square), 3), SET(18932));                                          \
    return HIGH(p, t);

BSS2_TARGET_AVX2 static inline __m256i bss2_read_normals_avx2(__m256i halves) {
    BSS2_READ_NORMALS(halves, __m256i, _mm256_xor_si256, _mm256_add_epi16, _mm256_slli_epi16, _mm256_mulhi_epi16,
                      _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi8)
}

BSS2_TARGET_AVX512 static inline __m512i bss2_read_normals_avx512(__m512i halves) {
    BSS2_READ_NORMALS(halves, __m512i, _mm512_xor_si512, _mm512_add_epi16, _mm512_slli_epi16, _mm512_mulhi_epi16,
                      _mm512_maddubs_epi16, _mm512_set1_epi16, _mm512_set1_epi8)
}

BSS2_TARGET_AVX2 static void bss2_numbers_avx2(bss2_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, int n,
                                               int16_t *rest, int16_t *result) {
    const bss2_start start = bss2_three_rounds(key, c0, c2, c3);
    const __m256i lanes = _mm256_set_epi64x(3, 2, 1, 0);
    for (int j = 0; j < n; j += 16) {
        __m256i a, c, d, b = _mm256_add_epi64(_mm256_set1_epi64x((long long)c1 + j / 4), lanes);
        BSS2_PHILOX(start, _mm256_mul_epu32, _mm256_srli_epi64, _mm256_xor_si256, BSS2_XOR3_256, _mm256_set1_epi64x)
        const __m256i one = _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xAA);
        const __m256i two = _mm256_blend_epi32(c, _mm256_slli_epi64(d, 32), 0xAA);
        _mm256_storeu_si256((__m256i *)(void *)(rest + j), bss2_read_normals_avx2(one));
        _mm256_storeu_si256((__m256i *)(void *)(result + j), bss2_read_normals_avx2(two));
    }
}

BSS2_TARGET_AVX512 static void bss2_numbers_avx512(bss2_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, int n,
                                                   int16_t *rest, int16_t *result) {
    const bss2_start start = bss2_three_rounds(key, c0, c2, c3);
    const __m512i lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    for (int j = 0; j < n; j += 32) {
        __m512i a, c, d, b = _mm512_add_epi64(_mm512_set1_epi64((long long)c1 + j / 4), lanes);
        BSS2_PHILOX(start, _mm512_mul_epu32, _mm512_srli_epi64, _mm512_xor_si512, BSS2_XOR3_512, _mm512_set1_epi64)
        const __m512i one = _mm512_mask_blend_epi32(0xAAAA, a, _mm512_slli_epi64(b, 32));
        const __m512i two = _mm512_mask_blend_epi32(0xAAAA, c, _mm512_slli_epi64(d, 32));
        _mm512_storeu_si512(rest + j, bss2_read_normals_avx512(one));
        _mm512_storeu_si512(result + j, bss2_read_normals_avx512(two));
    }
}
#endif

#endif
