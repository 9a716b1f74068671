/* Multiply-accumulate of whole matrices: pulses, product, saturation, two noisy reads and their difference, sum of the tiles. */
#ifndef BSS2_HAGEN_H
#define BSS2_HAGEN_H

#include "matrix/levels.h"
#include "matrix/product.h"
#include "matrix/tiles.h"
#include "native/patches.h"

enum {
    HEMISPHERES = 2,
    VECTOR = BSS2_TAKEN,   /* rows that become pulses at a time */
    PULSE_BITS = 5,        /* drivers are given in fractions of a unit of pulses, of so many bits */
    ADDED_IN_SHORTS = 128, /* results of so many tiles fit in 16 bits */
    PAGE_BITS = 16,        /* entries of so many bits have one counter after the other */
};

typedef struct {
    int64_t batch;
    int rows, columns;                /* of the matrix */
    bss2_rows activations;            /* of all entries */
    const int16_t *weights[2];        /* packed tiles (product.h); with lines 2: those of excitatory and inhibitory rows */
    int lines;
    int64_t tile_stride;              /* weights of a tile */
    const int16_t *pulse_scale;       /* [HEMISPHERES][TILE_ROWS] per activation; like the next in fractions (PULSE_BITS) */
    const int16_t *pulse_offset;      /* [HEMISPHERES][TILE_ROWS] */
    int pulse_limit;
    const float *capacity;            /* [TILE_ROWS + 1] charge that so many events may bring to a line; with lines 2 */
    const float *kept;                /* [HEMISPHERES][TILE_ROWS + 1][TILE_COLUMNS] share that is left of so many events; or NULL */
    bss2_columns columns_of[HEMISPHERES]; /* [TILE_COLUMNS] of each; with ideal the gain gives LSB */
    const int16_t *shifted;           /* [TILE_ROWS + 1] share of the shift of columns that so many events do */
    int16_t noise_rest, noise_common; /* factors of normals (reads.h) */
    const int16_t *noise_result;      /* [HEMISPHERES][TILE_ROWS + 1][TILE_COLUMNS] factors after so many events */
    int noisy, ideal;                 /* ideal: no reads, the rounded product */
    bss2_key key;
    uint32_t purpose, first_entry, run;
    int8_t *out;                      /* [batch][columns] */
} bss2_matrix;

/* Pulses of a block of entries for one tile; returns events[i], how many each entry sends. */
BSS2_INLINE void bss2_pulses(const bss2_matrix *m, int64_t first, int entries, int top, int rows, int hemisphere,
                             int16_t *BSS2_RESTRICT pulses, int32_t *BSS2_RESTRICT events) {
    const int16_t *BSS2_RESTRICT scale = m->pulse_scale + hemisphere * TILE_ROWS;
    const int16_t *BSS2_RESTRICT offset = m->pulse_offset + hemisphere * TILE_ROWS;
    const int16_t longest = (int16_t)m->pulse_limit;
    uint8_t taken[(ENTRIES + 1) * TILE_ROWS]; /* of all entries first: what was just written by bytes is slow to read by vectors */
    bss2_take_rows(&m->activations, first, entries, top, rows, TILE_ROWS, taken);
    for (int i = 0; i < entries; i++) {
        const uint8_t *BSS2_RESTRICT row = taken + i * TILE_ROWS;
        int16_t *BSS2_RESTRICT pulse = pulses + i * TILE_ROWS;
        uint16_t sent[VECTOR] = {0};
        uint64_t fours[VECTOR / 4];
        for (int r = 0; r < rows; r += VECTOR) {
            BSS2_VECTOR
            for (int k = 0; k < VECTOR; k++) {
                const int16_t a = row[r + k];
                int16_t length = (int16_t)((int16_t)(a * scale[r + k] + offset[r + k] + (1 << (PULSE_BITS - 1))) >> PULSE_BITS);
                length = length < longest ? length : longest;
                length = length > 0 ? length : 0;
                pulse[r + k] = a > 0 ? length : 0; /* a zero sends no event */
                sent[k] = (uint16_t)(sent[k] + (a > 0));
            }
        }
        memcpy(fours, sent, sizeof(sent));
        events[i] = (int32_t)((fours[0] + fours[1] + fours[2] + fours[3]) * 0x0001000100010001u >> 48); /* the sum of all */
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

/* Add what the entries of a tile told to the total. */
BSS2_INLINE void bss2_add_tile(const int8_t *BSS2_RESTRICT told, int16_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) total[j] = (int16_t)(total[j] + told[j]);
}

/* Add sums of some tiles, which were small enough for 16 bits, to the total, and clear them. */
BSS2_INLINE void bss2_add_tiles(int16_t *BSS2_RESTRICT some, int32_t *BSS2_RESTRICT total, int n) {
    BSS2_VECTOR
    for (int j = 0; j < n; j++) total[j] += some[j];
    memset(some, 0, sizeof(int16_t) * (size_t)n);
}

/* Draw numbers for the reads of some entries of a tile, of `quads` counters each. */
BSS2_INLINE void bss2_draw(const bss2_matrix *m, bss2_numbers *numbers, uint32_t tile, int64_t entry, int entries, int quads,
                           int16_t *rest, int16_t *result) {
    for (int done = 0, count; done < entries; done += count) {
        const uint32_t number = m->first_entry + (uint32_t)(entry + done), in_page = number & ((1 << PAGE_BITS) - 1);
        const int left = (1 << PAGE_BITS) - (int)in_page;
        count = entries - done < left ? entries - done : left;
        numbers(m->key, tile, in_page * (uint32_t)quads, m->purpose + (number >> PAGE_BITS), m->run, 4 * count * quads,
                rest + 4 * done * quads, result + 4 * done * quads);
    }
}

/* What all columns of the two reads of each entry share, fractions: four entries have one counter. */
BSS2_INLINE void bss2_draw_common(const bss2_matrix *m, bss2_numbers *numbers, uint32_t tile, int64_t entry, int entries,
                                  int16_t *rest, int16_t *result) {
    const uint32_t number = m->first_entry + (uint32_t)entry;
    const int skip = (int)(number % 4);
    int16_t normal[2][ENTRIES + 2 * WORD_COLUMNS];
    numbers(m->key, tile | 0x80000000u, number / 4, m->purpose, m->run, skip + entries, normal[0], normal[1]);
    for (int i = 0; i < entries; i++) {
        rest[i] = bss2_high(normal[0][skip + i], m->noise_common);
        result[i] = bss2_high(normal[1][skip + i], m->noise_common);
    }
}

/* Copy results of an entry, whole vectors as long as there is `room`: what is too many is written over by the next entries. */
BSS2_INLINE void bss2_copy(int8_t *BSS2_RESTRICT out, const int8_t *BSS2_RESTRICT told, int n, int64_t room) {
    int j = 0;
    for (; j < n && j + VECTOR <= room; j += VECTOR) memcpy(out + j, told + j, VECTOR);
    for (; j < n; j++) out[j] = told[j];
}

/* Run the entries [ENTRIES * block, ENTRIES * (block + 1)) through all tiles; returns the events of one sending.
 *
 * Columns are rounded up to whole vectors: what the others hold comes to nothing. */
BSS2_INLINE int64_t bss2_run_block(const bss2_matrix *m, int64_t block, bss2_product *product, bss2_numbers *numbers,
                                   bss2_collect *collect, bss2_read *read) {
    int16_t pulses[ENTRIES * TILE_ROWS];
    int32_t sums[ENTRIES * TILE_COLUMNS], other[ENTRIES * TILE_COLUMNS], events[ENTRIES];
    int32_t totals[ENTRIES * TILE_COLUMNS]; /* of many tiles */
    int16_t some[ENTRIES * TILE_COLUMNS];   /* of few */
    int8_t told[ENTRIES * TILE_COLUMNS];    /* of one */
    int16_t rest[TILE_COLUMNS + WORD_COLUMNS], result[TILE_COLUMNS + WORD_COLUMNS];
    int16_t common[2][ENTRIES], level[TILE_COLUMNS];
    float left_over[TILE_COLUMNS];
    const int64_t first = block * ENTRIES;
    const int entries = (int)(m->batch - first < ENTRIES ? m->batch - first : ENTRIES);
    const int one = m->rows <= TILE_ROWS, many = m->rows > ADDED_IN_SHORTS * TILE_ROWS;
    int64_t sent = 0, tile = 0;
    memset(pulses + entries * TILE_ROWS, 0, sizeof(int16_t) * (size_t)((ENTRIES - entries) * TILE_ROWS));
    for (int left = 0; left < m->columns; left += TILE_COLUMNS) {
        const int n = m->columns - left < TILE_COLUMNS ? m->columns - left : TILE_COLUMNS, quads = (n + 3) / 4;
        const int wide = (n + 15) / 16 * 16, stride = (n + PACK - 1) / PACK * PACK, together = TILE_COLUMNS / (4 * quads);
        if (!one) memset(some, 0, sizeof(int16_t) * (size_t)(entries * stride));
        if (many) memset(totals, 0, sizeof(totals));
        for (int top = 0; top < m->rows; top += TILE_ROWS, tile++) {
            const int rows = m->rows - top < TILE_ROWS ? m->rows - top : TILE_ROWS, pairs = rows + rows % 2;
            const int hemisphere = (int)(tile % HEMISPHERES);
            bss2_columns columns = m->columns_of[hemisphere];
            bss2_noise noise = {{rest, result}, m->noise_rest, NULL, {0, 0}};
            bss2_pulses(m, first, entries, top, rows, hemisphere, pulses, events);
            product(pulses, m->weights[0] + tile * m->tile_stride, sums, entries, pairs, n, stride);
            if (m->lines == 2) product(pulses, m->weights[1] + tile * m->tile_stride, other, entries, pairs, n, stride);
            if (m->noisy) bss2_draw_common(m, numbers, (uint32_t)tile, first, entries, common[0], common[1]);
            for (int i = 0; i < entries; i++) {
                int32_t *sum = sums + i * stride;
                int8_t *difference = told + i * stride;
                sent += events[i];
                if (m->lines == 2) bss2_join_lines(m->capacity[events[i]], other + i * stride, sum, n);
                if (m->kept) {
                    const float *BSS2_RESTRICT kept = m->kept + (hemisphere * (TILE_ROWS + 1) + events[i]) * TILE_COLUMNS;
                    for (int j = 0; j < n; j++) left_over[j] = m->columns_of[hemisphere].gain[j] * kept[j];
                    columns.gain = left_over;
                }
                if (m->ideal) {
                    bss2_round(columns.gain, sum, difference, n);
                    continue;
                }
                if (collect(&columns, m->shifted[events[i]], sum, level, wide)) bss2_bend(&columns, level, n);
                if (!m->noisy) {
                    bss2_read_quietly(&columns, level, difference, n);
                    continue;
                }
                if (i % together == 0)
                    bss2_draw(m, numbers, (uint32_t)tile, first + i, entries - i < together ? entries - i : together, quads, rest, result);
                noise.normal[0] = rest + i % together * 4 * quads;
                noise.normal[1] = result + i % together * 4 * quads;
                noise.result = m->noise_result + (hemisphere * (TILE_ROWS + 1) + events[i]) * TILE_COLUMNS;
                noise.common[0] = common[0][i], noise.common[1] = common[1][i];
                read(&columns, &noise, level, difference, wide);
            }
            if (!one) bss2_add_tile(told, some, entries * stride);
            if (tile % ADDED_IN_SHORTS == ADDED_IN_SHORTS - 1 && many) bss2_add_tiles(some, totals, entries * stride);
        }
        if (many) bss2_add_tiles(some, totals, entries * stride);
        for (int i = 0; i < entries; i++) {
            int8_t *BSS2_RESTRICT out = m->out + (first + i) * m->columns + left;
            const int32_t *BSS2_RESTRICT total = totals + i * stride;
            const int16_t *BSS2_RESTRICT few = some + i * stride;
            if (one) {
                bss2_copy(out, told + i * stride, n, n == m->columns ? (int64_t)(entries - i) * n : n);
                continue;
            }
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

#define BSS2_DEFINE_HAGEN(NAME, TARGET, PRODUCT, READS, PACK_TILE)                                                          \
    TARGET static int64_t bss2_run_##NAME(const bss2_matrix *m, int64_t block) {                                                \
        return bss2_run_block(m, block, PRODUCT, bss2_numbers_##READS, bss2_collect_##READS, bss2_read_##READS);               \
    }                                                                                                                           \
    TARGET static void bss2_pack_##NAME(const bss2_synapses *s, int16_t *packed) { PACK_TILE(s, packed); }

#if BSS2_X86
BSS2_DEFINE_HAGEN(plain, , bss2_product_sse2, plain, bss2_pack_pairs)
BSS2_DEFINE_HAGEN(avx2, BSS2_TARGET_AVX2, bss2_product_avx2, avx2, bss2_pack_pairs)
BSS2_DEFINE_HAGEN(avx512, BSS2_TARGET_AVX512, bss2_product_avx512, avx512, bss2_pack_pairs)
BSS2_DEFINE_HAGEN(vnni, BSS2_TARGET_VNNI, bss2_product_vnni, avx512, bss2_pack_pairs)
#else
BSS2_DEFINE_HAGEN(plain, , bss2_product_plain, plain, bss2_pack_pairs)
#endif
#if BSS2_HAS_TILES
BSS2_TARGET_TILES static int64_t bss2_run_tiles(const bss2_matrix *m, int64_t block) {
    bss2_shape_tiles();
    const int64_t sent = bss2_run_block(m, block, bss2_product_tiles, bss2_numbers_avx512, bss2_collect_avx512, bss2_read_avx512);
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
