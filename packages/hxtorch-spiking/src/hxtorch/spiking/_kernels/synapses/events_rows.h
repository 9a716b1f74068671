/* Rows of spikes in one precision; included once for each. */

typedef struct {
    int64_t rows, sources, targets, words; /* words of bits per row */
    const REAL *spikes;                    /* [rows][sources] */
    uint64_t *bits;                        /* [rows][words]; NULL: all numbers are multiplied */
    const REAL *weights;                   /* forwards in tiles (hx_tile), backwards [targets][padded] */
    int64_t padded;                        /* targets, backwards sources, and what rows are filled up with */
    REAL *output;                          /* [rows][targets] */
    const REAL *grad_output;               /* [rows][targets] */
    REAL *grad_input;                      /* [rows][sources] */
    int graded;                            /* spikes have other values than 0 and 1 */
    /* Rows that have a spike of each source, block by block of HX_BLOCK rows (hx_list_blocks); NULL: to be listed where needed. */
    int32_t *lists;
    int64_t *begins;  /* [blocks] */
    uint16_t *counts; /* [blocks][words][64] */
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

/* As below, of few sources: 8 numbers are compared at once, wherever rows end. */
BSS2_TARGET_AVX2 static int64_t hx_scan_short(const hx_events_f32 *job, int64_t first, int64_t last) {
    const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f);
    const int n = (int)job->sources;
    const float *spikes = job->spikes + first * n, *end = job->spikes + last * n;
    __m256 other = zero;
    uint64_t ahead = 0; /* bits that were found and belong to rows to come */
    int known = 0, graded = 0;
    int64_t count = 0;
    for (int64_t row = first; row < last; row++) {
        for (; known < n; known += 8, spikes += 8) {
            if (end - spikes < 8) {
                ahead |= hx_bits_f32(spikes, (int)(end - spikes), &graded) << known;
                continue;
            }
            const __m256 v = _mm256_loadu_ps(spikes), any = _mm256_cmp_ps(v, zero, _CMP_NEQ_UQ);
            other = _mm256_or_ps(other, _mm256_and_ps(any, _mm256_cmp_ps(v, one, _CMP_NEQ_UQ)));
            ahead |= (uint64_t)(uint32_t)_mm256_movemask_ps(any) << known;
        }
        const uint64_t word = ahead & (((uint64_t)1 << n) - 1);
        job->bits[row] = word;
        count += __builtin_popcountll(word);
        ahead >>= n, known -= n;
    }
    return graded | _mm256_movemask_ps(other) ? -count : count;
}

/* As below; 8 numbers are compared at once. */
BSS2_TARGET_AVX2 static int64_t hx_scan_half(const hx_events_f32 *job, int64_t first, int64_t last) {
    const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f);
    __m256 other = zero;
    int64_t count = 0;
    int graded = 0;
    for (int64_t row = first; row < last; row++) {
        const float *spikes = job->spikes + row * job->sources;
        uint64_t *bits = job->bits + row * job->words;
        for (int64_t left = job->sources; left > 0; left -= 64, spikes += 64, bits++) {
            const int n = left < 64 ? (int)left : 64;
            uint64_t word = 0;
            int i = 0;
            for (; i + 8 <= n; i += 8) {
                const __m256 v = _mm256_loadu_ps(spikes + i), any = _mm256_cmp_ps(v, zero, _CMP_NEQ_UQ);
                other = _mm256_or_ps(other, _mm256_and_ps(any, _mm256_cmp_ps(v, one, _CMP_NEQ_UQ)));
                word |= (uint64_t)(uint32_t)_mm256_movemask_ps(any) << i;
            }
            if (i < n) word |= hx_bits_f32(spikes + i, n - i, &graded) << i;
            *bits = word;
            count += __builtin_popcountll(word);
        }
    }
    return graded | _mm256_movemask_ps(other) ? -count : count;
}
#endif

/* Scan the rows [first, last) into bits; return how many spikes there are, negative if some are graded. */
static int64_t NAME(hx_scan)(const NAME(hx_events) * job, int64_t first, int64_t last) {
#if BSS2_X86 && !defined(HX_DOUBLE)
    if (bss2_instructions() >= BSS2_AVX2 && job->sources < HX_SHORT) return hx_scan_short(job, first, last);
    if (bss2_instructions() >= BSS2_AVX512) return hx_scan_wide(job, first, last);
    if (bss2_instructions() >= BSS2_AVX2) return hx_scan_half(job, first, last);
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

/* Write the numbers of the bits of a word to a list and return how many these are. */
BSS2_INLINE int NAME(hx_list)(uint64_t word, int32_t base, int32_t *list) {
    int found = 0;
    for (; word; word &= word - 1) list[found++] = base + hx_lowest(word);
    return found;
}

/* Targets of a tile: all, where their weights stay near in any case. */
BSS2_INLINE int64_t NAME(hx_tile_size)(int64_t sources, int64_t padded) { return sources <= HX_FEW ? padded : NAME(HX_TILE); }

/* Write weights [target][source] to tiles [tile][source][target in it], filled up with zeros: rows of all targets would lie as
 * far apart as lines of the caches that displace each other. */
static void NAME(hx_tile)(const REAL *weight, int64_t sources, int64_t targets, int64_t padded, REAL *tiles) {
    const int64_t size = NAME(hx_tile_size)(sources, padded);
    for (int64_t left = 0; left < padded; left += size) {
        const int64_t width = padded - left < size ? padded - left : size;
        for (int64_t base = 0; base < sources; base += 16) {
            const int64_t end = sources - base < 16 ? sources : base + 16;
            for (int64_t j = 0; j < width; j++)
                for (int64_t source = base; source < end; source++)
                    tiles[left * sources + source * width + j] = left + j < targets ? weight[(left + j) * sources + source] : 0;
        }
    }
}

/* Weigh the spikes of the rows [first, last): as many rows at a time as have their spikes in a list, and one tile of targets of
 * all these before the next. */
BSS2_INLINE void NAME(hx_weigh_rows)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    const int64_t size = NAME(hx_tile_size)(job->sources, job->padded);
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
        for (int64_t left = 0; left < job->targets; left += size) {
            const int64_t width = job->padded - left < size ? job->padded - left : size;
            const int64_t real = job->targets - left < width ? job->targets - left : width;
            for (int p = 0; p < parts; p++) {
                REAL *output = job->output + part[p].row * job->targets + left;
                if (!part[p].count) {
                    if (part[p].fresh) memset(output, 0, (size_t)real * sizeof(REAL));
                    continue;
                }
                const NAME(hx_rows) sum = {
                    job->weights + left * job->sources, width, list + part[p].begin, part[p].count,
                    job->graded ? job->spikes + part[p].row * job->sources : NULL, 1, real, output, part[p].fresh};
                NAME(hx_gather)(&sum);
            }
        }
    }
}

BSS2_DISPATCH(NAME(hx_weigh_few), (const NAME(hx_events) * job, int64_t first, int64_t last), (job, first, last),
              NAME(hx_weigh_rows)(job, first, last))

/* Weigh all numbers of the rows [first, last), spikes or not. */
static void NAME(hx_weigh_dense)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    const int64_t size = NAME(hx_tile_size)(job->sources, job->padded);
    for (int64_t left = 0; left < job->targets; left += size) {
        const int64_t width = job->padded - left < size ? job->padded - left : size;
        const int64_t real = job->targets - left < width ? job->targets - left : width;
        const NAME(hx_dense) sum = {job->weights + left * job->sources, width, job->sources, job->spikes + first * job->sources, 1,
                                    job->sources, last - first, real, job->output + first * job->targets + left, job->targets, 1};
        NAME(hx_multiply)(&sum);
    }
}

static void NAME(hx_weigh)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    (job->bits ? NAME(hx_weigh_few) : NAME(hx_weigh_dense))(job, first, last);
}

/* Gradients of some targets of a block of rows, where they are read from. */
typedef struct {
    const REAL *at;      /* of the first tile; the next one is `between` numbers further */
    int64_t stride, between;
} NAME(hx_arrived);

/* Copy the gradients of `rows` rows for the targets [from, to) to tiles: neither do their rows displace each other then, nor does
 * the last one end where memory does. */
BSS2_INLINE NAME(hx_arrived) NAME(hx_near)(const NAME(hx_events) * job, int64_t base, int rows, int64_t from, int64_t to, REAL *near) {
    NAME(hx_arrived) arrived = {near, NAME(HX_TILE), HX_BLOCK * NAME(HX_TILE)};
    if (job->sources <= HX_FEW && base + rows + HX_PADDING < job->rows) {
        arrived.at = job->grad_output + base * job->targets + from, arrived.stride = job->targets, arrived.between = NAME(HX_TILE);
        return arrived;
    }
    for (int64_t left = from; left < to; left += NAME(HX_TILE), near += HX_BLOCK * NAME(HX_TILE)) {
        const int64_t width = to - left < NAME(HX_TILE) ? to - left : NAME(HX_TILE), more = -width & (HX_PADDING - 1);
        for (int row = 0; row < rows; row++) {
            REAL *copy = near + row * NAME(HX_TILE);
            memcpy(copy, job->grad_output + (base + row) * job->targets + left, (size_t)width * sizeof(REAL));
            memset(copy + width, 0, (size_t)more * sizeof(REAL));
        }
    }
    return arrived;
}

/* Write lists of the rows of a block that have a spike of each source of a word, one list after the other, and how many rows each
 * has; return how many these are. */
BSS2_INLINE int64_t NAME(hx_list_word)(const NAME(hx_events) * job, int64_t base, int rows, int64_t word, int32_t *list, uint16_t *count) {
    int32_t lists[64][HX_BLOCK];
    int counts[64] = {0};
    int64_t listed = 0;
    for (int32_t row = 0; row < rows; row++)
        for (uint64_t rest = job->bits[(base + row) * job->words + word]; rest; rest &= rest - 1) {
            const int column = hx_lowest(rest);
            lists[column][counts[column]++] = row;
        }
    for (int column = 0; column < 64; column++) {
        memcpy(list + listed, lists[column], (size_t)counts[column] * sizeof(int32_t));
        count[column] = (uint16_t)counts[column];
        listed += counts[column];
    }
    return listed;
}

/* Write the lists of the blocks [first, last), where job->lists has room for them. */
BSS2_INLINE void NAME(hx_list_rows)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    for (int64_t block = first; block < last; block++) {
        const int64_t base = block * HX_BLOCK, left = job->rows - base;
        int32_t *list = job->lists + job->begins[block];
        for (int64_t word = 0; word < job->words; word++)
            list += NAME(hx_list_word)(job, base, left < HX_BLOCK ? (int)left : HX_BLOCK, word, list,
                                       job->counts + 64 * (block * job->words + word));
    }
}

BSS2_DISPATCH(NAME(hx_list_blocks), (const NAME(hx_events) * job, int64_t first, int64_t last), (job, first, last),
              NAME(hx_list_rows)(job, first, last))

/* Say where the lists of each block begin; return how many entries all have. */
static int64_t NAME(hx_begin)(const NAME(hx_events) * job) {
    int64_t begin = 0;
    for (int64_t row = 0; row < job->rows; row++) {
        if (row % HX_BLOCK == 0) job->begins[row / HX_BLOCK] = begin;
        for (int64_t word = 0; word < job->words; word++) begin += hx_count(job->bits[row * job->words + word]);
    }
    return begin;
}

/* Add the gradients of the weights [sources][targets] of `rows` rows for some targets, source by source: sums stay in registers. */
BSS2_INLINE void NAME(hx_collect_block)(const NAME(hx_events) * job, const NAME(hx_arrived) * arrived, REAL *grad, int64_t base, int rows,
                                        int64_t from, int64_t to) {
    int32_t own[64 * HX_BLOCK];
    uint16_t own_counts[64];
    const int32_t *next = job->lists ? job->lists + job->begins[base / HX_BLOCK] : own;
    const uint16_t *counts = job->lists ? job->counts + 64 * (base / HX_BLOCK * job->words) : own_counts;
    for (int64_t word = 0; word < job->words; word++) {
        const int here = job->sources - 64 * word < 64 ? (int)(job->sources - 64 * word) : 64;
        const int32_t *list = next;
        const REAL *at = arrived->at;
        if (!job->lists) NAME(hx_list_word)(job, base, rows, word, own, own_counts);
        for (int64_t left = from; left < to; left += NAME(HX_TILE), at += arrived->between) {
            list = next;
            for (int column = 0; column < here; list += counts[column], column++) {
                if (!counts[column]) continue;
                const int64_t source = 64 * word + column;
                const NAME(hx_rows) sum = {at, arrived->stride, list, counts[column],
                                           job->graded ? job->spikes + base * job->sources + source : NULL, job->sources,
                                           to - left < NAME(HX_TILE) ? to - left : NAME(HX_TILE),
                                           grad + source * job->targets + left, 0};
                NAME(hx_gather)(&sum);
            }
        }
        if (job->lists) next = list, counts += 64;
    }
}

/* Collect the rows [first, last) for the targets [from, to). */
BSS2_INLINE void NAME(hx_collect_rows)(const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to) {
    REAL near[HX_TILES * HX_BLOCK * NAME(HX_TILE)];
    for (int64_t left = from; left < to; left += HX_TILES * NAME(HX_TILE)) {
        const int64_t right = to - left < HX_TILES * NAME(HX_TILE) ? to : left + HX_TILES * NAME(HX_TILE);
        for (int64_t base = first; base < last; base += HX_BLOCK) {
            const int rows = last - base < HX_BLOCK ? (int)(last - base) : HX_BLOCK;
            const NAME(hx_arrived) arrived = NAME(hx_near)(job, base, rows, left, right, near);
            NAME(hx_collect_block)(job, &arrived, grad, base, rows, left, right);
        }
    }
}

BSS2_DISPATCH(NAME(hx_collect_few),
              (const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to),
              (job, grad, first, last, from, to), NAME(hx_collect_rows)(job, grad, first, last, from, to))

/* Add the gradients of the weights [targets][sources] of the rows [first, last) by a dense product. Rows of spikes are read in whole
 * registers, so the last ones of all are added number by number. */
static void NAME(hx_collect_dense)(const NAME(hx_events) * job, REAL *grad, int64_t first, int64_t last, int64_t from, int64_t to) {
    const int64_t n = job->sources, safe = job->rows - (HX_PADDING + n - 1) / n, end = last < safe ? last : first < safe ? safe : first;
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

/* Collect one share: that of some rows, in sums of its own, or of some targets. */
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
    (job->bits ? NAME(hx_collect_few) : NAME(hx_collect_dense))(job, sums, first, last, from, to);
}

/* Gradients of the spikes of the rows [first, last). */
static void NAME(hx_spread)(const NAME(hx_events) * job, int64_t first, int64_t last) {
    for (int64_t base = first; base < last; base += HX_PASS) {
        const NAME(hx_dense) sum = {job->weights, job->padded, job->targets, job->grad_output + base * job->targets, 1, job->targets,
                                    last - base < HX_PASS ? last - base : HX_PASS, job->sources,
                                    job->grad_input + base * job->sources, job->sources, 1};
        NAME(hx_multiply)(&sum);
    }
}
