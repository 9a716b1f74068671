/* Multiply-accumulate of one tile: pulses, product, saturation, two noisy reads and their difference. */
#ifndef BSS2_HAGEN_H
#define BSS2_HAGEN_H

#include "noise.h"
#include "product.h"

typedef struct {
    int64_t batch, activation_stride, total_stride; /* elements between batch entries */
    int rows, columns;
    const uint8_t *activations;                     /* [batch][rows] */
    const float *pulse_offset;                      /* [rows] */
    float pulse_scale, pulse_limit;
    const float *weights;                           /* packed, see product.h */
    const float *gain, *baseline;                   /* [TILE_COLUMNS] LSB */
    const float *limit, *inverse_limit;             /* [TILE_COLUMNS] LSB where the negative side ends, 0 and 0: nowhere */
    float noise_baseline, noise_result;             /* LSB rms */
    int ideal;                                      /* no reads: the rounded product */
    bss2_key key;
    uint32_t purpose, number, first_entry, run;     /* number of the tile */
    int32_t *total;                                 /* [batch][columns] */
} bss2_tile;

/* Round half away from zero and clip to integers. (One comparison of floats, the rest of integers: two would be turned into
 * branches, which keeps the loops from being vectorised.) */
BSS2_INLINE int32_t bss2_code(float x, int32_t low, int32_t high) {
    const float size = fabsf(x) < 4096.0f ? fabsf(x) : 4096.0f;
    const int32_t code = (int32_t)copysignf(size + 0.5f, x);
    const int32_t above = code < low ? low : code;
    return above > high ? high : above;
}

/* Read one batch entry: add what the column ADC tells to its total. */
BSS2_INLINE void bss2_read(const bss2_tile *tile, const float *BSS2_RESTRICT product, const float *BSS2_RESTRICT noise_baseline,
                           const float *BSS2_RESTRICT noise_result, int32_t *BSS2_RESTRICT total) {
    const float *BSS2_RESTRICT gain = tile->gain, *BSS2_RESTRICT baseline = tile->baseline, *BSS2_RESTRICT limit = tile->limit;
    const float *BSS2_RESTRICT inverse = tile->inverse_limit;
    const int n = tile->columns;
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        float y = gain[j] * product[j];
        const float r = -y * inverse[j]; /* in units of the limit: linear to 0.7, flat from 1.3 */
        float knee = r - 0.7f, flat = r - 1.3f;
        flat = flat > 0.0f ? flat : 0.0f;
        knee = (knee > 0.0f ? knee : 0.0f) - flat;
        y += limit[j] * (knee * knee * (1.0f / 1.2f) + flat);
        const int32_t rest = bss2_code(baseline[j] + noise_baseline[j], 0, 255);
        const int32_t read = bss2_code(baseline[j] + y + noise_result[j], 0, 255);
        const int32_t difference = read - rest;
        const int32_t above = difference < -128 ? -128 : difference;
        total[j] += above > 127 ? 127 : above;
    }
}

enum { GROUP = 4 }; /* batch entries that share a counter of the noise: each has its word */

/* Noise of the two reads of a group of entries, [2 * GROUP][TILE_COLUMNS]. */
BSS2_INLINE void bss2_read_noise(const bss2_tile *tile, uint32_t group, float *BSS2_RESTRICT noise) {
    const float baseline = tile->noise_baseline, result = tile->noise_result;
    const bss2_key key = tile->key;
    const uint32_t purpose = tile->purpose, number = tile->number, run = tile->run;
    const int n = tile->columns;
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const bss2_word4 word = bss2_philox(key, group, purpose + (uint32_t)j, number, run);
        for (int i = 0; i < GROUP; i++) {
            float a, b;
            bss2_coarse_pair(word.w[i], &a, &b);
            noise[(2 * i) * TILE_COLUMNS + j] = a * baseline;
            noise[(2 * i + 1) * TILE_COLUMNS + j] = b * result;
        }
    }
}

/* Run the entries [ENTRIES * block, ENTRIES * (block + 1)), counted like noise, as far as they are in the batch. */
BSS2_CLONES
void bss2_run_block(const bss2_tile *tile, bss2_product *product, int64_t block) {
    float pulses[ENTRIES][TILE_ROWS], sums[ENTRIES * TILE_COLUMNS], noise[2 * GROUP * TILE_COLUMNS];
    const int noisy = tile->noise_baseline != 0.0f || tile->noise_result != 0.0f;
    const int64_t first = block * ENTRIES - (int64_t)tile->first_entry;
    const float scale = tile->pulse_scale, longest = tile->pulse_limit;
    memset(pulses, 0, sizeof(pulses));
    for (int i = 0; i < ENTRIES; i++) {
        const int64_t b = first + i;
        if (b < 0 || b >= tile->batch) continue;
        const uint8_t *BSS2_RESTRICT activation = tile->activations + b * tile->activation_stride;
        const float *BSS2_RESTRICT offset = tile->pulse_offset;
        float *BSS2_RESTRICT pulse = pulses[i];
        BSS2_VECTOR
        for (int r = 0; r < tile->rows; r++) {
            const float sent = (float)(int32_t)activation[r];
            float length = sent * scale + offset[r];
            length = length < longest ? length : longest;
            length = length > 0.0f ? length : 0.0f;
            pulse[r] = sent > 0.0f ? length : 0.0f; /* a zero sends no event */
        }
    }
    product(pulses[0], tile->weights, sums, tile->rows, tile->columns);
    memset(noise, 0, sizeof(noise));
    for (int i = 0; i < ENTRIES; i++) {
        const int64_t b = first + i;
        if (noisy && !tile->ideal && i % GROUP == 0 && b + GROUP > 0 && b < tile->batch)
            bss2_read_noise(tile, (uint32_t)((block * ENTRIES + i) / GROUP), noise);
        if (b < 0 || b >= tile->batch) continue;
        int32_t *BSS2_RESTRICT total = tile->total + b * tile->total_stride;
        const float *BSS2_RESTRICT sum = sums + i * TILE_COLUMNS;
        const float *BSS2_RESTRICT gain = tile->gain;
        if (tile->ideal) {
            const int n = tile->columns;
            BSS2_VECTOR
            for (int j = 0; j < n; j++) total[j] += bss2_code(gain[j] * sum[j], -128, 127);
        } else {
            const float *own = noise + 2 * (i % GROUP) * TILE_COLUMNS;
            bss2_read(tile, sum, own, own + TILE_COLUMNS, total);
        }
    }
}

/* What the synapses of a tile weigh: signed weight times its ratio and its synapse's factor, rounded, packed. */
BSS2_CLONES
void bss2_pack_weights(const int8_t *weights, int64_t stride, const float *strength, const float *ratio_inh,
                       const float *ratio_exc, int rows, int columns, float *packed) {
    for (int r = 0; r < rows; r++) {
        const int8_t *BSS2_RESTRICT weight = weights + r * stride;
        const float *BSS2_RESTRICT inh = strength + (size_t)(2 * r) * TILE_COLUMNS, *BSS2_RESTRICT exc = inh + TILE_COLUMNS;
        float row[TILE_COLUMNS];
        BSS2_VECTOR
        for (int j = 0; j < columns; j++) {
            const float up = exc[j] * ratio_exc[j], down = inh[j] * ratio_inh[j];
            row[j] = (float)bss2_code((float)(int32_t)weight[j] * (weight[j] > 0 ? up : down), -4096, 4096);
        }
        for (int from = 0; from < columns; from += PACK)
            memcpy(packed + ((size_t)(from / PACK) * rows + r) * PACK, row + from,
                   sizeof(float) * (size_t)(columns - from < PACK ? columns - from : PACK));
    }
}

BSS2_CLONES
void bss2_clamp(const int32_t *BSS2_RESTRICT total, int8_t *BSS2_RESTRICT out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const int32_t above = total[i] < -128 ? -128 : total[i];
        out[i] = (int8_t)(above > 127 ? 127 : above);
    }
}

#endif
