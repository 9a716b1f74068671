/* Multiply-accumulate of whole matrices: pulses, product, saturation, two noisy reads and their difference, sum of the tiles.
 *
 * What is read lies in int16, in fractions of an LSB (FRACTION), which is fine beside noise of 1 LSB and makes vectors wide.
 */
#ifndef BSS2_HAGEN_H
#define BSS2_HAGEN_H

#include "matrix/product.h"
#include "matrix/tiles.h"
#include "noise/reads.h"

enum {
    HEMISPHERES = 2,
    FRACTION_BITS = 5,
    FRACTION = 1 << FRACTION_BITS,
    PULSE_BITS = 5,        /* drivers are given in fractions of a unit of pulses, of so many bits */
    FARTHEST = 400,        /* LSB that a column may be read, and move, at most: far beyond the ADC, and no sum leaves int16 */
    ADDED_IN_SHORTS = 128, /* results of so many tiles fit in 16 bits */
    PAGE_BITS = 16,        /* entries of so many bits have one counter after the other */
};

typedef struct {
    int64_t batch;
    int rows, columns;                /* of the matrix */
    int64_t activation_stride;
    const uint8_t *activations;       /* [batch][rows], or [image][activation_stride] */
    int64_t patches;                  /* entries that an image has, or 0: activations are rows as they stand */
    const int32_t *starts, *offsets;  /* [patches], [rows]: row r of patch p is byte starts[p] + offsets[r] of its image */
    const int16_t *weights[2];        /* packed tiles (product.h); with lines 2: those of excitatory and inhibitory rows */
    int lines;
    int64_t tile_stride;              /* weights of a tile */
    const int16_t *pulse_scale;       /* [HEMISPHERES][TILE_ROWS] per activation; like the next in fractions (PULSE_BITS) */
    const int16_t *pulse_offset;      /* [HEMISPHERES][TILE_ROWS] */
    int pulse_limit;
    const float *capacity;            /* [TILE_ROWS + 1] charge that so many events may bring to a line; with lines 2 */
    const float *gain;                /* [HEMISPHERES][TILE_COLUMNS] fractions; with ideal LSB */
    const float *kept;                /* [HEMISPHERES][TILE_ROWS + 1][TILE_COLUMNS] share that is left of so many events; or NULL */
    const float *shift;               /* [HEMISPHERES][TILE_COLUMNS] fractions that many events move a column by */
    const float *shifted;             /* [TILE_ROWS + 1] share of that which so many events do */
    const int16_t *baseline;          /* [HEMISPHERES][TILE_COLUMNS] fractions, within +-FARTHEST LSB */
    const float *lowest;              /* [HEMISPHERES][TILE_COLUMNS] fractions: -1.3 of the limit of the negative side */
    const float *inverse_limit;       /* its inverse, or 0 */
    const float *bend;                /* limit / 1.2 */
    int16_t noise_rest, noise_common; /* factors of normals (reads.h) */
    const int16_t *noise_result;      /* [HEMISPHERES][TILE_ROWS + 1][TILE_COLUMNS] factors after so many events */
    int noisy, ideal;                 /* ideal: no reads, the rounded product */
    bss2_key key;
    uint32_t purpose, first_entry, run;
    int8_t *out;                      /* [batch][columns] */
} bss2_matrix;

typedef struct {
    const float *gain, *shift, *lowest, *inverse_limit, *bend; /* of the columns of one hemisphere */
} bss2_columns;

/* Copy the activations of an entry for the rows of a tile; zeros follow. */
BSS2_INLINE void bss2_take_row(const bss2_matrix *m, int64_t entry, int top, int rows, uint8_t *BSS2_RESTRICT row) {
    if (m->patches) {
        const uint8_t *BSS2_RESTRICT patch = m->activations + entry / m->patches * m->activation_stride + m->starts[entry % m->patches];
        const int32_t *BSS2_RESTRICT offsets = m->offsets + top;
        for (int r = 0; r < rows; r++) row[r] = patch[offsets[r]];
    } else {
        memcpy(row, m->activations + entry * m->activation_stride + top, (size_t)rows);
    }
    memset(row + rows, 0, (size_t)(TILE_ROWS - rows));
}

/* Pulses of a block of entries for one tile; returns events[i], how many each entry sends. */
BSS2_INLINE void bss2_pulses(const bss2_matrix *m, int64_t first, int entries, int top, int rows, int hemisphere,
                             int16_t *BSS2_RESTRICT pulses, int32_t *BSS2_RESTRICT events) {
    const int16_t *BSS2_RESTRICT scale = m->pulse_scale + hemisphere * TILE_ROWS;
    const int16_t *BSS2_RESTRICT offset = m->pulse_offset + hemisphere * TILE_ROWS;
    const int16_t longest = (int16_t)m->pulse_limit;
    const int whole = (rows + 15) / 16 * 16; /* vectors; rows that are not there send nothing */
    uint8_t row[TILE_ROWS];
    for (int i = 0; i < entries; i++) {
        int16_t *BSS2_RESTRICT pulse = pulses + i * TILE_ROWS;
        int32_t sent = 0;
        bss2_take_row(m, first + i, top, rows, row);
        BSS2_VECTOR
        for (int r = 0; r < whole; r++) {
            const int16_t a = row[r];
            int16_t length = (int16_t)((int16_t)(a * scale[r] + offset[r] + (1 << (PULSE_BITS - 1))) >> PULSE_BITS);
            length = length < longest ? length : longest;
            length = length > 0 ? length : 0;
            pulse[r] = a > 0 ? length : 0; /* a zero sends no event */
        }
        BSS2_VECTOR
        for (int r = 0; r < whole; r++) sent += row[r] > 0;
        events[i] = sent;
    }
}

/* What a line of synapses makes of charge: linear as far as `capacity`, flat from twice that, a parabola in between. */
BSS2_INLINE float bss2_line(int32_t charge, float capacity, float inverse) {
    const float size = fabsf((float)charge), beyond = size - capacity;
    const float flat = beyond - capacity > 0.0f ? beyond - capacity : 0.0f;
    const float knee = (beyond > 0.0f ? beyond : 0.0f) - flat;
    return copysignf(size - knee * knee * inverse - flat, (float)charge);
}

/* Replace the charge of both lines of each column by what arrives of it in total. */
BSS2_INLINE void bss2_join_lines(float capacity, const int32_t *BSS2_RESTRICT other, int32_t *BSS2_RESTRICT sum, int n) {
    const float inverse = capacity > 0.0f ? 0.5f / capacity : 0.0f;
    for (int j = 0; j < n; j++)
        sum[j] = (int32_t)(bss2_line(sum[j], capacity, inverse) + bss2_line(other[j], capacity, inverse));
}

/* Charge to fractions of an LSB; the negative side saturates: linear to 0.7 of its limit, flat from 1.3, a parabola between. */
BSS2_INLINE void bss2_collect(const bss2_columns *column, float shifted, const int32_t *BSS2_RESTRICT sum,
                              int16_t *BSS2_RESTRICT collected, int n) {
    const float *BSS2_RESTRICT gain = column->gain, *BSS2_RESTRICT shift = column->shift;
    const float *BSS2_RESTRICT lowest = column->lowest, *BSS2_RESTRICT inverse = column->inverse_limit;
    const float *BSS2_RESTRICT bend = column->bend;
    int32_t wide[TILE_COLUMNS];
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const float y = gain[j] * (float)sum[j] + shifted * shift[j];
        float knee = -0.7f - y * inverse[j];
        knee = knee > 0.0f ? knee : 0.0f;
        knee = knee < 0.6f ? knee : 0.6f;
        float inside = y < (float)(FARTHEST * FRACTION) ? y : (float)(FARTHEST * FRACTION);
        inside = inside > lowest[j] ? inside : lowest[j];
        const float rounded = inside + knee * knee * bend[j] + 12582912.0f; /* 1.5 * 2^23: lower bits are the rounded number */
        memcpy(&wide[j], &rounded, 4);
    }
    BSS2_VECTOR
    for (int j = 0; j < n; j++) collected[j] = (int16_t)wide[j]; /* the constant has no bit there */
}

BSS2_INLINE int16_t bss2_code(int16_t level) { /* round and clip to the ADC */
    int16_t code = (int16_t)((int16_t)(level + FRACTION / 2) >> FRACTION_BITS);
    code = code > 0 ? code : 0;
    return code < 255 ? code : 255;
}

/* What two reads have of noise: halves of words for each column, the number that its columns share, and factors. */
typedef struct {
    const uint16_t *halves[2]; /* at rest, after integration */
    const int16_t *factor[2];
    int16_t common[2];         /* fractions */
} bss2_noise;

/* Read one batch entry: add what the column ADC tells to its total. */
BSS2_INLINE void bss2_read(const bss2_noise *noise, const int16_t *BSS2_RESTRICT baseline,
                           const int16_t *BSS2_RESTRICT collected, int16_t *BSS2_RESTRICT total, int n) {
    const uint16_t *BSS2_RESTRICT rest = noise->halves[0], *BSS2_RESTRICT result = noise->halves[1];
    const int16_t *BSS2_RESTRICT factor_rest = noise->factor[0], *BSS2_RESTRICT factor_result = noise->factor[1];
    const int16_t common_rest = noise->common[0], common_result = noise->common[1];
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const int16_t before = (int16_t)(baseline[j] + bss2_high(bss2_read_normal(rest[j]), factor_rest[j]) + common_rest);
        const int16_t after = (int16_t)((int16_t)(baseline[j] + collected[j]) + bss2_high(bss2_read_normal(result[j]), factor_result[j]) +
                                        common_result);
        int16_t difference = (int16_t)(bss2_code(after) - bss2_code(before));
        difference = difference > -128 ? difference : -128;
        total[j] = (int16_t)(total[j] + (difference < 127 ? difference : 127));
    }
}

/* The same without noise. */
BSS2_INLINE void bss2_read_quietly(const int16_t *BSS2_RESTRICT baseline, const int16_t *BSS2_RESTRICT collected,
                                   int16_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        int16_t difference = (int16_t)(bss2_code((int16_t)(baseline[j] + collected[j])) - bss2_code(baseline[j]));
        difference = difference > -128 ? difference : -128;
        total[j] = (int16_t)(total[j] + (difference < 127 ? difference : 127));
    }
}

/* An ideal chip: round half away from zero and clip. */
BSS2_INLINE void bss2_round(const int32_t *BSS2_RESTRICT sum, const float *BSS2_RESTRICT gain, int16_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const float y = gain[j] * (float)sum[j];
        const float size = fabsf(y) < 4096.0f ? fabsf(y) : 4096.0f;
        const int32_t code = (int32_t)copysignf(size + 0.5f, y);
        const int32_t above = code < -128 ? -128 : code;
        total[j] = (int16_t)(total[j] + (above > 127 ? 127 : above));
    }
}

/* Add sums of some tiles, which were small enough for 16 bits, to the total, and clear them. */
BSS2_INLINE void bss2_add_tiles(int16_t *BSS2_RESTRICT some, int32_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) total[j] += some[j];
    memset(some, 0, sizeof(int16_t) * (size_t)n);
}

/* Draw words for the reads of some entries of a tile, of `quads` counters each. */
BSS2_INLINE void bss2_draw(const bss2_matrix *m, bss2_words *words, uint32_t tile, int64_t entry, int entries, int quads,
                           uint16_t *rest, uint16_t *result) {
    for (int done = 0, count; done < entries; done += count) {
        const uint32_t number = m->first_entry + (uint32_t)(entry + done), in_page = number & ((1 << PAGE_BITS) - 1);
        const int left = (1 << PAGE_BITS) - (int)in_page;
        count = entries - done < left ? entries - done : left;
        words(m->key, tile, in_page * (uint32_t)quads, m->purpose + (number >> PAGE_BITS), m->run, 4 * count * quads,
              rest + 4 * done * quads, result + 4 * done * quads);
    }
}

/* What all columns of the two reads of an entry share, fractions. */
BSS2_INLINE void bss2_draw_common(const bss2_matrix *m, uint32_t tile, int64_t entry, int16_t *common) {
    const uint32_t number = m->first_entry + (uint32_t)entry;
    const uint32_t word = bss2_philox(m->key, tile | 0x80000000u, number, m->purpose, m->run).w[0];
    common[0] = bss2_high(bss2_read_normal(word & 0xFFFF), m->noise_common);
    common[1] = bss2_high(bss2_read_normal((uint16_t)(word >> 16)), m->noise_common);
}

/* Run the entries [ENTRIES * block, ENTRIES * (block + 1)) through all tiles; returns the events of one sending.
 *
 * Columns are rounded up to whole vectors: what the others hold comes to nothing. */
BSS2_INLINE int64_t bss2_run_block(const bss2_matrix *m, int64_t block, bss2_product *product, bss2_words *words) {
    int16_t pulses[ENTRIES * TILE_ROWS] = {0};
    int32_t sums[ENTRIES * TILE_COLUMNS], other[ENTRIES * TILE_COLUMNS], events[ENTRIES];
    int32_t totals[ENTRIES * TILE_COLUMNS]; /* of many tiles */
    int16_t some[ENTRIES * TILE_COLUMNS];   /* of few */
    uint16_t rest[TILE_COLUMNS + WORD_COLUMNS], result[TILE_COLUMNS + WORD_COLUMNS];
    int16_t collected[TILE_COLUMNS];
    float left_over[TILE_COLUMNS];
    int16_t factor_rest[TILE_COLUMNS]; /* all the same: vectors of 16 bits need them as an array */
    const int64_t first = block * ENTRIES;
    const int entries = (int)(m->batch - first < ENTRIES ? m->batch - first : ENTRIES);
    const int many = m->rows > ADDED_IN_SHORTS * TILE_ROWS;
    int64_t sent = 0, tile = 0;
    for (int j = 0; j < TILE_COLUMNS; j++) factor_rest[j] = m->noise_rest;
    for (int left = 0; left < m->columns; left += TILE_COLUMNS) {
        const int n = m->columns - left < TILE_COLUMNS ? m->columns - left : TILE_COLUMNS, quads = (n + 3) / 4;
        const int wide = (n + 15) / 16 * 16, stride = (n + PACK - 1) / PACK * PACK, together = TILE_COLUMNS / (4 * quads);
        memset(some, 0, sizeof(int16_t) * (size_t)(entries * stride));
        if (many) memset(totals, 0, sizeof(totals));
        for (int top = 0; top < m->rows; top += TILE_ROWS, tile++) {
            const int rows = m->rows - top < TILE_ROWS ? m->rows - top : TILE_ROWS, pairs = rows + rows % 2;
            const int hemisphere = (int)(tile % HEMISPHERES), side = hemisphere * TILE_COLUMNS;
            const int16_t *baseline = m->baseline + side;
            bss2_columns columns = {m->gain + side, m->shift + side, m->lowest + side, m->inverse_limit + side, m->bend + side};
            bss2_noise noise = {{rest, result}, {factor_rest, NULL}, {0, 0}};
            bss2_pulses(m, first, entries, top, rows, hemisphere, pulses, events);
            product(pulses, m->weights[0] + tile * m->tile_stride, sums, entries, pairs, n, stride);
            if (m->lines == 2) product(pulses, m->weights[1] + tile * m->tile_stride, other, entries, pairs, n, stride);
            for (int i = 0; i < entries; i++) {
                int32_t *sum = sums + i * stride;
                int16_t *total = some + i * stride;
                sent += events[i];
                if (m->lines == 2) bss2_join_lines(m->capacity[events[i]], other + i * stride, sum, n);
                if (m->kept) {
                    const float *BSS2_RESTRICT kept = m->kept + (hemisphere * (TILE_ROWS + 1) + events[i]) * TILE_COLUMNS;
                    for (int j = 0; j < n; j++) left_over[j] = m->gain[side + j] * kept[j];
                    columns.gain = left_over;
                }
                if (m->ideal) {
                    bss2_round(sum, columns.gain, total, n);
                    continue;
                }
                bss2_collect(&columns, m->shifted[events[i]], sum, collected, wide);
                if (!m->noisy) {
                    bss2_read_quietly(baseline, collected, total, wide);
                    continue;
                }
                if (i % together == 0)
                    bss2_draw(m, words, (uint32_t)tile, first + i, entries - i < together ? entries - i : together, quads, rest, result);
                bss2_draw_common(m, (uint32_t)tile, first + i, noise.common);
                noise.halves[0] = rest + i % together * 4 * quads;
                noise.halves[1] = result + i % together * 4 * quads;
                noise.factor[1] = m->noise_result + (hemisphere * (TILE_ROWS + 1) + events[i]) * TILE_COLUMNS;
                bss2_read(&noise, baseline, collected, total, wide);
            }
            if (tile % ADDED_IN_SHORTS == ADDED_IN_SHORTS - 1 && many) bss2_add_tiles(some, totals, entries * stride);
        }
        if (many) bss2_add_tiles(some, totals, entries * stride);
        for (int i = 0; i < entries; i++) {
            int8_t *BSS2_RESTRICT out = m->out + (first + i) * m->columns + left;
            const int32_t *BSS2_RESTRICT total = totals + i * stride;
            const int16_t *BSS2_RESTRICT few = some + i * stride;
            for (int j = 0; j < n; j++) {
                const int32_t found = many ? total[j] : few[j], above = found < -128 ? -128 : found;
                out[j] = (int8_t)(above > 127 ? 127 : above);
            }
        }
    }
    return sent;
}

typedef struct {
    const int8_t *weights; /* of one tile, signed */
    int64_t stride;        /* from row to row */
    const float *strength; /* factor of each synapse, (2 TILE_ROWS, TILE_COLUMNS): inhibitory and excitatory row of each driver */
    const float *dac;      /* what weights 0 to 63 are in the quadrants of both halves of the columns */
    const float *ratio_inh, *ratio_exc; /* factors of columns */
    int rows, columns;
    int line; /* 1 or -1: rows of that sign only; 0: all */
} bss2_synapses;

/* What the synapses of some rows weigh: signed weight times its ratio and its synapse's factor, rounded. */
BSS2_INLINE void bss2_weigh(const bss2_synapses *s, int row, int rows, int32_t (*code)[TILE_COLUMNS]) {
    const float *BSS2_RESTRICT ratio_inh = s->ratio_inh, *BSS2_RESTRICT ratio_exc = s->ratio_exc;
    const float *BSS2_RESTRICT dac = s->dac;
    const int line = s->line;
    for (int k = 0; k < rows; k++) {
        if (row + k >= s->rows) {
            memset(code[k], 0, sizeof(code[k]));
            continue;
        }
        const int8_t *BSS2_RESTRICT weight = s->weights + (row + k) * s->stride;
        const float *BSS2_RESTRICT inh = s->strength + (size_t)(2 * (row + k)) * TILE_COLUMNS;
        const float *BSS2_RESTRICT exc = inh + TILE_COLUMNS;
        BSS2_VECTOR
        for (int j = 0; j < s->columns; j++) {
            int32_t w = weight[j];
            w = line * w < 0 ? 0 : w;
            const float up = exc[j] * ratio_exc[j], down = inh[j] * ratio_inh[j];
            const float level = dac[j / (TILE_COLUMNS / 2) * 64 + ((w < 0 ? -w : w) & 63)];
            const float heavy = w > 0 ? level * up : -level * down;
            code[k][j] = (int32_t)(heavy + copysignf(0.5f, heavy));
        }
    }
}

/* Pack the weights of one tile by pairs of rows, for product.h. */
BSS2_INLINE void bss2_pack_pairs(const bss2_synapses *s, int16_t *packed) {
    const int pairs = s->rows + s->rows % 2;
    int32_t code[2][TILE_COLUMNS];
    uint32_t both[TILE_COLUMNS + PACK] = {0};
    for (int r = 0; r < pairs; r += 2) {
        bss2_weigh(s, r, 2, code);
        BSS2_VECTOR
        for (int j = 0; j < s->columns; j++) both[j] = ((uint32_t)code[0][j] & 0xFFFF) | (uint32_t)code[1][j] << 16;
        for (int c = 0; c < s->columns; c += PACK) memcpy(packed + bss2_pack(pairs, c, r / 2), both + c, 4 * PACK);
    }
}

/* Pack the weights of one tile by four rows, for tiles.h. */
BSS2_INLINE void bss2_pack_quads(const bss2_synapses *s, int16_t *packed) {
    const int depths = (s->rows + DEPTH - 1) / DEPTH;
    int32_t code[4][TILE_COLUMNS];
    uint32_t upper[TILE_COLUMNS + PACK] = {0}, lower[TILE_COLUMNS + PACK] = {0};
    for (int r = 0; r < depths * DEPTH; r += 4) {
        bss2_weigh(s, r, 4, code);
        BSS2_VECTOR
        for (int j = 0; j < s->columns; j++) {
            uint32_t high = 0, low = 0;
            for (int k = 0; k < 4; k++) {
                const int32_t rest = ((code[k][j] + 64) & 127) - 64;
                high |= ((uint32_t)((code[k][j] - rest) >> 7) & 0xFF) << 8 * k;
                low |= ((uint32_t)rest & 0xFF) << 8 * k;
            }
            upper[j] = high, lower[j] = low;
        }
        for (int c = 0; c < s->columns; c += SIDE) {
            int8_t *tile = (int8_t *)packed + bss2_tile(depths, c, r);
            memcpy(tile, upper + c, 4 * SIDE);
            memcpy(tile + TILE_BYTES, lower + c, 4 * SIDE);
        }
    }
}

typedef int64_t bss2_run_function(const bss2_matrix *m, int64_t block);
typedef void bss2_pack_function(const bss2_synapses *s, int16_t *packed);

#define BSS2_DEFINE_HAGEN(NAME, TARGET, PRODUCT, WORDS, PACK_TILE)                                                            \
    TARGET static int64_t bss2_run_##NAME(const bss2_matrix *m, int64_t block) {                                                \
        return bss2_run_block(m, block, PRODUCT, WORDS);                                                                      \
    }                                                                                                                           \
    TARGET static void bss2_pack_##NAME(const bss2_synapses *s, int16_t *packed) { PACK_TILE(s, packed); }

#if BSS2_X86
BSS2_DEFINE_HAGEN(plain, , bss2_product_sse2, bss2_words_plain, bss2_pack_pairs)
BSS2_DEFINE_HAGEN(avx2, BSS2_TARGET_AVX2, bss2_product_avx2, bss2_words_avx2, bss2_pack_pairs)
BSS2_DEFINE_HAGEN(avx512, BSS2_TARGET_AVX512, bss2_product_avx512, bss2_words_avx512, bss2_pack_pairs)
BSS2_DEFINE_HAGEN(vnni, BSS2_TARGET_VNNI, bss2_product_vnni, bss2_words_avx512, bss2_pack_pairs)
#else
BSS2_DEFINE_HAGEN(plain, , bss2_product_plain, bss2_words_plain, bss2_pack_pairs)
#endif
#if BSS2_HAS_TILES
BSS2_TARGET_TILES static int64_t bss2_run_tiles(const bss2_matrix *m, int64_t block) {
    bss2_shape_tiles();
    const int64_t sent = bss2_run_block(m, block, bss2_product_tiles, bss2_words_avx512);
    _tile_release();
    return sent;
}
BSS2_TARGET_TILES static void bss2_pack_tiles(const bss2_synapses *s, int16_t *packed) { bss2_pack_quads(s, packed); }
#endif

static bss2_run_function *const bss2_run_functions[] =
    BSS2_TABLE(bss2_run_plain, bss2_run_avx2, bss2_run_avx512, bss2_run_vnni, bss2_run_tiles);
static bss2_pack_function *const bss2_pack_functions[] =
    BSS2_TABLE(bss2_pack_plain, bss2_pack_avx2, bss2_pack_avx512, bss2_pack_vnni, bss2_pack_tiles);

/* The best instruction set for products; asks the operating system for tiles where there are some. */
static int bss2_matrix_instructions(void) {
    const int best = bss2_instructions();
    return best == BSS2_VNNI && bss2_limit >= BSS2_TILES && bss2_may_use_tiles() ? BSS2_TILES : best;
}

#endif
