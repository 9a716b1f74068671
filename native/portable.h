/* What the kernels need from the compiler, in one place. The copies in the packages equal native/portable.h. */
#ifndef BSS2_PORTABLE_H
#define BSS2_PORTABLE_H

#include <math.h>
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

#define BSS2_JOIN_(a, b) a##b
#define BSS2_JOIN(a, b) BSS2_JOIN_(a, b)

#endif
