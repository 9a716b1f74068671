/* Counter-based normal numbers: Philox 4x32-7, then Box-Muller with polynomials.
 *
 * Philox: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; seven rounds pass BigCrush.
 * The polynomials are Chebyshev fits, accurate to 2e-6, so that loops vectorise and the bytes do not depend on a math
 * library.
 */
#ifndef BSS2_NOISE_H
#define BSS2_NOISE_H

#include <math.h>
#include "native/portable.h"

typedef struct { uint32_t w[4]; } bss2_word4;
typedef struct { uint32_t low, high; } bss2_key;

BSS2_INLINE bss2_word4 bss2_philox(bss2_key key, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3) {
    uint32_t k0 = key.low, k1 = key.high;
#if defined(__GNUC__)
#pragma GCC unroll 7
#endif
    for (int round = 0; round < 7; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1; c3 = (uint32_t)p0; c0 = n0; c2 = n2;
        k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
    bss2_word4 out = {{c0, c1, c2, c3}};
    return out;
}

/* Uniform in (0, 1), 23 bits and never 0: the normal below stays within 5.8. */
BSS2_INLINE float bss2_uniform(uint32_t word) {
    return ((float)(int32_t)(word >> 9) + 0.5f) * 1.1920929e-7f;
}

BSS2_INLINE float bss2_log(float u) {
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

/* Two independent standard normals from two words. */
BSS2_INLINE void bss2_box_muller(uint32_t radius, uint32_t angle, float *a, float *b) {
    const float r = sqrtf(-2.0f * bss2_log(bss2_uniform(radius)));
    const float x = (float)((int32_t)(angle & 0x3FFFFFFFu) - 0x20000000) * 1.4629180792671596e-9f; /* +- pi / 4 */
    const float y = x * x;
    const float s = x * (0.9999985633f + y * (-0.1666247219f + y * 0.0081515063f));
    const float c = 0.9999999723f + y * (-0.4999985642f + y * (0.0416550149f - y * 0.0013585779f));
    const int swap = (angle & 0x40000000u) != 0;
    const float sign = (angle & 0x80000000u) != 0 ? -r : r;
    *a = sign * (swap ? s : c);
    *b = sign * (swap ? -c : s);
}

#endif
