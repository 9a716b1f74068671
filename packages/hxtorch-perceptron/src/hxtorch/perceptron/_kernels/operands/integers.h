/* Floats to the integers of the chip and back. */
#ifndef HXP_INTEGERS_H
#define HXP_INTEGERS_H

#include "native/instructions.h"

/* Round `n` values half away from zero, or half to even, to int8; tells whether all of them came to `low` .. `high`. */
typedef int hxp_round(const float *values, int8_t *out, int64_t n, int half_even, int low, int high);

#define HXP_BELOW_HALF 0.49999997f /* with one half the number just below it would become 1 */

BSS2_INLINE int hxp_round_part(const float *BSS2_RESTRICT values, int8_t *BSS2_RESTRICT out, int64_t n, int half_even,
                               int low, int high) {
    int beyond = 0;
    BSS2_VECTOR
    for (int64_t i = 0; i < n; i++) {
        float x = values[i] > -200.0f ? values[i] : -200.0f; /* NaN too */
        x = x < 200.0f ? x : 200.0f;
        int32_t whole;
        if (half_even) {
            const float shifted = x + 12582912.0f; /* 1.5 * 2^23: its lowest bits are the rounded number */
            memcpy(&whole, &shifted, 4);
            whole -= 0x4B400000;
        } else {
            whole = (int32_t)(x + copysignf(HXP_BELOW_HALF, x));
        }
        beyond |= (whole < low) | (whole > high);
        out[i] = (int8_t)whole;
    }
    return !beyond;
}

static int hxp_round_plain(const float *values, int8_t *out, int64_t n, int half_even, int low, int high) {
    return half_even ? hxp_round_part(values, out, n, 1, low, high) : hxp_round_part(values, out, n, 0, low, high);
}

#if BSS2_X86
/* What is no number, or too large, becomes the least int32; packing saturates, so all that is beyond stays beyond. */
BSS2_TARGET_AVX2 static inline __m256i hxp_round_eight(const float *values, int half_even) {
    const __m256 x = _mm256_loadu_ps(values), sign = _mm256_and_ps(x, _mm256_set1_ps(-0.0f));
    if (half_even) return _mm256_cvtps_epi32(x);
    return _mm256_cvttps_epi32(_mm256_add_ps(x, _mm256_or_ps(sign, _mm256_set1_ps(HXP_BELOW_HALF))));
}

BSS2_TARGET_AVX2 static int hxp_round_avx2(const float *values, int8_t *out, int64_t n, int half_even, int low, int high) {
    const __m256i order = _mm256_set_epi32(7, 3, 6, 2, 5, 1, 4, 0);
    __m256i least = _mm256_set1_epi16((short)low), most = _mm256_set1_epi16((short)high);
    const __m256i lowest = least, highest = most;
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i four[4], two[2];
        for (int k = 0; k < 4; k++)
            four[k] = hxp_round_eight(values + i + 8 * k, half_even);
        for (int k = 0; k < 2; k++) {
            two[k] = _mm256_packs_epi32(four[2 * k], four[2 * k + 1]);
            least = _mm256_min_epi16(least, two[k]);
            most = _mm256_max_epi16(most, two[k]);
        }
        const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(two[0], two[1]), order);
        _mm256_storeu_si256((__m256i *)(void *)(out + i), bytes);
    }
    const __m256i within = _mm256_and_si256(_mm256_cmpeq_epi16(least, lowest), _mm256_cmpeq_epi16(most, highest));
    const int rest = hxp_round_plain(values + i, out + i, n - i, half_even, low, high);
    return rest && _mm256_movemask_epi8(within) == -1;
}
#endif
static hxp_round *const hxp_round_functions[] =
    BSS2_TABLE(hxp_round_plain, hxp_round_avx2, hxp_round_avx2, hxp_round_avx2, hxp_round_avx2);

BSS2_INLINE void hxp_widen_loop(const int8_t *BSS2_RESTRICT values, float *BSS2_RESTRICT out, int64_t n) {
    for (int64_t i = 0; i < n; i++) out[i] = (float)values[i];
}

BSS2_DISPATCH(hxp_widen, (const int8_t *values, float *out, int64_t n), (values, out, n), hxp_widen_loop(values, out, n))

#endif
