/* Rows of spikes in one precision; included once for each. */

typedef struct {
    int64_t rows, sources, targets, words; /* words of bits per row */
    const REAL *spikes;                    /* [rows][sources] */
    uint64_t *bits;                        /* [rows][words] */
    const REAL *weights;                   /* [sources][targets] forwards, [targets][sources] backwards */
    REAL *output;                          /* [rows][targets] */
    const REAL *grad_output;               /* [rows][targets] */
    REAL *grad_input;                      /* [rows][sources] */
    int graded;                            /* spikes have other values than 0 and 1 */
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
    const int64_t n = job->targets;
    for (int64_t row = first; row < last; row++) {
        REAL *BSS2_RESTRICT output = job->output + row * n;
        NAME(hx_reader) reader = NAME(hx_read)(job, row);
        int64_t sources[4];
        REAL values[4] = {0};
        int found, fresh = 1;
        while ((found = NAME(hx_next)(&reader, graded, 4, sources, values)) == 4) {
            const REAL *BSS2_RESTRICT a = job->weights + sources[0] * n, *BSS2_RESTRICT b = job->weights + sources[1] * n;
            const REAL *BSS2_RESTRICT c = job->weights + sources[2] * n, *BSS2_RESTRICT d = job->weights + sources[3] * n;
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
            const REAL *BSS2_RESTRICT one = job->weights + sources[k] * n;
            const REAL value = values[k];
            BSS2_VECTOR
            for (int64_t j = 0; j < n; j++) output[j] += TERM(value, one[j]);
        }
    }
}

BSS2_DISPATCH(NAME(hx_weigh), (const NAME(hx_events) * job, int64_t first, int64_t last), (job, first, last),
              if (job->graded) NAME(hx_weigh_rows)(job, 1, first, last); else NAME(hx_weigh_rows)(job, 0, first, last))

enum { NAME(HX_TILE) = 1024 / sizeof(REAL) }; /* targets at a time: 64 rows of them stay near */

/* Add the gradients of the weights [sources][targets] of the rows [first, last) for the targets [from, to). 64 rows at a time
 * and source by source: what arrived stays near, and sums are passed through in their order. */
BSS2_INLINE void NAME(hx_collect_rows)(const NAME(hx_events) * job, const int graded, REAL *BSS2_RESTRICT grad, int64_t first, int64_t last,
                                     int64_t from, int64_t to) {
    const int64_t n = job->targets;
    for (int64_t left = from; left < to; left += NAME(HX_TILE)) {
        const int64_t width = to - left < NAME(HX_TILE) ? to - left : NAME(HX_TILE);
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

#undef TERM

BSS2_DISPATCH(NAME(hx_collect),
              (const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to),
              (job, grad, first, last, from, to),
              if (job->graded) NAME(hx_collect_rows)(job, 1, grad, first, last, from, to);
              else NAME(hx_collect_rows)(job, 0, grad, first, last, from, to))

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
