/* Normal numbers of 16 bit (shorts.h) for noise that is drawn again and again: eight of a counter for each of many
 * identifiers.
 *
 * Number k of an identifier comes from the lower (k even) or upper half of word k / 2. All variants give the same bytes.
 */
#ifndef BSS2_COARSE_H
#define BSS2_COARSE_H

#include "noise/shorts.h"

enum { BSS2_COARSE = 8 }; /* numbers of a counter */

#define BSS2_SHORT_UNIT 0.000244140625f

/* Numbers of identifiers from `from` on: out[k * n + j], of counter (c0, c1[j] + add, c2, c3). */
static void bss2_coarse_plain(bss2_key key, uint32_t c0, const uint32_t *BSS2_RESTRICT c1, uint32_t add, uint32_t c2,
                              uint32_t c3, float *BSS2_RESTRICT out, int from, int n) {
    for (int j = from; j < n; j++) {
        const bss2_word4 word = bss2_philox(key, c0, c1[j] + add, c2, c3);
        for (int k = 0; k < BSS2_COARSE; k++)
            out[(size_t)k * n + j] = (float)bss2_short_normal(word.w[k / 2] >> 16 * (k % 2) & 0xFFFF) * BSS2_SHORT_UNIT;
    }
}

#if BSS2_X86

BSS2_TARGET_AVX2 static void bss2_coarse_avx2(bss2_key key, uint32_t c0, const uint32_t *c1, uint32_t add, uint32_t c2,
                                              uint32_t c3, float *out, int n) {
    const bss2_start start = bss2_three_rounds(key, c0, c2, c3);
    const __m256 unit = _mm256_set1_ps(BSS2_SHORT_UNIT);
    for (int j = 0; j + 8 <= n; j += 8) {
        const __m256i which =
            _mm256_add_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(c1 + j)), _mm256_set1_epi32((int)add));
        __m256i words[4];
        for (int odd = 0; odd < 2; odd++) { /* counters lie in the lower halves of lanes twice as wide */
            __m256i a, c, d,
                b = odd ? _mm256_srli_epi64(which, 32) : _mm256_and_si256(which, _mm256_set1_epi64x(0xFFFFFFFF));
            BSS2_PHILOX(start, _mm256_mul_epu32, _mm256_srli_epi64, _mm256_xor_si256, BSS2_XOR3_256, _mm256_set1_epi64x)
            const __m256i word[4] = {a, b, c, d};
            for (int k = 0; k < 4; k++)
                words[k] = odd ? _mm256_blend_epi32(words[k], _mm256_slli_epi64(word[k], 32), 0xAA) : word[k];
        }
        for (int k = 0; k < 4; k++) {
            const __m256i numbers = bss2_short_normals_avx2(words[k]);
            const __m256i lower = _mm256_srai_epi32(_mm256_slli_epi32(numbers, 16), 16),
                          upper = _mm256_srai_epi32(numbers, 16);
            _mm256_storeu_ps(out + (size_t)(2 * k) * n + j, _mm256_mul_ps(_mm256_cvtepi32_ps(lower), unit));
            _mm256_storeu_ps(out + (size_t)(2 * k + 1) * n + j, _mm256_mul_ps(_mm256_cvtepi32_ps(upper), unit));
        }
    }
}

BSS2_TARGET_AVX512 static void bss2_coarse_avx512(bss2_key key, uint32_t c0, const uint32_t *c1, uint32_t add, uint32_t c2,
                                                  uint32_t c3, float *out, int n) {
    const bss2_start start = bss2_three_rounds(key, c0, c2, c3);
    const __m512 unit = _mm512_set1_ps(BSS2_SHORT_UNIT);
    __m512i table[8];
    for (int k = 0; k < 4; k++) {
        table[k] = _mm512_loadu_si512(bss2_short_level + 32 * k);
        table[4 + k] = _mm512_loadu_si512(bss2_short_rise + 32 * k);
    }
    for (int j = 0; j + 16 <= n; j += 16) {
        const __m512i which = _mm512_add_epi32(_mm512_loadu_si512(c1 + j), _mm512_set1_epi32((int)add));
        __m512i words[4];
        for (int odd = 0; odd < 2; odd++) {
            __m512i a, c, d, b = odd ? _mm512_srli_epi64(which, 32) : _mm512_and_si512(which, _mm512_set1_epi64(0xFFFFFFFF));
            BSS2_PHILOX(start, _mm512_mul_epu32, _mm512_srli_epi64, _mm512_xor_si512, BSS2_XOR3_512, _mm512_set1_epi64)
            const __m512i word[4] = {a, b, c, d};
            for (int k = 0; k < 4; k++)
                words[k] = odd ? _mm512_mask_blend_epi32(0xAAAA, words[k], _mm512_slli_epi64(word[k], 32)) : word[k];
        }
        for (int k = 0; k < 4; k++) {
            const __m512i numbers = bss2_short_normals_avx512(words[k], table);
            const __m512i lower = _mm512_srai_epi32(_mm512_slli_epi32(numbers, 16), 16),
                          upper = _mm512_srai_epi32(numbers, 16);
            _mm512_storeu_ps(out + (size_t)(2 * k) * n + j, _mm512_mul_ps(_mm512_cvtepi32_ps(lower), unit));
            _mm512_storeu_ps(out + (size_t)(2 * k + 1) * n + j, _mm512_mul_ps(_mm512_cvtepi32_ps(upper), unit));
        }
    }
}
#endif

/* The same for all identifiers, with one of the instruction sets of instructions.h. */
static void bss2_coarse_normals(int instructions, bss2_key key, uint32_t c0, const uint32_t *c1, uint32_t add, uint32_t c2,
                                uint32_t c3, float *out, int n) {
    int from = 0;
#if BSS2_X86
    if (instructions >= BSS2_AVX512) { /* as all that are beyond it */
        bss2_coarse_avx512(key, c0, c1, add, c2, c3, out, n);
        from = n - n % 16;
    } else if (instructions == BSS2_AVX2) {
        bss2_coarse_avx2(key, c0, c1, add, c2, c3, out, n);
        from = n - n % 8;
    }
#else
    (void)instructions;
#endif
    bss2_coarse_plain(key, c0, c1, add, c2, c3, out, from, n);
}

#endif
