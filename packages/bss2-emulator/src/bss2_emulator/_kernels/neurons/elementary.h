/* exp and log without branches, so that loops over them vectorise and their bytes do not depend on a math library.
 *
 * Powers of two go through the bits of the number, the rest is a Chebyshev fit: exp within 3e-9, log within 2e-7, relative.
 * What runs for each neuron in each step is rougher; currents are not known to a part in 100 000.
 */
#ifndef BSS2_ELEMENTARY_H
#define BSS2_ELEMENTARY_H

#include "native/portable.h"

#define BSS2_ELEMENTARY(NAME, REAL, WORD, MANTISSA, BIAS, ROUND, WHOLE, HALF_ROOT)                                   \
    BSS2_INLINE REAL bss2_exp_##NAME(REAL x) { /* -80 <= x <= 80 */                                                  \
        const REAL t = x * (REAL)1.4426950408889634, shifted = t + (REAL)(ROUND), f = t - (shifted - (REAL)(ROUND)); \
        REAL p = (REAL)0.0001546973198152048;                                                                        \
        p = p * f + (REAL)0.0013400432165829137;                                                                     \
        p = p * f + (REAL)0.009618025602947586;                                                                      \
        p = p * f + (REAL)0.05550327214207754;                                                                       \
        p = p * f + (REAL)0.24022651213595086;                                                                       \
        p = p * f + (REAL)0.6931472067106216;                                                                        \
        p = p * f + (REAL)1;                                                                                         \
        WORD whole, bits;                                                                                            \
        memcpy(&whole, &shifted, sizeof(REAL));                                                                      \
        memcpy(&bits, &p, sizeof(REAL));                                                                             \
        bits += whole << MANTISSA;                                                                                   \
        memcpy(&p, &bits, sizeof(REAL));                                                                             \
        return p;                                                                                                    \
    }                                                                                                                \
    BSS2_INLINE REAL bss2_rough_power_##NAME(REAL t) { /* 2^t within 3e-6, -120 <= t <= 120 */                       \
        const REAL shifted = t + (REAL)(ROUND), f = t - (shifted - (REAL)(ROUND));                                   \
        const REAL square = f * f; /* in pairs: fewer steps wait for each other */                                   \
        REAL p = (REAL)0.24024744 + f * (REAL)0.055917863 + square * (REAL)0.0095701022;                             \
        p = (REAL)0.99999928 + f * (REAL)0.69312179 + square * p;                                                    \
        WORD whole, bits;                                                                                            \
        memcpy(&whole, &shifted, sizeof(REAL));                                                                      \
        memcpy(&bits, &p, sizeof(REAL));                                                                             \
        bits += whole << MANTISSA;                                                                                   \
        memcpy(&p, &bits, sizeof(REAL));                                                                             \
        return p;                                                                                                    \
    }                                                                                                                \
    BSS2_INLINE REAL bss2_log_##NAME(REAL u) { /* 0 < u <= 1, and 0 at 1 */                                          \
        WORD bits;                                                                                                   \
        memcpy(&bits, &u, sizeof(REAL));                                                                             \
        WORD power = (bits - (WORD)(HALF_ROOT) + ((WORD)(BIAS) << MANTISSA)) >> MANTISSA;                            \
        bits -= (power - (WORD)(BIAS)) << MANTISSA;                                                                  \
        power |= (WORD)(WHOLE);                                                                                      \
        REAL m, e;                                                                                                   \
        memcpy(&m, &bits, sizeof(REAL));                                                                             \
        memcpy(&e, &power, sizeof(REAL));                                                                            \
        e -= (REAL)((WORD)1 << MANTISSA) + (REAL)(BIAS);                                                             \
        const REAL t = m - (REAL)1;                                                                                  \
        REAL p = (REAL) - 0.1013405675;                                                                              \
        p = p * t + (REAL)0.162341898;                                                                               \
        p = p * t - (REAL)0.172470133;                                                                               \
        p = p * t + (REAL)0.1989856505;                                                                              \
        p = p * t - (REAL)0.2497007169;                                                                              \
        p = p * t + (REAL)0.3333511414;                                                                              \
        p = p * t - (REAL)0.5000036309;                                                                              \
        p = p * t + (REAL)0.9999999425;                                                                              \
        return p * t + e * (REAL)0.6931471805599453;                                                                 \
    }

BSS2_ELEMENTARY(single, float, uint32_t, 23, 127, 12582912.0, 0x4B000000u, 0x3F3504F3u)
BSS2_ELEMENTARY(double, double, uint64_t, 52, 1023, 6755399441055744.0, 0x4330000000000000u, 0x3FE6A09E667F3BCDu)

#undef BSS2_ELEMENTARY

#endif
