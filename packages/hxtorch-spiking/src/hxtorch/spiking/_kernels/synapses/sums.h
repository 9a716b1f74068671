/* Sums of rows: of listed ones (hx_gather) and of all (hx_multiply), in registers of the size that each instruction set has
 * (registers.h), in both precisions. */
#ifndef HX_SUMS_H
#define HX_SUMS_H

#include "native/instructions.h"

enum { HX_MOST = 8 };     /* registers of one row of sums at a time: enough that no addition waits for the one before */
enum { HX_ENTRIES = 4 };  /* rows of sums that share a loaded row of weights */
enum { HX_BESIDE = 2 };   /* registers of each of them */
enum { HX_PADDING = 16 }; /* numbers of single precision in the largest register */

#if defined(__GNUC__) && !defined(__clang__)
#define HX_UNROLL _Pragma("GCC unroll 8")
#else
#define HX_UNROLL
#endif

#if BSS2_X86 && !defined(BSS2_SANITIZED)
#define HX_BY_REGISTERS(LOOP, JOB)                                                                   \
    static void BSS2_JOIN(LOOP, _plain)(const JOB *job) { BSS2_JOIN(LOOP, _16)(job); }                \
    BSS2_TARGET_AVX2 static void BSS2_JOIN(LOOP, _avx2)(const JOB *job) { BSS2_JOIN(LOOP, _32)(job); } \
    BSS2_TARGET_AVX512 static void BSS2_JOIN(LOOP, _avx512)(const JOB *job) { BSS2_JOIN(LOOP, _64)(job); } \
    static void LOOP(const JOB *job) {                                                               \
        static void (*const sets[])(const JOB *) =                                                   \
            BSS2_TABLE(BSS2_JOIN(LOOP, _plain), BSS2_JOIN(LOOP, _avx2), BSS2_JOIN(LOOP, _avx512),    \
                       BSS2_JOIN(LOOP, _avx512), BSS2_JOIN(LOOP, _avx512));                          \
        sets[bss2_instructions()](job);                                                              \
    }
#else
#define HX_BY_REGISTERS(LOOP, JOB) \
    static void LOOP(const JOB *job) { BSS2_JOIN(LOOP, _16)(job); }
#endif

#define REAL float
#define NAME(x) BSS2_JOIN(x, _f32)
#include "synapses/sums_rows.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) BSS2_JOIN(x, _f64)
#include "synapses/sums_rows.h"
#undef REAL
#undef NAME

#endif
