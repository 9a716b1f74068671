/* What the kernels need from the compiler, and the instruction sets that they are written for; the best is found at run time.
 *
 * A function for one set carries its HXP_TARGET_*, and inlines general loops (HXP_INLINE), which are compiled for it then. All
 * variants give the same bytes: integers, and IEEE operations on single elements (contraction is off, see setup.py).
 */
#ifndef HXP_INSTRUCTIONS_H
#define HXP_INSTRUCTIONS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define HXP_INLINE static inline __attribute__((always_inline))
#define HXP_RESTRICT __restrict__
#else
#define HXP_INLINE static inline
#define HXP_RESTRICT __restrict
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define HXP_VECTOR _Pragma("GCC ivdep")
#define HXP_WIDE ",prefer-vector-width=512"
#else
#define HXP_VECTOR
#define HXP_WIDE
#endif

enum { HXP_PLAIN, HXP_AVX2, HXP_VNNI };

#if defined(__x86_64__) && defined(__GNUC__)
#define HXP_X86 1
#include <immintrin.h>
#define HXP_TARGET_AVX2 __attribute__((target("avx2")))
#define HXP_TARGET_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni" HXP_WIDE)))
#else
#define HXP_X86 0
#endif

static int hxp_instructions(void) {
#if HXP_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni"))
        return HXP_VNNI;
    if (__builtin_cpu_supports("avx2")) return HXP_AVX2;
#endif
    return HXP_PLAIN;
}

#endif
