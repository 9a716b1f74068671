/* Product of a block of pulse vectors with a packed weight matrix.
 *
 * Operands are integers so small that every sum is exact in float: fused multiplication and addition, and any order of sums,
 * give the same bytes. Hence contraction is allowed here, and only here.
 */
#ifndef BSS2_PRODUCT_H
#define BSS2_PRODUCT_H

#include "portable.h"

enum {
    TILE_ROWS = 128,
    TILE_COLUMNS = 256,
    ENTRIES = 8, /* batch entries of a block */
    PACK = 16,   /* columns that lie together: weights are [column / PACK][row][column % PACK] */
};

typedef void bss2_product(const float *pulses, const float *weights, float *out, int rows, int columns);

/* pulses [ENTRIES][TILE_ROWS], out [ENTRIES][TILE_COLUMNS]; columns are rounded up to whole packs. */
#if defined(__GNUC__)
#if !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#define BSS2_UNROLL _Pragma("GCC unroll 8")
#else
#define BSS2_UNROLL _Pragma("unroll")
#endif
#define BSS2_DEFINE_PRODUCT(NAME, TARGET, LANES, VECTORS)                                                                    \
    typedef float NAME##_vector __attribute__((vector_size(4 * LANES), aligned(4)));                                         \
    TARGET static void NAME(const float *BSS2_RESTRICT pulses, const float *BSS2_RESTRICT weights, float *BSS2_RESTRICT out, \
                            int rows, int columns) {                                                                         \
        for (int c = 0; c < columns; c += VECTORS * LANES) {                                                                 \
            const float *column[VECTORS];                                                                                    \
            NAME##_vector sum[ENTRIES][VECTORS] = {{{0}}};                                                                   \
            for (int v = 0; v < VECTORS; v++)                                                                                \
                column[v] = weights + (size_t)((c + v * LANES) / PACK) * rows * PACK + (c + v * LANES) % PACK;               \
            for (int r = 0; r < rows; r++) {                                                                                 \
                const float *pulse = pulses + r;                                                                             \
                NAME##_vector weight[VECTORS];                                                                               \
                for (int v = 0; v < VECTORS; v++) weight[v] = *(const NAME##_vector *)(column[v] + (size_t)r * PACK);        \
                BSS2_UNROLL                                                                                                  \
                for (int i = 0; i < ENTRIES; i++)                                                                            \
                    for (int v = 0; v < VECTORS; v++) sum[i][v] += pulse[i * TILE_ROWS] * weight[v];                         \
            }                                                                                                                \
            BSS2_UNROLL                                                                                                      \
            for (int i = 0; i < ENTRIES; i++)                                                                                \
                for (int v = 0; v < VECTORS; v++)                                                                            \
                    *(NAME##_vector *)(out + TILE_COLUMNS * i + c + v * LANES) = sum[i][v];                                  \
        }                                                                                                                    \
    }

BSS2_DEFINE_PRODUCT(bss2_product_4, , 4, 1)
#if defined(__x86_64__) && !defined(BSS2_NO_CLONES)
BSS2_DEFINE_PRODUCT(bss2_product_8, __attribute__((target("avx2,fma"))), 8, 1)
BSS2_DEFINE_PRODUCT(bss2_product_16, __attribute__((target("avx512f"))), 16, 2)
#endif
#if !defined(__clang__)
#pragma GCC pop_options
#endif

static bss2_product *bss2_best_product(void) {
#if defined(__x86_64__) && !defined(BSS2_NO_CLONES)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return bss2_product_16;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return bss2_product_8;
#endif
    return bss2_product_4;
}

#else /* a compiler without vector types */

static void bss2_product_plain(const float *pulses, const float *weights, float *out, int rows, int columns) {
    for (int i = 0; i < ENTRIES; i++)
        for (int c = 0; c < columns; c++) {
            float sum = 0;
            for (int r = 0; r < rows; r++)
                sum += pulses[i * TILE_ROWS + r] * weights[((size_t)(c / PACK) * rows + r) * PACK + c % PACK];
            out[TILE_COLUMNS * i + c] = sum;
        }
}

static bss2_product *bss2_best_product(void) {
    return bss2_product_plain;
}

#endif

#endif
