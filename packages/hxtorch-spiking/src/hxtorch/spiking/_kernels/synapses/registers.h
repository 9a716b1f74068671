/* Sums that stay in registers while rows are added to them, for one precision and one size of registers; included once for
 * each. A sum grows in the order of the rows, whatever the size: all give the same bytes.
 *
 * Rows are read in whole registers, up to BYTES - 1 bytes beyond their last number; nothing is written there.
 */
#define SIZED(x) BSS2_JOIN(NAME(x), BSS2_JOIN(_, BYTES))
#define WIDTH (BYTES / (int)sizeof(REAL))
#ifdef __GNUC__
typedef REAL SIZED(hx_register) __attribute__((vector_size(BYTES)));
#define ADD(sum, row) (sum) += (row)
#define ADD_PRODUCT(sum, factor, row) (sum) += (factor) * (row)
#else
typedef struct {
    REAL of[WIDTH];
} SIZED(hx_register);
#define ADD(sum, row) \
    for (int j = 0; j < WIDTH; j++) (sum).of[j] += (row).of[j]
#define ADD_PRODUCT(sum, factor, row) \
    for (int j = 0; j < WIDTH; j++) (sum).of[j] += (factor) * (row).of[j]
#endif

/* Load `number` registers, of the last one only `tail` numbers, or clear them. */
BSS2_INLINE void SIZED(hx_load)(SIZED(hx_register) * to, const REAL *from, int fresh, int tail, const int number) {
    HX_UNROLL
    for (int r = 0; r < number; r++) {
        const int part = r + 1 == number && tail < WIDTH;
        if (fresh || part) memset(to + r, 0, BYTES);
        if (fresh) continue;
        if (part)
            memcpy(to + r, from + r * WIDTH, (size_t)tail * sizeof(REAL));
        else
            memcpy(to + r, from + r * WIDTH, BYTES);
    }
}

BSS2_INLINE void SIZED(hx_store)(REAL *to, const SIZED(hx_register) * from, int tail, const int number) {
    HX_UNROLL
    for (int r = 0; r < number; r++) {
        if (r + 1 == number && tail < WIDTH)
            memcpy(to + r * WIDTH, from + r, (size_t)tail * sizeof(REAL));
        else
            memcpy(to + r * WIDTH, from + r, BYTES);
    }
}

/* hx_gather for the numbers from `begin` on that fill so many registers. */
BSS2_INLINE void SIZED(hx_gather_some)(const NAME(hx_rows) * job, int64_t begin, int tail, const int number) {
    SIZED(hx_register) sums[HX_MOST], row;
    const REAL *rows = job->rows + begin;
    SIZED(hx_load)(sums, job->sums + begin, job->fresh, tail, number);
    if (job->values) {
        for (int64_t i = 0; i < job->count; i++) {
            const int64_t at = job->list[i];
            const REAL *from = rows + at * job->stride, value = job->values[at * job->value_stride];
            HX_UNROLL
            for (int r = 0; r < number; r++) {
                memcpy(&row, from + r * WIDTH, BYTES);
                ADD_PRODUCT(sums[r], value, row);
            }
        }
    } else {
        for (int64_t i = 0; i < job->count; i++) {
            const REAL *from = rows + job->list[i] * job->stride;
            HX_UNROLL
            for (int r = 0; r < number; r++) {
                memcpy(&row, from + r * WIDTH, BYTES);
                ADD(sums[r], row);
            }
        }
    }
    SIZED(hx_store)(job->sums + begin, sums, tail, number);
}

/* Add listed rows, times their values, to one row of sums. */
BSS2_INLINE void SIZED(hx_gather)(const NAME(hx_rows) * job) {
    int64_t begin = 0;
    for (; job->length - begin > HX_MOST * WIDTH; begin += HX_MOST * WIDTH) SIZED(hx_gather_some)(job, begin, WIDTH, HX_MOST);
    const int number = (int)((job->length - begin + WIDTH - 1) / WIDTH), tail = (int)(job->length - begin) - (number - 1) * WIDTH;
    switch (number) {
    case 8: SIZED(hx_gather_some)(job, begin, tail, 8); break;
    case 7: SIZED(hx_gather_some)(job, begin, tail, 7); break;
    case 6: SIZED(hx_gather_some)(job, begin, tail, 6); break;
    case 5: SIZED(hx_gather_some)(job, begin, tail, 5); break;
    case 4: SIZED(hx_gather_some)(job, begin, tail, 4); break;
    case 3: SIZED(hx_gather_some)(job, begin, tail, 3); break;
    case 2: SIZED(hx_gather_some)(job, begin, tail, 2); break;
    case 1: SIZED(hx_gather_some)(job, begin, tail, 1); break;
    default: break;
    }
}

/* hx_multiply for `entries` rows of sums and the numbers from `begin` on that fill so many registers. */
BSS2_INLINE void SIZED(hx_multiply_some)(const NAME(hx_dense) * job, int64_t entry, int64_t begin, int tail, const int entries,
                                         const int number) {
    SIZED(hx_register) sums[2 * HX_ENTRIES][HX_BESIDE], row[HX_BESIDE];
    const REAL *factor = job->factors + entry * job->entry_stride, *from = job->rows + begin;
    REAL *to = job->sums + entry * job->sum_stride + begin;
    HX_UNROLL
    for (int e = 0; e < entries; e++) SIZED(hx_load)(sums[e], to + e * job->sum_stride, job->fresh, tail, number);
    for (int64_t i = 0; i < job->count; i++, factor += job->factor_stride, from += job->stride) {
        HX_UNROLL
        for (int r = 0; r < number; r++) memcpy(row + r, from + r * WIDTH, BYTES);
        HX_UNROLL
        for (int e = 0; e < entries; e++) {
            const REAL value = factor[e * job->entry_stride];
            HX_UNROLL
            for (int r = 0; r < number; r++) ADD_PRODUCT(sums[e][r], value, row[r]);
        }
    }
    HX_UNROLL
    for (int e = 0; e < entries; e++) SIZED(hx_store)(to + e * job->sum_stride, sums[e], tail, number);
}

/* Add all rows, times a factor for each row and entry, to the sums of each entry. */
BSS2_INLINE void SIZED(hx_multiply)(const NAME(hx_dense) * job) {
    for (int64_t begin = 0; begin < job->length; begin += HX_BESIDE * WIDTH) {
        const int64_t left = job->length - begin;
        const int whole = left > WIDTH, last = (int)(left - WIDTH * whole), tail = last < WIDTH ? last : WIDTH;
        int64_t entry = 0;
        for (; !whole && entry + 2 * HX_ENTRIES <= job->entries; entry += 2 * HX_ENTRIES)
            SIZED(hx_multiply_some)(job, entry, begin, tail, 2 * HX_ENTRIES, 1);
        for (; entry + HX_ENTRIES <= job->entries; entry += HX_ENTRIES) {
            if (whole)
                SIZED(hx_multiply_some)(job, entry, begin, tail, HX_ENTRIES, HX_BESIDE);
            else
                SIZED(hx_multiply_some)(job, entry, begin, tail, HX_ENTRIES, 1);
        }
        for (; entry < job->entries; entry++) {
            if (whole)
                SIZED(hx_multiply_some)(job, entry, begin, tail, 1, HX_BESIDE);
            else
                SIZED(hx_multiply_some)(job, entry, begin, tail, 1, 1);
        }
    }
}

#undef ADD
#undef ADD_PRODUCT
#undef SIZED
#undef WIDTH
