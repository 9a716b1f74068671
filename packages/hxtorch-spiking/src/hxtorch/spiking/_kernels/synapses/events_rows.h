/* Rows of spikes in one precision; included once for each. */

typedef struct {
    int64_t rows, sources, targets, words; /* words of bits per row */
    const REAL *spikes;                    /* [rows][sources] */
    uint64_t *bits;                        /* [rows][words] */
    const REAL *weights;                   /* [sources][padded] forwards, [targets][sources] backwards */
    int64_t padded;                        /* targets and what rows are filled up with */
    REAL *output;                          /* [rows][targets] */
    const REAL *grad_output;               /* [rows][targets] */
    REAL *grad_input;                      /* [rows][sources] */
    int graded;                            /* spikes have other values than 0 and 1 */
    int many;                              /* so many that sums stay in registers meanwhile; else rows are added in fours */
} NAME(hx_events);

#if BSS2_X86 && !defined(HX_DOUBLE)
/* As below; 16 numbers are compared at once. */
BSS2_TARGET_AVX512 static int64_t hx_scan_wide(const hx_events_f32 *job, int64_t first, int64_t last) {
    const __m512 zero = _mm512_setzero_ps(), one = _mm512_set1_ps(1.0f);
    int64_t count = 0;
    unsigned graded = 0;
    for (int64_t row = first; row < last; row++) {
        const float *spikes = job->spikes + row * job->sources;
        uint64_t *bits = job->bits + row * job->words;
        for (int64_t left = job->sources; left > 0; left -= 64, bits++) {
            uint64_t word = 0;
            for (int i = 0; i < 64 && i < left; i += 16, spikes += 16) {
                const __mmask16 inside = left - i < 16 ? (__mmask16)((1u << (left - i)) - 1) : (__mmask16)0xffff;
                const __m512 v = _mm512_maskz_loadu_ps(inside, spikes);
                const __mmask16 any = _mm512_cmp_ps_mask(v, zero, _CMP_NEQ_UQ);
                graded |= _mm512_mask_cmp_ps_mask(any, v, one, _CMP_NEQ_UQ);
                word |= (uint64_t)any << i;
            }
            *bits = word;
            count += __builtin_popcountll(word);
        }
    }
    return graded ? -count : count;
}
#endif

/* Scan the rows [first, last) into bits; return how many spikes there are, negative if some are graded. */
static int64_t NAME(hx_scan)(const NAME(hx_events) * job, int64_t first, int64_t last) {
#if BSS2_X86 && !defined(HX_DOUBLE)
    if (bss2_instructions() >= BSS2_AVX512) return hx_scan_wide(job, first, last);
#endif
    int64_t count = 0;
    int graded = 0;
    for (int64_t row = first; row < last; row++) {
        const REAL *spikes = job->spikes + row * job->sources;
        uint64_t *bits = job->bits + row * job->words;
        for (int64_t word = 0; word < job->words; word++) {
            const int64_t left = job->sources - 64 * word;
            bits[word] = NAME(hx_bits)(spikes + 64 * word, left < 64 ? (int)left : 64, &graded);
            count += hx_count(bits[word]);
        }
    }
    return graded ? -count : count;
}

/* Spikes of one row, a few at a time: their sources and values. */
typedef struct {
    const NAME(hx_events) * job;
    const uint64_t *bits;
    const REAL *spikes;
    int64_t word;
    uint64_t rest;
} NAME(hx_reader);

BSS2_INLINE NAME(hx_reader) NAME(hx_read)(const NAME(hx_events) * job, int64_t row) {
    NAME(hx_reader) reader = {job, job->bits + row * job->words, job->spikes + row * job->sources, 0, 0};
    reader.rest = reader.bits[0];
    return reader;
}

BSS2_INLINE int NAME(hx_next)(NAME(hx_reader) * reader, const int graded, int most, int64_t *sources, REAL *values) {
    int found = 0;
    while (found < most) {
        while (!reader->rest) {
            if (++reader->word >= reader->job->words) return found;
            reader->rest = reader->bits[reader->word];
        }
        const int64_t source = 64 * reader->word + hx_lowest(reader->rest);
        reader->rest &= reader->rest - 1;
        sources[found] = source;
        if (graded) values[found] = reader->spikes[source];
        found++;
    }
    return found;
}

/* What a spike adds, where `graded` is known when this is compiled: mostly it is 1, and need not be multiplied by. */
#define TERM(value, weight) (graded ? (value) * (weight) : (weight))

/* Weigh the rows [first, last). */
BSS2_INLINE void NAME(hx_weigh_rows)(const NAME(hx_events) * job, const int graded, int64_t first, int64_t last) {
    const int64_t n = job->targets, m = job->padded;
    for (int64_t row = first; row < last; row++) {
        REAL *BSS2_RESTRICT output = job->output + row * n;
        NAME(hx_reader) reader = NAME(hx_read)(job, row);
        int64_t sources[4];
        REAL values[4] = {0};
        int found, fresh = 1;
        while ((found = NAME(hx_next)(&reader, graded, 4, sources, values)) == 4) {
            const REAL *BSS2_RESTRICT a = job->weights + sources[0] * m, *BSS2_RESTRICT b = job->weights + sources[1] * m;
            const REAL *BSS2_RESTRICT c = job->weights + sources[2] * m, *BSS2_RESTRICT d = job->weights + sources[3] * m;
            const REAL x = values[0], y = values[1], z = values[2], w = values[3];
            if (fresh) {
                BSS2_VECTOR
                for (int64_t j = 0; j < n; j++) output[j] = (TERM(x, a[j]) + TERM(y, b[j])) + (TERM(z, c[j]) + TERM(w, d[j]));
            } else {
                BSS2_VECTOR
                for (int64_t j = 0; j < n; j++) output[j] += (TERM(x, a[j]) + TERM(y, b[j])) + (TERM(z, c[j]) + TERM(w, d[j]));
            }
            fresh = 0;
        }
        if (fresh) memset(output, 0, (size_t)n * sizeof(REAL));
        for (int k = 0; k < found; k++) {
            const REAL *BSS2_RESTRICT one = job->weights + sources[k] * m;
            const REAL value = values[k];
            BSS2_VECTOR
            for (int64_t j = 0; j < n; j++) output[j] += TERM(value, one[j]);
        }
    }
}

BSS2_DISPATCH(NAME(hx_weigh_few), (const NAME(hx_events) * job, int64_t first, int64_t last), (job, first, last),
              if (job->graded) NAME(hx_weigh_rows)(job, 1, first, last); else NAME(hx_weigh_rows)(job, 0, first, last))

enum { NAME(HX_NEAR) = 1024 / sizeof(REAL) }; /* targets at a time: 64 rows of them stay near */

/* Add the gradients of the weights [sources][targets] of the rows [first, last) for the targets [from, to). 64 rows at a time
 * and source by source: what arrived stays near, and sums are passed through in their order. */
BSS2_INLINE void NAME(hx_collect_rows)(const NAME(hx_events) * job, const int graded, REAL *BSS2_RESTRICT grad, int64_t first, int64_t last,
                                     int64_t from, int64_t to) {
    const int64_t n = job->targets;
    for (int64_t left = from; left < to; left += NAME(HX_NEAR)) {
        const int64_t width = to - left < NAME(HX_NEAR) ? to - left : NAME(HX_NEAR);
        for (int64_t base = first; base < last; base += 64) {
            const REAL *arrived = job->grad_output + base * n + left;
            const int rows = last - base < 64 ? (int)(last - base) : 64;
            for (int64_t word = 0; word < job->words; word++) {
                uint64_t columns[64] = {0};
                for (int row = 0; row < rows; row++) columns[row] = job->bits[(base + row) * job->words + word];
                hx_transpose(columns);
                const int here = job->sources - 64 * word < 64 ? (int)(job->sources - 64 * word) : 64;
                for (int column = 0; column < here; column++) {
                    const int64_t source = 64 * word + column;
                    REAL *BSS2_RESTRICT sum = grad + source * n + left;
                    uint64_t rest = columns[column];
                    while (rest) {
                        const REAL *row[4] = {arrived, arrived, arrived, arrived};
                        REAL value[4] = {0};
                        int found = 0;
                        for (; found < 4 && rest; found++, rest &= rest - 1) {
                            const int at = hx_lowest(rest);
                            row[found] = arrived + at * n;
                            if (graded) value[found] = job->spikes[(base + at) * job->sources + source];
                        }
                        const REAL *BSS2_RESTRICT a = row[0], *BSS2_RESTRICT b = row[1];
                        const REAL *BSS2_RESTRICT c = row[2], *BSS2_RESTRICT d = row[3];
                        const REAL x = value[0], y = value[1], z = value[2], w = value[3];
                        if (found == 4) {
                            BSS2_VECTOR
                            for (int64_t j = 0; j < width; j++) sum[j] += (TERM(x, a[j]) + TERM(y, b[j])) + (TERM(z, c[j]) + TERM(w, d[j]));
                        } else if (found == 3) {
                            BSS2_VECTOR
                            for (int64_t j = 0; j < width; j++) sum[j] += (TERM(x, a[j]) + TERM(y, b[j])) + TERM(z, c[j]);
                        } else if (found == 2) {
                            BSS2_VECTOR
                            for (int64_t j = 0; j < width; j++) sum[j] += TERM(x, a[j]) + TERM(y, b[j]);
                        } else {
                            BSS2_VECTOR
                            for (int64_t j = 0; j < width; j++) sum[j] += TERM(x, a[j]);
                        }
                    }
                }
            }
        }
    }
}

BSS2_DISPATCH(NAME(hx_collect_few),
              (const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to),
              (job, grad, first, last, from, to),
              if (job->graded) NAME(hx_collect_rows)(job, 1, grad, first, last, from, to);
              else NAME(hx_collect_rows)(job, 0, grad, first, last, from, to))

#undef TERM

/* Write the numbers of the bits of a word to a list and return how many these are. */
BSS2_INLINE int NAME(hx_list)(uint64_t word, int32_t base, int32_t *list) {
    int found = 0;
    for (; word; word &= word - 1) list[found++] = base + hx_lowest(word);
    return found;
}

/* The same for many spikes: as many rows at a time as have their spikes in a list, and some targets of all these before the
 * next ones, so that the weights of these stay near. */
BSS2_INLINE void NAME(hx_weigh_many_rows)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    int32_t list[HX_LISTED + 64];
    struct { int64_t row; int begin, count, fresh; } part[HX_PARTS];
    int64_t row = first, word = 0;
    while (row < last) {
        int parts = 0, listed = 0;
        for (; row < last && parts < HX_PARTS && listed < HX_LISTED; parts++) {
            part[parts].row = row, part[parts].begin = listed, part[parts].fresh = word == 0;
            for (; word < job->words && listed < HX_LISTED; word++)
                listed += NAME(hx_list)(job->bits[row * job->words + word], (int32_t)(64 * word), list + listed);
            part[parts].count = listed - part[parts].begin;
            if (word == job->words) row++, word = 0;
        }
        for (int64_t left = 0; left < job->targets; left += NAME(HX_TILE)) {
            const int64_t width = job->targets - left < NAME(HX_TILE) ? job->targets - left : NAME(HX_TILE);
            for (int p = 0; p < parts; p++) {
                const NAME(hx_rows) sum = {
                    job->weights + left, job->padded, list + part[p].begin, part[p].count,
                    job->graded ? job->spikes + part[p].row * job->sources : NULL, 1, width,
                    job->output + part[p].row * job->targets + left, part[p].fresh};
                NAME(hx_gather)(&sum);
            }
        }
    }
}

BSS2_DISPATCH(NAME(hx_weigh_many), (const NAME(hx_events) * job, int64_t first, int64_t last), (job, first, last),
              NAME(hx_weigh_many_rows)(job, first, last))

/* Add the gradients of the weights [sources][targets] of the rows [first, last) for the targets [from, to), source by source:
 * what arrived in some rows stays near, and sums are passed through in their order. */
BSS2_INLINE void NAME(hx_collect_many_rows)(const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from,
                                       int64_t to) {
    int32_t list[HX_BLOCK];
    for (int64_t base = first; base < last; base += HX_BLOCK) {
        const int rows = last - base < HX_BLOCK ? (int)(last - base) : HX_BLOCK;
        for (int64_t word = 0; word < job->words; word++) {
            uint64_t columns[HX_BLOCK / 64][64];
            for (int part = 0; 64 * part < rows; part++) {
                for (int row = 0; row < 64; row++) {
                    const int64_t at = base + 64 * part + row;
                    columns[part][row] = at < last ? job->bits[at * job->words + word] : 0;
                }
                hx_transpose(columns[part]);
            }
            const int here = job->sources - 64 * word < 64 ? (int)(job->sources - 64 * word) : 64;
            for (int column = 0; column < here; column++) {
                const int64_t source = 64 * word + column;
                int count = 0;
                for (int part = 0; 64 * part < rows; part++)
                    count += NAME(hx_list)(columns[part][column], 64 * part, list + count);
                if (!count) continue;
                const NAME(hx_rows) sum = {
                    job->grad_output + base * job->targets + from, job->targets, list, count,
                    job->graded ? job->spikes + base * job->sources + source : NULL, job->sources, to - from,
                    grad + source * job->targets + from, 0};
                NAME(hx_gather)(&sum);
            }
        }
    }
}

BSS2_DISPATCH(NAME(hx_collect_whole),
              (const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to),
              (job, grad, first, last, from, to), NAME(hx_collect_many_rows)(job, grad, first, last, from, to))

/* Where rows end that are read in whole registers: nothing may be read beyond the last of all. */
BSS2_INLINE int64_t NAME(hx_safe)(const NAME(hx_events) * job, int64_t length, int64_t first, int64_t last) {
    const int64_t end = job->rows - (HX_PADDING + length - 1) / length;
    return last < end ? last : first < end ? end : first;
}

/* The same; the last rows of all are added number by number. */
static void NAME(hx_collect_many)(const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to) {
    const int64_t end = NAME(hx_safe)(job, job->targets, first, last);
    NAME(hx_collect_whole)(job, grad, first, end, from, to);
    for (int64_t row = end; row < last; row++)
        for (int64_t source = 0; source < job->sources; source++) {
            if (!(job->bits[row * job->words + source / 64] >> source % 64 & 1)) continue;
            const REAL value = job->graded ? job->spikes[row * job->sources + source] : 1;
            for (int64_t j = from; j < to; j++) grad[source * job->targets + j] += value * job->grad_output[row * job->targets + j];
        }
}

/* Add the gradients of the weights [targets][sources] of the rows [first, last) by a dense product. */
static void NAME(hx_collect_dense)(const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to) {
    const int64_t n = job->sources, end = NAME(hx_safe)(job, n, first, last);
    for (int64_t base = first; base < end; base += HX_BLOCK) {
        const NAME(hx_dense) sum = {job->spikes + base * n, n, end - base < HX_BLOCK ? end - base : HX_BLOCK,
                                    job->grad_output + base * job->targets + from, job->targets, 1, to - from, n,
                                    grad + from * n, n, 0};
        NAME(hx_multiply)(&sum);
    }
    for (int64_t row = end; row < last; row++)
        for (int64_t j = from; j < to; j++) {
            const REAL value = job->grad_output[row * job->targets + j];
            for (int64_t source = 0; source < n; source++) grad[j * n + source] += value * job->spikes[row * n + source];
        }
}

/* Collect one share: that of some rows, in sums of its own, or of some targets. Without bits the product is dense. */
static void NAME(hx_collect_share)(const NAME(hx_events) * job, REAL *sums, int64_t share, int64_t shares, int by_rows) {
    int64_t first = 0, last = job->rows, from = 0, to = job->targets;
    if (by_rows) {
        first = job->rows * share / shares, last = job->rows * (share + 1) / shares;
        sums += share * job->sources * job->targets;
    } else {
        const int64_t groups = (job->targets + HX_PADDING - 1) / HX_PADDING; /* of whole registers */
        from = groups * share / shares * HX_PADDING, to = groups * (share + 1) / shares * HX_PADDING;
        if (to > job->targets) to = job->targets;
    }
    (!job->bits ? NAME(hx_collect_dense) : job->many ? NAME(hx_collect_many) : NAME(hx_collect_few))(job, sums, first, last, from, to);
}

/* Weigh all numbers of the rows [first, last), spikes or not. */
static void NAME(hx_weigh_dense)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    const NAME(hx_dense) sum = {job->weights, job->padded, job->sources, job->spikes + first * job->sources, 1, job->sources,
                                last - first, job->targets, job->output + first * job->targets, job->targets, 1};
    NAME(hx_multiply)(&sum);
}

static void NAME(hx_weigh)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    (!job->bits ? NAME(hx_weigh_dense) : job->many ? NAME(hx_weigh_many) : NAME(hx_weigh_few))(job, first, last);
}

/* Gradients of the spikes of the rows [first, last): few targets, so each row is a few passes over the sources. */
BSS2_INLINE void NAME(hx_spread_rows)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    const int64_t n = job->sources;
    for (int64_t row = first; row < last; row++) {
        const REAL *arrived = job->grad_output + row * job->targets;
        REAL *BSS2_RESTRICT grad = job->grad_input + row * n;
        int64_t j = 0;
        for (; j + 2 < job->targets; j += 3) {
            const REAL *BSS2_RESTRICT a = job->weights + j * n, *BSS2_RESTRICT b = a + n, *BSS2_RESTRICT c = b + n;
            const REAL x = arrived[j], y = arrived[j + 1], z = arrived[j + 2];
            if (j) {
                BSS2_VECTOR
                for (int64_t i = 0; i < n; i++) grad[i] += (x * a[i] + y * b[i]) + z * c[i];
            } else {
                BSS2_VECTOR
                for (int64_t i = 0; i < n; i++) grad[i] = (x * a[i] + y * b[i]) + z * c[i];
            }
        }
        for (; j < job->targets; j++) {
            const REAL *BSS2_RESTRICT a = job->weights + j * n;
            const REAL x = arrived[j];
            if (j) {
                BSS2_VECTOR
                for (int64_t i = 0; i < n; i++) grad[i] += x * a[i];
            } else {
                BSS2_VECTOR
                for (int64_t i = 0; i < n; i++) grad[i] = x * a[i];
            }
        }
    }
}

BSS2_DISPATCH(NAME(hx_spread), (const NAME(hx_events) * job, int64_t first, int64_t last), (job, first, last),
              NAME(hx_spread_rows)(job, first, last))
