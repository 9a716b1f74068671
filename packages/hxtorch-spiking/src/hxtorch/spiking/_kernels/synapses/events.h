/* Products of spikes with weights that only look at spikes, in both precisions.
 *
 * Spikes are scanned once into bits, one per source, 64 to a word. A row is one step of one batch entry.
 */
#ifndef HX_EVENTS_H
#define HX_EVENTS_H

#include "synapses/sums.h"

#if defined(__SSE2__) && !BSS2_X86
#include <emmintrin.h>
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
BSS2_INLINE int hx_lowest(uint64_t word) { unsigned long at; _BitScanForward64(&at, word); return (int)at; }
BSS2_INLINE int hx_count(uint64_t word) { return (int)__popcnt64(word); }
#else
BSS2_INLINE int hx_lowest(uint64_t word) { return __builtin_ctzll(word); }
BSS2_INLINE int hx_count(uint64_t word) { return __builtin_popcountll(word); }
#endif

/* Bits of up to 64 numbers that are not zero; `graded` gets a bit if one of them is not 1 either. */
BSS2_INLINE uint64_t hx_bits_f32(const float *x, int n, int *graded) {
    uint64_t word = 0;
    int i = 0;
#if defined(__SSE2__)
    const __m128 zero = _mm_setzero_ps(), one = _mm_set1_ps(1.0f);
    __m128 other = zero;
    for (; i + 16 <= n; i += 16) {
        __m128 any[4];
        for (int j = 0; j < 4; j++) {
            const __m128 v = _mm_loadu_ps(x + i + 4 * j);
            any[j] = _mm_cmpneq_ps(v, zero);
            other = _mm_or_ps(other, _mm_and_ps(any[j], _mm_cmpneq_ps(v, one)));
        }
        const __m128i low = _mm_packs_epi32(_mm_castps_si128(any[0]), _mm_castps_si128(any[1]));
        const __m128i high = _mm_packs_epi32(_mm_castps_si128(any[2]), _mm_castps_si128(any[3]));
        word |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) << i;
    }
    *graded |= _mm_movemask_ps(other);
#endif
    for (; i < n; i++) {
        word |= (uint64_t)(x[i] != 0.0f) << i;
        *graded |= x[i] != 0.0f && x[i] != 1.0f;
    }
    return word;
}

BSS2_INLINE uint64_t hx_bits_f64(const double *x, int n, int *graded) {
    uint64_t word = 0;
    for (int i = 0; i < n; i++) {
        word |= (uint64_t)(x[i] != 0.0) << i;
        *graded |= x[i] != 0.0 && x[i] != 1.0;
    }
    return word;
}

enum { HX_LISTED = 1 << 14, HX_PARTS = 1024 };   /* spikes and rows, about, that are weighed at a time */
enum { HX_BLOCK = 256 };                         /* rows of gradients that stay near */
enum { HX_TILE_f32 = 64, HX_TILE_f64 = 32 };     /* targets of a tile: their weights, or gradients of a block, stay near */
enum { HX_TILES = 4 };                           /* of a block */
enum { HX_FEW = 16 };                            /* sources of which weights and gradients are read where they are */
enum { HX_SHORT = 32 };                          /* sources, rows with less of which are not scanned one by one */
enum { HX_PASS = 64 };                           /* rows of spikes whose gradients are written in one pass */

#define REAL float
#define NAME(x) BSS2_JOIN(x, _f32)
#include "synapses/events_rows.h"
#undef REAL
#undef NAME
#define REAL double
#define NAME(x) BSS2_JOIN(x, _f64)
#define HX_DOUBLE
#include "synapses/events_rows.h"
#undef HX_DOUBLE
#undef REAL
#undef NAME

#endif
