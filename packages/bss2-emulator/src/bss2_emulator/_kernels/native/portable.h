/* What the kernels need from the compiler, in one place.
 *
 * BSS2_CLONES compiles a function for several instruction sets and picks one when the library is loaded. All variants give
 * the same bytes: every operation is an IEEE operation on one element, and contraction is off (see setup.py).
 */
#ifndef BSS2_PORTABLE_H
#define BSS2_PORTABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Built with a sanitizer: every copy of a function takes it a minute to compile. */
#if defined(__SANITIZE_ADDRESS__)
#define BSS2_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BSS2_SANITIZED 1
#endif
#endif

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__) && !defined(BSS2_NO_CLONES) \
    && !defined(BSS2_SANITIZED)
#define BSS2_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define BSS2_CLONES
#endif

#if defined(BSS2_SANITIZED)
#define BSS2_INLINE static __attribute__((unused))
#define BSS2_RESTRICT __restrict__
#elif defined(__GNUC__) || defined(__clang__)
#define BSS2_INLINE static inline __attribute__((always_inline))
#define BSS2_RESTRICT __restrict__
#else
#define BSS2_INLINE static inline
#define BSS2_RESTRICT __restrict
#endif

/* What is rarely called stays out of the loops that call it. */
#if defined(__GNUC__) || defined(__clang__)
#define BSS2_RARE static __attribute__((noinline))
#else
#define BSS2_RARE static
#endif

#if defined(__GNUC__) && !defined(__clang__)
#define BSS2_VECTOR _Pragma("GCC ivdep")
#else
#define BSS2_VECTOR
#endif

#endif
