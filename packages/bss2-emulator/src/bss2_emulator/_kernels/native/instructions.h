/* Instruction sets that matrix kernels are written for, from the least to the most; the best one is found at run time.
 *
 * A function for one of them carries its BSS2_TARGET_*, and inlines general loops (BSS2_INLINE), which are compiled for it then.
 * All variants give the same bytes: integers, and IEEE operations on single elements.
 */
#ifndef BSS2_INSTRUCTIONS_H
#define BSS2_INSTRUCTIONS_H

#include "native/portable.h"

enum { BSS2_PLAIN, BSS2_AVX2, BSS2_AVX512, BSS2_VNNI, BSS2_TILES }; /* tiles for matrix products alone: tiles.h */

#if defined(__x86_64__) && defined(__GNUC__) && !defined(BSS2_NO_CLONES)
#define BSS2_X86 1
#include <immintrin.h>
#if defined(__clang__)
#define BSS2_WIDE
#else
#define BSS2_WIDE ",prefer-vector-width=512"
#endif
#define BSS2_TARGET_AVX2 __attribute__((target("avx2")))
#define BSS2_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl" BSS2_WIDE)))
#define BSS2_TARGET_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni" BSS2_WIDE)))
#else
#define BSS2_X86 0
#endif

static int bss2_instructions(void) {
#if BSS2_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return __builtin_cpu_supports("avx512vnni") ? BSS2_VNNI : BSS2_AVX512;
    if (__builtin_cpu_supports("avx2")) return BSS2_AVX2;
#endif
    return BSS2_PLAIN;
}

#endif
