/* Counter-based normal numbers: Philox 4x32-7 and Box-Muller.
 *
 * Philox: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The polynomials are Chebyshev
 * fits, accurate to 2e-6, so that loops become vectors and bytes do not depend on a math library.
 */
#ifndef HXP_NORMALS_H
#define HXP_NORMALS_H

#include "native/instructions.h"

typedef struct { uint32_t low, high; } hxp_key;

/* Words for `n` pairs of normals (a multiple of 16) of counters (c0, c1, c2, k): counter k has those of pairs 2 k, 2 k + 1.
 */
typedef void hxp_words(hxp_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t *radius, uint32_t *angle, int n);

static void hxp_words_plain(hxp_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t *BSS2_RESTRICT radius,
                            uint32_t *BSS2_RESTRICT angle, int n) {
    for (int k = 0; k < n / 2; k++) {
        uint32_t a = c0, b = c1, c = c2, d = (uint32_t)k;
        for (uint32_t round = 0; round < 7; round++) {
            const uint64_t left = (uint64_t)0xD2511F53u * a, right = (uint64_t)0xCD9E8D57u * c;
            a = (uint32_t)(right >> 32) ^ b ^ (key.low + round * 0x9E3779B9u);
            c = (uint32_t)(left >> 32) ^ d ^ (key.high + round * 0xBB67AE85u);
            b = (uint32_t)right;
            d = (uint32_t)left;
        }
        radius[2 * k] = a, angle[2 * k] = b, radius[2 * k + 1] = c, angle[2 * k + 1] = d;
    }
}

#if BSS2_X86
/* Counters in the lower halves of 64-bit lanes, as the multiplication takes them. */
#define HXP_DEFINE_WORDS(NAME, TARGET, VECTOR, LANES, COUNT, SET, ADD, MULTIPLY, DOWN, UP, XOR3, BLEND, STORE)              \
    TARGET static void NAME(hxp_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t *radius, uint32_t *angle, int n) { \
        for (int k = 0; k < n / 2; k += LANES) {                                                                            \
            VECTOR a = SET(c0), b = SET(c1), c = SET(c2), d = ADD(SET(k), COUNT);                                           \
            for (uint32_t round = 0; round < 7; round++) {                                                                  \
                const VECTOR left = MULTIPLY(a, SET(0xD2511F53)), right = MULTIPLY(c, SET(0xCD9E8D57));                     \
                a = XOR3(DOWN(right, 32), b, SET((uint32_t)(key.low + round * 0x9E3779B9u)));                               \
                c = XOR3(DOWN(left, 32), d, SET((uint32_t)(key.high + round * 0xBB67AE85u)));                               \
                b = right;                                                                                                  \
                d = left;                                                                                                   \
            }                                                                                                               \
            STORE((void *)(radius + 2 * k), BLEND(a, UP(c, 32)));                                                           \
            STORE((void *)(angle + 2 * k), BLEND(b, UP(d, 32)));                                                            \
        }                                                                                                                   \
    }

#define HXP_XOR3_256(A, B, C) _mm256_xor_si256(_mm256_xor_si256(A, B), C)
#define HXP_XOR3_512(A, B, C) _mm512_ternarylogic_epi64(A, B, C, 0x96)
#define HXP_BLEND_256(A, B) _mm256_blend_epi32(A, B, 0xAA)
#define HXP_BLEND_512(A, B) _mm512_mask_blend_epi32(0xAAAA, A, B)

HXP_DEFINE_WORDS(hxp_words_avx2, BSS2_TARGET_AVX2, __m256i, 4, _mm256_set_epi64x(3, 2, 1, 0), _mm256_set1_epi64x,
                 _mm256_add_epi64, _mm256_mul_epu32, _mm256_srli_epi64, _mm256_slli_epi64, HXP_XOR3_256, HXP_BLEND_256,
                 _mm256_storeu_si256)
HXP_DEFINE_WORDS(hxp_words_vnni, BSS2_TARGET_VNNI, __m512i, 8, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi64,
                 _mm512_add_epi64, _mm512_mul_epu32, _mm512_srli_epi64, _mm512_slli_epi64, HXP_XOR3_512, HXP_BLEND_512,
                 _mm512_storeu_si512)
#endif

BSS2_INLINE float hxp_log(float u) { /* of a number in (0, 1) */
    int32_t bits;
    memcpy(&bits, &u, 4);
    const int32_t e = (bits - 0x3F3504F3) >> 23;
    const int32_t mantissa = bits - e * 0x800000;
    float m;
    memcpy(&m, &mantissa, 4);
    const float t = m - 1.0f;
    float p = 0.1165780614f;
    p = p * t - 0.1857384013f; p = p * t + 0.2052544362f; p = p * t - 0.2492033626f;
    p = p * t + 0.3331356329f; p = p * t - 0.5000087739f; p = p * t + 1.0000010274f;
    return t * p + (float)e * 0.69314718f;
}

/* Normals of `n` pairs of words: the first of each pair to `one`, the second to `two`; within 5.8. */
BSS2_INLINE void hxp_normals(const uint32_t *BSS2_RESTRICT radius, const uint32_t *BSS2_RESTRICT angle,
                             float *BSS2_RESTRICT one, float *BSS2_RESTRICT two, int n) {
    BSS2_VECTOR
    for (int k = 0; k < n; k++) {
        const float u = ((float)(int32_t)(radius[k] >> 9) + 0.5f) * 1.1920929e-7f;
        const float r = sqrtf(-2.0f * hxp_log(u));
        const float x = (float)((int32_t)(angle[k] & 0x3FFFFFFFu) - 0x20000000) * 1.4629180792671596e-9f; /* +- pi / 4 */
        const float y = x * x;
        const float s = x * (0.9999985633f + y * (-0.1666247219f + y * 0.0081515063f));
        const float c = 0.9999999723f + y * (-0.4999985642f + y * (0.0416550149f - y * 0.0013585779f));
        const int swap = (angle[k] & 0x40000000u) != 0;
        const float sign = (angle[k] & 0x80000000u) != 0 ? -r : r;
        one[k] = sign * (swap ? s : c);
        two[k] = sign * (swap ? -c : s);
    }
}

#endif
