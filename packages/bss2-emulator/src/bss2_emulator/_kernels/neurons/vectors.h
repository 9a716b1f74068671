/* Vectors of neurons for loops.h, which is compiled for each instruction set. Arithmetic is that of the compiler's vectors, element by
 * element and hence the same bytes for any width; what C cannot say of them has a name here.
 *
 * Functions that use them carry the target of their set: without it the compiler takes vectors apart before it inlines. Where
 * no set is known, a vector is a single number, and loops over them are left to the compiler.
 */
#ifndef BSS2_VECTORS_H
#define BSS2_VECTORS_H

#include "native/instructions.h"
#include "neurons/elementary.h"

/* x < low ? low : x is MAX(low, x), and x > high ? high : x is MIN(high, x), also for what is no number. */
#define BSS2_SCALARS(NAME, REAL)                                                                                         \
    typedef REAL bss2_vector_##NAME##_plain;                                                                             \
    typedef int bss2_mask_##NAME##_plain;                                                                                \
    BSS2_INLINE REAL bss2_load_##NAME##_plain(const REAL *from) { return *from; }                                        \
    BSS2_INLINE void bss2_store_##NAME##_plain(REAL *to, REAL x) { *to = x; }                                            \
    BSS2_INLINE REAL bss2_all_##NAME##_plain(REAL x) { return x; }                                                       \
    BSS2_INLINE REAL bss2_max_##NAME##_plain(REAL low, REAL x) { return low > x ? low : x; }                             \
    BSS2_INLINE REAL bss2_min_##NAME##_plain(REAL high, REAL x) { return high < x ? high : x; }                          \
    BSS2_INLINE REAL bss2_choose_##NAME##_plain(int which, REAL yes, REAL no) { return which ? yes : no; }               \
    BSS2_INLINE int bss2_any_##NAME##_plain(int which) { return which; }                                                 \
    BSS2_INLINE REAL bss2_power_##NAME##_plain(REAL t) { return bss2_rough_power_##NAME(t); }

BSS2_SCALARS(single, float)
BSS2_SCALARS(double, double)
#undef BSS2_SCALARS

#if BSS2_X86 && !defined(BSS2_SANITIZED)
#define BSS2_HAS_VECTORS 1
#define BSS2_ONE_POINTER(P) __asm__("" : "+r"(P))
#define BSS2_VECTORS(NAME, SET, REAL, WORD, INTEGER, BYTES, RAW, MANTISSA, ROUND, SPLAT, MAX, MIN, CHOOSE, ANY, EVEN, ODD)  \
    typedef REAL bss2_vector_##NAME##_##SET __attribute__((vector_size(BYTES)));                                            \
    typedef WORD bss2_words_##NAME##_##SET __attribute__((vector_size(BYTES)));                                             \
    typedef INTEGER bss2_mask_##NAME##_##SET __attribute__((vector_size(BYTES)));                                           \
    typedef REAL bss2_there_##NAME##_##SET __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));           \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_load_##NAME##_##SET(const REAL *from) {                               \
        return *(const bss2_there_##NAME##_##SET *)(const void *)from;                                                      \
    }                                                                                                                       \
    BSS2_WITHIN_##SET void bss2_store_##NAME##_##SET(REAL *to, bss2_vector_##NAME##_##SET x) {                              \
        *(bss2_there_##NAME##_##SET *)(void *)to = x;                                                                       \
    }                                                                                                                       \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_all_##NAME##_##SET(REAL x) {                                          \
        return (bss2_vector_##NAME##_##SET)SPLAT(x);                                                                        \
    }                                                                                                                       \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_max_##NAME##_##SET(bss2_vector_##NAME##_##SET low,                    \
                                                                         bss2_vector_##NAME##_##SET x) {                    \
        return (bss2_vector_##NAME##_##SET)MAX((RAW)low, (RAW)x);                                                           \
    }                                                                                                                       \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_min_##NAME##_##SET(bss2_vector_##NAME##_##SET high,                   \
                                                                         bss2_vector_##NAME##_##SET x) {                    \
        return (bss2_vector_##NAME##_##SET)MIN((RAW)high, (RAW)x);                                                          \
    }                                                                                                                       \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_choose_##NAME##_##SET(                                                \
        bss2_mask_##NAME##_##SET which, bss2_vector_##NAME##_##SET yes, bss2_vector_##NAME##_##SET no) {                    \
        return (bss2_vector_##NAME##_##SET)CHOOSE(which, (RAW)yes, (RAW)no);                                                \
    }                                                                                                                       \
    BSS2_WITHIN_##SET int bss2_any_##NAME##_##SET(bss2_mask_##NAME##_##SET which) { return (int)ANY(which); }               \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_even_##NAME##_##SET(bss2_vector_##NAME##_##SET x) {                   \
        return (bss2_vector_##NAME##_##SET)EVEN((RAW)x);                                                                    \
    }                                                                                                                       \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_odd_##NAME##_##SET(bss2_vector_##NAME##_##SET x) {                    \
        return (bss2_vector_##NAME##_##SET)ODD((RAW)x);                                                                     \
    }                                                                                                                       \
    BSS2_WITHIN_##SET bss2_vector_##NAME##_##SET bss2_power_##NAME##_##SET(bss2_vector_##NAME##_##SET t) {                  \
        const bss2_vector_##NAME##_##SET shifted = t + (REAL)(ROUND), f = t - (shifted - (REAL)(ROUND)), square = f * f;    \
        bss2_vector_##NAME##_##SET p = (REAL)0.24024744 + f * (REAL)0.055917863 + square * (REAL)0.0095701022;              \
        p = (REAL)0.99999928 + f * (REAL)0.69312179 + square * p;                                                           \
        return (bss2_vector_##NAME##_##SET)((bss2_words_##NAME##_##SET)p + ((bss2_words_##NAME##_##SET)shifted << MANTISSA)); \
    }

#define BSS2_WITHIN_avx2 BSS2_TARGET_AVX2 static inline __attribute__((always_inline, unused))
#define BSS2_WITHIN_avx512 BSS2_TARGET_AVX512 static inline __attribute__((always_inline, unused))

#define BSS2_CHOOSE(WHICH, YES, NO) _mm256_blendv_ps(NO, YES, (__m256)(WHICH))
#define BSS2_ANY(WHICH) _mm256_movemask_ps((__m256)(WHICH))
BSS2_VECTORS(single, avx2, float, uint32_t, int32_t, 32, __m256, 23, 12582912.0, _mm256_set1_ps, _mm256_max_ps, _mm256_min_ps,
             BSS2_CHOOSE, BSS2_ANY, _mm256_moveldup_ps, _mm256_movehdup_ps)
#undef BSS2_CHOOSE
#undef BSS2_ANY

#define BSS2_CHOOSE(WHICH, YES, NO) _mm256_blendv_pd(NO, YES, (__m256d)(WHICH))
#define BSS2_ANY(WHICH) _mm256_movemask_pd((__m256d)(WHICH))
#define BSS2_ODD(X) _mm256_permute_pd(X, 15)
BSS2_VECTORS(double, avx2, double, uint64_t, int64_t, 32, __m256d, 52, 6755399441055744.0, _mm256_set1_pd, _mm256_max_pd,
             _mm256_min_pd, BSS2_CHOOSE, BSS2_ANY, _mm256_movedup_pd, BSS2_ODD)
#undef BSS2_CHOOSE
#undef BSS2_ANY
#undef BSS2_ODD

#define BSS2_CHOOSE(WHICH, YES, NO) _mm512_mask_blend_ps(_mm512_movepi32_mask((__m512i)(WHICH)), NO, YES)
#define BSS2_ANY(WHICH) _mm512_movepi32_mask((__m512i)(WHICH))
BSS2_VECTORS(single, avx512, float, uint32_t, int32_t, 64, __m512, 23, 12582912.0, _mm512_set1_ps, _mm512_max_ps, _mm512_min_ps,
             BSS2_CHOOSE, BSS2_ANY, _mm512_moveldup_ps, _mm512_movehdup_ps)
#undef BSS2_CHOOSE
#undef BSS2_ANY

#define BSS2_CHOOSE(WHICH, YES, NO) _mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)(WHICH)), NO, YES)
#define BSS2_ANY(WHICH) _mm512_movepi64_mask((__m512i)(WHICH))
#define BSS2_ODD(X) _mm512_permute_pd(X, 255)
BSS2_VECTORS(double, avx512, double, uint64_t, int64_t, 64, __m512d, 52, 6755399441055744.0, _mm512_set1_pd, _mm512_max_pd,
             _mm512_min_pd, BSS2_CHOOSE, BSS2_ANY, _mm512_movedup_pd, BSS2_ODD)
#undef BSS2_CHOOSE
#undef BSS2_ANY
#undef BSS2_ODD
#undef BSS2_VECTORS
#else
#define BSS2_HAS_VECTORS 0
#define BSS2_ONE_POINTER(P) (void)(P)
#endif

#endif
