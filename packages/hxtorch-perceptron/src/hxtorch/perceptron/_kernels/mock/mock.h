/* The mock model: for each tile of 128 rows floor(factor * sum + noise), clamped to int8; the clamped sum of all tiles. */
#ifndef HXP_MOCK_H
#define HXP_MOCK_H

#include "mock/normals.h"
#include "mock/product.h"

typedef struct {
    int64_t batch;
    int rows, columns;
    const uint8_t *activations; /* [batch][rows] */
    const int8_t *weights;      /* [strip][tile] packed (product.h), each `tile_stride` long */
    int64_t tile_stride;
    const float *factors;       /* [tile][columns] LSB */
    float noise;                /* rms, LSB */
    hxp_key key;
    float *out;                 /* [batch][columns] */
} hxp_matrix;

/* Clamp results of a tile and add them to the total of an entry. */
BSS2_INLINE void hxp_add_tile(const int32_t *BSS2_RESTRICT sum, const float *BSS2_RESTRICT factor, const float *BSS2_RESTRICT noise,
                             int32_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const float sought = factor[j] * (float)sum[j] + noise[j], size = fabsf(sought);
        const float y = copysignf(size < 4096.0f ? size : 4096.0f, sought); /* its floor is one of int32 */
        const int32_t whole = (int32_t)y;
        int32_t floored = whole - ((float)whole > y);
        floored = floored > -128 ? floored : -128; /* of integers: two comparisons of floats would become branches */
        floored = floored < 127 ? floored : 127;
        total[j] += floored;
    }
}

/* Run the entries [ENTRIES * block, ENTRIES * (block + 1)). */
BSS2_INLINE void hxp_run_block(const hxp_matrix *m, int64_t block, hxp_product *product, hxp_words *words) {
    uint8_t activations[ENTRIES * TILE_ROWS] = {0};
    int32_t sums[ENTRIES * COLUMNS];
    int32_t totals[ENTRIES * COLUMNS];
    float noise[COLUMNS] = {0};
    uint32_t radius[COLUMNS / 2], angle[COLUMNS / 2];
    const int64_t first = block * ENTRIES;
    const int entries = (int)(m->batch - first < ENTRIES ? m->batch - first : ENTRIES);
    const int8_t *weights = m->weights;
    for (int left = 0; left < m->columns; left += COLUMNS) {
        const int n = m->columns - left < COLUMNS ? m->columns - left : COLUMNS, half = (n + 31) / 32 * 16;
        memset(totals, 0, sizeof(totals));
        for (int top = 0, tile = 0; top < m->rows; top += TILE_ROWS, tile++, weights += m->tile_stride) {
            const int rows = m->rows - top < TILE_ROWS ? m->rows - top : TILE_ROWS, whole = (rows + 3) / 4 * 4;
            for (int i = 0; i < entries; i++) {
                memset(activations + i * TILE_ROWS + rows, 0, (size_t)(whole - rows));
                memcpy(activations + i * TILE_ROWS, m->activations + (first + i) * m->rows + top, (size_t)rows);
            }
            product(activations, weights, sums, whole, n);
            for (int i = 0; i < entries; i++) {
                if (m->noise > 0.0f) {
                    words(m->key, (uint32_t)(first + i), (uint32_t)tile, (uint32_t)left, radius, angle, half);
                    hxp_normals(radius, angle, m->noise, noise, noise + half, half);
                }
                hxp_add_tile(sums + i * COLUMNS, m->factors + (size_t)tile * (size_t)m->columns + left, noise,
                             totals + i * COLUMNS, n);
            }
        }
        for (int i = 0; i < entries; i++) {
            float *BSS2_RESTRICT out = m->out + (first + i) * m->columns + left;
            const int32_t *BSS2_RESTRICT total = totals + i * COLUMNS;
            BSS2_VECTOR
            for (int j = 0; j < n; j++) {
                const int32_t above = total[j] > -128 ? total[j] : -128;
                out[j] = (float)(above < 127 ? above : 127);
            }
        }
    }
}

/* Pack the weights of one tile of up to 128 rows and 256 columns. */
static void hxp_pack_tile(const int8_t *BSS2_RESTRICT weights, int64_t stride, int rows, int columns, int8_t *BSS2_RESTRICT packed) {
    const int fours = (rows + 3) / 4;
    for (int c = 0; c < columns; c += PACK)
        for (int f = 0; f < fours; f++) {
            int8_t *BSS2_RESTRICT out = packed + ((size_t)(c / PACK) * (size_t)fours + (size_t)f) * (4 * PACK);
            const int width = columns - c < PACK ? columns - c : PACK;
            memset(out, 0, 4 * PACK);
            for (int r = 0; r < 4 && 4 * f + r < rows; r++) {
                const int8_t *BSS2_RESTRICT row = weights + (4 * f + r) * stride + c;
                for (int j = 0; j < width; j++) out[4 * j + r] = row[j];
            }
        }
}

typedef void hxp_run_function(const hxp_matrix *m, int64_t block);

#define HXP_DEFINE_RUN(NAME, TARGET)                                           \
    TARGET static void hxp_run_##NAME(const hxp_matrix *m, int64_t block) {    \
        hxp_run_block(m, block, hxp_product_##NAME, hxp_words_##NAME);         \
    }

HXP_DEFINE_RUN(plain, )
#if BSS2_X86
HXP_DEFINE_RUN(avx2, BSS2_TARGET_AVX2)
HXP_DEFINE_RUN(vnni, BSS2_TARGET_VNNI)
#endif
static hxp_run_function *const hxp_run_functions[] =
    BSS2_TABLE(hxp_run_plain, hxp_run_avx2, hxp_run_avx2, hxp_run_vnni, hxp_run_vnni);

#endif
