/* Floats to the integers of the chip, with the bounds of what came, in one pass. */
#ifndef HXP_INTEGERS_H
#define HXP_INTEGERS_H

#include "native/instructions.h"

/* Bounds of values seen so far; `odd` counts those that are no numbers. */
typedef struct {
    float smallest, largest;
    int64_t odd;
} hxp_bounds;

/* Round `n` values half away from zero, or half to even, to int8; what is beyond shows in the bounds. */
BSS2_INLINE hxp_bounds hxp_round_part(const float *BSS2_RESTRICT values, int8_t *BSS2_RESTRICT out, int64_t n, int half_even) {
    enum { LANES = 64 };
    float smallest[LANES], largest[LANES];
    int32_t odd[LANES] = {0};
    for (int k = 0; k < LANES; k++) smallest[k] = INFINITY, largest[k] = -INFINITY;
    const float half = half_even ? 0.0f : 0.49999997f; /* below one half: the number below one half rounds to 0 */
    int64_t i = 0;
    for (; i < n; i += LANES) {
        const int count = n - i < LANES ? (int)(n - i) : LANES;
        int32_t whole[LANES];
        float part[LANES];
        const float *BSS2_RESTRICT from = values + i;
        if (count < LANES) { /* the rest, filled up with one of them */
            for (int k = 0; k < LANES; k++) part[k] = values[i + (k < count ? k : 0)];
            from = part;
        }
        BSS2_VECTOR
        for (int k = 0; k < LANES; k++) {
            const float x = from[k];
            smallest[k] = x < smallest[k] ? x : smallest[k];
            largest[k] = x > largest[k] ? x : largest[k];
            odd[k] += x != x;
            float inside = x > -128.0f ? x : -128.0f;
            inside = inside < 127.0f ? inside : 127.0f;
            if (half_even) {
                const float shifted = inside + 12582912.0f; /* 1.5 * 2^23: its lowest bits are the rounded number */
                memcpy(&whole[k], &shifted, 4);
            } else {
                whole[k] = (int32_t)(inside + copysignf(half, inside));
            }
        }
        for (int k = 0; k < count; k++) out[i + k] = (int8_t)whole[k];
    }
    hxp_bounds bounds = {INFINITY, -INFINITY, 0};
    for (int k = 0; k < LANES; k++) {
        bounds.smallest = smallest[k] < bounds.smallest ? smallest[k] : bounds.smallest;
        bounds.largest = largest[k] > bounds.largest ? largest[k] : bounds.largest;
        bounds.odd += odd[k];
    }
    return bounds;
}

typedef hxp_bounds hxp_round(const float *values, int8_t *out, int64_t n, int half_even);

#define HXP_DEFINE_ROUND(NAME, TARGET)                                                                      \
    TARGET static hxp_bounds hxp_round_##NAME(const float *values, int8_t *out, int64_t n, int half_even) { \
        return half_even ? hxp_round_part(values, out, n, 1) : hxp_round_part(values, out, n, 0);           \
    }

HXP_DEFINE_ROUND(plain, )
#if BSS2_X86
HXP_DEFINE_ROUND(avx2, BSS2_TARGET_AVX2)
HXP_DEFINE_ROUND(avx512, BSS2_TARGET_AVX512)
#endif
static hxp_round *const hxp_round_functions[] =
    BSS2_TABLE(hxp_round_plain, hxp_round_avx2, hxp_round_avx512, hxp_round_avx512, hxp_round_avx512);

#endif
