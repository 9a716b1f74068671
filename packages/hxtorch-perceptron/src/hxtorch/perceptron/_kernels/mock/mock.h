/* The mock model: for each tile of 128 rows floor(factor * sum + noise), clamped to int8; the clamped sum of all tiles. */
#ifndef HXP_MOCK_H
#define HXP_MOCK_H

#include "mock/normals.h"
#include "mock/product.h"

typedef struct {
    int64_t batch;
    int rows, columns;
    const uint8_t *activations; /* [batch][rows], or [image][values] */
    int64_t patches, values;    /* entries that an image has, or 0: activations are rows as they stand */
    const int32_t *starts, *offsets; /* [patches], [rows]: row r of patch p is byte starts[p] + offsets[r] of its image */
    const int8_t *weights;      /* [strip][tile] packed (product.h), each `tile_stride` long */
    int64_t tile_stride;
    const float *factors;       /* [tile][columns] LSB */
    float noise, event_noise;   /* rms, LSB; the latter of each activation that is sent */
    hxp_key key;
    float *out;                 /* [batch][columns], or [image][columns][patches] */
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

BSS2_INLINE float hxp_clamp(int32_t total) {
    const int32_t above = total > -128 ? total : -128;
    return (float)(above < 127 ? above : 127);
}

/* Copy the activations of an entry for the rows of a tile, and zeros up to `whole`; returns how many are not zero. */
BSS2_INLINE int hxp_take_row(const hxp_matrix *m, int64_t entry, int top, int rows, int whole, uint8_t *BSS2_RESTRICT row) {
    if (m->patches) {
        const uint8_t *BSS2_RESTRICT patch = m->activations + entry / m->patches * m->values + m->starts[entry % m->patches];
        const int32_t *BSS2_RESTRICT offsets = m->offsets + top;
        for (int r = 0; r < rows; r++) row[r] = patch[offsets[r]];
    } else {
        memcpy(row, m->activations + entry * m->rows + top, (size_t)rows);
    }
    memset(row + rows, 0, (size_t)(whole - rows));
    int sent = 0;
    if (m->event_noise > 0.0f) {
        BSS2_VECTOR
        for (int r = 0; r < rows; r++) sent += row[r] > 0;
    }
    return sent;
}

/* Run the entries [ENTRIES * block, ENTRIES * (block + 1)). */
BSS2_INLINE void hxp_run_block(const hxp_matrix *m, int64_t block, hxp_product *product, hxp_words *words) {
    uint8_t activations[ENTRIES * TILE_ROWS] = {0};
    int32_t sums[ENTRIES * COLUMNS];
    int32_t totals[ENTRIES * COLUMNS];
    float noise[COLUMNS] = {0};
    uint32_t radius[COLUMNS / 2], angle[COLUMNS / 2];
    float deviation[ENTRIES];
    const int64_t first = block * ENTRIES;
    const int entries = (int)(m->batch - first < ENTRIES ? m->batch - first : ENTRIES);
    const int8_t *weights = m->weights;
    for (int left = 0; left < m->columns; left += COLUMNS) {
        const int n = m->columns - left < COLUMNS ? m->columns - left : COLUMNS, half = (n + 31) / 32 * 16;
        memset(totals, 0, sizeof(int32_t) * (size_t)(entries * COLUMNS));
        for (int top = 0, tile = 0; top < m->rows; top += TILE_ROWS, tile++, weights += m->tile_stride) {
            const int rows = m->rows - top < TILE_ROWS ? m->rows - top : TILE_ROWS, whole = (rows + 3) / 4 * 4;
            for (int i = 0; i < entries; i++) {
                const int sent = hxp_take_row(m, first + i, top, rows, whole, activations + i * TILE_ROWS);
                deviation[i] = m->noise; /* and as it came, for its root may be another number */
                if (m->event_noise > 0.0f) deviation[i] = sqrtf(m->noise * m->noise + m->event_noise * m->event_noise * (float)sent);
            }
            product(activations, weights, sums, whole, n);
            for (int i = 0; i < entries; i++) {
                if (deviation[i] > 0.0f) {
                    words(m->key, (uint32_t)(first + i), (uint32_t)tile, (uint32_t)left, radius, angle, half);
                    hxp_normals(radius, angle, deviation[i], noise, noise + half, half);
                } else {
                    memset(noise, 0, sizeof(noise));
                }
                hxp_add_tile(sums + i * COLUMNS, m->factors + (size_t)tile * (size_t)m->columns + left, noise,
                             totals + i * COLUMNS, n);
            }
        }
        if (m->patches) {
            for (int i = 0; i < entries; i++) {
                float *BSS2_RESTRICT out = m->out + ((first + i) / m->patches * m->columns + left) * m->patches + (first + i) % m->patches;
                const int32_t *BSS2_RESTRICT total = totals + i * COLUMNS;
                for (int j = 0; j < n; j++) out[j * m->patches] = hxp_clamp(total[j]);
            }
            continue;
        }
        for (int i = 0; i < entries; i++) {
            float *BSS2_RESTRICT out = m->out + (first + i) * m->columns + left;
            const int32_t *BSS2_RESTRICT total = totals + i * COLUMNS;
            BSS2_VECTOR
            for (int j = 0; j < n; j++) out[j] = hxp_clamp(total[j]);
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
