/* The mock model: for each tile of 128 rows floor(factor * sum + noise), clamped to int8; the clamped sum of all tiles. */
#ifndef HXP_MOCK_H
#define HXP_MOCK_H

#include "mock/normals.h"
#include "mock/product.h"
#include "native/patches.h"

typedef struct {
    int64_t batch;
    int rows, columns;
    bss2_rows activations; /* of all entries */
    const int8_t *weights; /* [strip][tile] packed (product.h), each `tile_stride` long */
    int64_t tile_stride;
    const float *factors;  /* [tile][columns] LSB */
    float noise, event_noise; /* rms, LSB; the latter of each activation that is sent */
    hxp_key key;
    float *out;            /* [batch][columns], or [image][columns][patches] */
} hxp_matrix;

/* Add results of a tile, clamped, to the total of an entry; noise is in units of `deviation`. */
BSS2_INLINE void hxp_add_tile(const int32_t *BSS2_RESTRICT sum, const float *BSS2_RESTRICT factor,
                              const float *BSS2_RESTRICT noise, float deviation, int32_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const float sought = factor[j] * (float)sum[j] + deviation * noise[j], size = fabsf(sought);
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

/* Write columns from `left` on of patches, those of an image side by side. */
BSS2_INLINE void hxp_write_patches(const hxp_matrix *m, int64_t first, int entries, int left, int n,
                                   const int32_t *BSS2_RESTRICT totals, int stride) {
    const int64_t patches = m->activations.patches;
    for (int i = 0, count; i < entries; i += count) {
        const int64_t image = (first + i) / patches, patch = (first + i) % patches;
        float *BSS2_RESTRICT out = m->out + (image * m->columns + left) * patches + patch;
        const int32_t *BSS2_RESTRICT total = totals + i * stride;
        count = patches - patch < entries - i ? (int)(patches - patch) : entries - i;
        for (int j = 0; j < n; j++)
            for (int k = 0; k < count; k++) out[j * patches + k] = hxp_clamp(total[k * stride + j]);
    }
}

/* Deviations of the noise of each entry of a block. */
BSS2_INLINE void hxp_deviations(const hxp_matrix *m, const uint8_t *BSS2_RESTRICT rows, int whole,
                                float *BSS2_RESTRICT deviation) {
    for (int i = 0; i < ENTRIES; i++) {
        int sent = 0;
        deviation[i] = m->noise; /* and as it came, for its root may be another number */
        if (m->event_noise <= 0.0f) continue;
        BSS2_VECTOR
        for (int r = 0; r < whole; r++) sent += rows[i * TILE_ROWS + r] > 0;
        deviation[i] = sqrtf(m->noise * m->noise + m->event_noise * m->event_noise * (float)sent);
    }
}

/* Run the entries [ENTRIES * block, ENTRIES * (block + 1)); the noise of a tile is drawn for all of them at once. */
BSS2_INLINE void hxp_run_block(const hxp_matrix *m, int64_t block, hxp_product *product, hxp_words *words) {
    enum { MOST = ENTRIES * COLUMNS };
    uint8_t activations[(ENTRIES + 1) * TILE_ROWS];
    int32_t sums[MOST], totals[MOST];
    float noise[MOST], deviation[ENTRIES];
    uint32_t radius[MOST / 2], angle[MOST / 2];
    const int64_t first = block * ENTRIES;
    const int entries = (int)(m->batch - first < ENTRIES ? m->batch - first : ENTRIES);
    const int noisy = m->noise > 0.0f || m->event_noise > 0.0f;
    const int8_t *weights = m->weights;
    if (entries < ENTRIES) memset(activations, 0, sizeof(activations));
    if (!noisy) memset(noise, 0, sizeof(noise));
    for (int left = 0; left < m->columns; left += COLUMNS) {
        const int n = m->columns - left < COLUMNS ? m->columns - left : COLUMNS, stride = (n + PACK - 1) / PACK * PACK;
        const int half = (ENTRIES * n + 31) / 32 * 16;
        memset(totals, 0, sizeof(int32_t) * (size_t)(entries * stride));
        for (int top = 0, tile = 0; top < m->rows; top += TILE_ROWS, tile++, weights += m->tile_stride) {
            const int rows = m->rows - top < TILE_ROWS ? m->rows - top : TILE_ROWS, whole = (rows + 3) / 4 * 4;
            bss2_take_rows(&m->activations, first, entries, top, rows, TILE_ROWS, activations);
            hxp_deviations(m, activations, whole, deviation);
            product(activations, weights, sums, whole, n, stride);
            if (noisy) {
                words(m->key, (uint32_t)block, (uint32_t)tile, (uint32_t)left, radius, angle, half);
                hxp_normals(radius, angle, noise, noise + half, half);
            }
            for (int i = 0; i < entries; i++)
                hxp_add_tile(sums + i * stride, m->factors + (size_t)tile * (size_t)m->columns + left, noise + i * n,
                             deviation[i], totals + i * stride, n);
        }
        if (m->activations.patches) {
            hxp_write_patches(m, first, entries, left, n, totals, stride);
            continue;
        }
        for (int i = 0; i < entries; i++) {
            float *BSS2_RESTRICT out = m->out + (first + i) * m->columns + left;
            const int32_t *BSS2_RESTRICT total = totals + i * stride;
            BSS2_VECTOR
            for (int j = 0; j < n; j++) out[j] = hxp_clamp(total[j]);
        }
    }
}

/* Pack the weights of one tile of up to 128 rows and 256 columns. */
static void hxp_pack_tile(const int8_t *BSS2_RESTRICT weights, int64_t stride, int rows, int columns,
                          int8_t *BSS2_RESTRICT packed) {
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
