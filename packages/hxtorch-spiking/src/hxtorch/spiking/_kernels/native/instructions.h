/* Instruction sets that kernels are written for, from the least to the most, and which of them runs. The copies in the
 * packages equal native/instructions.h.
 *
 * A function for one set carries its BSS2_TARGET_*, and inlines general loops (BSS2_INLINE), which are compiled for it
 * then. All variants give the same bytes: integers, and IEEE operations on single elements; contraction is off (setup.py).
 * The best set of the processor runs, but none beyond that of the variable BSS2_INSTRUCTIONS, which is read when a module
 * is loaded.
 */
#ifndef BSS2_INSTRUCTIONS_H
#define BSS2_INSTRUCTIONS_H

#include "native/portable.h"

enum { BSS2_PLAIN, BSS2_AVX2, BSS2_AVX512, BSS2_VNNI, BSS2_TILES, BSS2_SETS };

static const char *const bss2_set_names[BSS2_SETS] = {"plain", "avx2", "avx512", "vnni", "tiles"};

#if defined(__x86_64__) && defined(__GNUC__) && !defined(BSS2_PLAIN_ONLY)
#define BSS2_X86 1
#include <immintrin.h>
#if defined(__clang__)
#define BSS2_WIDE
#else
#define BSS2_WIDE ",prefer-vector-width=512"
#endif
#define BSS2_FEATURES_AVX2 "avx2,bmi,bmi2,fma,popcnt"
#define BSS2_FEATURES_AVX512 BSS2_FEATURES_AVX2 ",avx512f,avx512bw,avx512dq,avx512vl" BSS2_WIDE
#define BSS2_FEATURES_VNNI BSS2_FEATURES_AVX512 ",avx512vnni"
#define BSS2_TARGET_AVX2 __attribute__((target(BSS2_FEATURES_AVX2)))
#define BSS2_TARGET_AVX512 __attribute__((target(BSS2_FEATURES_AVX512)))
#define BSS2_TARGET_VNNI __attribute__((target(BSS2_FEATURES_VNNI)))
#else
#define BSS2_X86 0
#endif

#if BSS2_X86 && defined(__linux__) && (defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11)
#define BSS2_HAS_TILES 1
#define BSS2_TARGET_TILES __attribute__((target(BSS2_FEATURES_VNNI ",amx-tile,amx-int8")))
#else
#define BSS2_HAS_TILES 0
#endif

/* The one table: what runs with each set, in the order above, as far as the compiler knows them. A set that a loop has
 * nothing of its own for takes what the one before has. */
#if BSS2_HAS_TILES
#define BSS2_TABLE(PLAIN, AVX2, AVX512, VNNI, TILES) {PLAIN, AVX2, AVX512, VNNI, TILES}
#elif BSS2_X86
#define BSS2_TABLE(PLAIN, AVX2, AVX512, VNNI, TILES) {PLAIN, AVX2, AVX512, VNNI}
#else
#define BSS2_TABLE(PLAIN, AVX2, AVX512, VNNI, TILES) {PLAIN}
#endif

/* What holds for all of a module, written once when it is loaded. */
static int bss2_best = BSS2_PLAIN;  /* set that runs; tiles are asked for by who wants them (tiles.h) */
static int bss2_limit = BSS2_TILES; /* the most that the variable lets run */

#if BSS2_X86
__attribute__((constructor)) static void bss2_choose_instructions(void) {
    const char *wanted = getenv("BSS2_INSTRUCTIONS"); /* other names are refused by instructions.pyx */
    for (int set = 0; wanted && set < BSS2_SETS; set++)
        if (!strcmp(wanted, bss2_set_names[set])) bss2_limit = set;
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
        __builtin_cpu_supports("fma") && __builtin_cpu_supports("popcnt")) {
        bss2_best = BSS2_AVX2;
        if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
            bss2_best = __builtin_cpu_supports("avx512vnni") ? BSS2_VNNI : BSS2_AVX512;
    }
    if (bss2_best > bss2_limit) bss2_best = bss2_limit;
}
#endif

BSS2_INLINE int bss2_instructions(void) { return bss2_best; }

/* Define LOOP, a function without a result that makes CALL: compiled for each set, the one that runs is called. */
#if BSS2_X86 && !defined(BSS2_SANITIZED)
#define BSS2_DISPATCH_(LOOP, PARAMETERS, ARGUMENTS, CALL)                                                              \
    static void LOOP##_plain PARAMETERS { CALL; }                                                                      \
    BSS2_TARGET_AVX2 static void LOOP##_avx2 PARAMETERS { CALL; }                                                      \
    BSS2_TARGET_AVX512 static void LOOP##_avx512 PARAMETERS { CALL; }                                                  \
    static void LOOP PARAMETERS {                                                                                      \
        static void(*const sets[]) PARAMETERS =                                                                        \
            BSS2_TABLE(LOOP##_plain, LOOP##_avx2, LOOP##_avx512, LOOP##_avx512, LOOP##_avx512);                        \
        sets[bss2_instructions()] ARGUMENTS;                                                                           \
    }
#else
#define BSS2_DISPATCH_(LOOP, PARAMETERS, ARGUMENTS, CALL) \
    static void LOOP PARAMETERS { CALL; }
#endif
#define BSS2_DISPATCH(LOOP, PARAMETERS, ARGUMENTS, CALL) BSS2_DISPATCH_(LOOP, PARAMETERS, ARGUMENTS, CALL)

#endif
