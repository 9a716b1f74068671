/* What the kernels need from the compiler, in one place.
 *
 * HX_CLONES compiles a function for several instruction sets and picks one when the library is loaded. All variants give the
 * same bytes: every operation is an IEEE operation on one element, and contraction is off (see setup.py).
 */
#ifndef HX_PORTABLE_H
#define HX_PORTABLE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && !defined(HX_NO_CLONES)
#if __GNUC__ >= 12
#define HX_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HX_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#define HX_HAS_AVX512() __builtin_cpu_supports("avx512f")
#else
#define HX_CLONES
#endif

#if defined(__GNUC__) || defined(__clang__)
#define HX_INLINE static inline __attribute__((always_inline))
#define HX_RESTRICT __restrict__
#else
#define HX_INLINE static inline
#define HX_RESTRICT __restrict
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define HX_VECTOR _Pragma("GCC ivdep")
#else
#define HX_VECTOR
#endif

#define HX_JOIN_(a, b) a##b
#define HX_JOIN(a, b) HX_JOIN_(a, b)

#endif
