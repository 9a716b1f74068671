/* Entries of the batch through all of their time, forwards and backwards, in one precision; included once for each. */

#include "steps/exponential.h"
#include "steps/surrogates.h" /* and in the loops over lanes: forward_step.h, adjoint_step.h */

/* A pointer that is NULL stands for what was not recorded, is not wanted, or has no gradient. */
typedef struct {
    int64_t steps, batch, size;
    const REAL *constants;                               /* [ROWS][batch * size] */
    const REAL *spikes_hw, *membrane_hw, *adaptation_hw; /* recordings */
    const REAL *weight;                                  /* forwards [source][target], backwards [target][source] */
    int64_t padded;                                      /* length of a row of the weights */
    REAL *work;                                          /* [WORK][batch * size], undefined */
    int32_t *lists;                                      /* [batch * size], undefined: sources that spiked */
    /* forwards; backwards also reads spikes, before, events and (for gradients of constants) current and adaptation */
    const REAL *input;
    REAL *spikes, *membrane, *current, *adaptation;      /* outputs */
    REAL *before;                                        /* membrane before the reset, relative to the rest */
    uint8_t *events;                                     /* SPIKED | HELD */
    /* backwards */
    int64_t parts;                                       /* the batch is cut into so many, whatever the number of threads */
    int surrogate;
    REAL alpha;
    const REAL *grad_spikes, *grad_membrane, *grad_current, *grad_adaptation;
    REAL *grad_input;
    REAL *grad_constants;                                /* [ROWS][batch * size], zeros */
    REAL *grad_weight;                                   /* [parts][source][target], zeros */
} NAME(hx_ring);

/* Constants and states of the lanes from `first` on; a lane is a neuron of an entry. */
#define CONSTANT(row) (job->constants + (row) * lanes + first)
#define STATE(row) (job->work + (row) * lanes + first)

/* Write the numbers of the sources that spiked and return how many these are; without branches, which nobody could predict. */
BSS2_INLINE int NAME(hx_find)(const REAL *BSS2_RESTRICT spikes, int64_t n, int32_t *BSS2_RESTRICT list) {
    int found = 0;
    for (int32_t source = 0; source < n; source++) {
        BITS bits;
        memcpy(&bits, spikes + source, sizeof bits);
        list[found] = source;
        found += bits << 1 != 0; /* all but the sign */
    }
    return found;
}

/* total[target] = sum over sources of spikes[source] weight[source][target]. */
BSS2_INLINE void NAME(hx_receive)(const NAME(hx_ring) * job, const REAL *BSS2_RESTRICT spikes, int32_t *BSS2_RESTRICT list,
                                REAL *BSS2_RESTRICT total) {
    const int64_t n = job->size;
    const NAME(hx_rows) sum = {job->weight, job->padded, list, NAME(hx_find)(spikes, n, list), spikes, 1, n, total, 1};
    NAME(hx_gather)(&sum);
}

/* Take step `t` of `n` lanes, whose TOTAL is known. `full` (exponential and adaptation terms) and `recorded` are known when
 * this is compiled. */
BSS2_INLINE void NAME(hx_on)(const NAME(hx_ring) * job, int64_t first, int64_t n, int64_t t, const int full, const int recorded) {
    const int fire = 1, recurs = 1, outputs = ALL;
    const int64_t lanes = job->batch * job->size, at = t * lanes + first;
    const REAL *BSS2_RESTRICT gain = CONSTANT(GAIN), *BSS2_RESTRICT keep = CONSTANT(KEEP);
    const REAL *BSS2_RESTRICT leakage = CONSTANT(LEAKAGE), *BSS2_RESTRICT rest = CONSTANT(REST);
    const REAL *BSS2_RESTRICT reset = CONSTANT(RESET), *BSS2_RESTRICT threshold = CONSTANT(THRESHOLD);
    const REAL *BSS2_RESTRICT push = CONSTANT(PUSH), *BSS2_RESTRICT slope = CONSTANT(SLOPE);
    const REAL *BSS2_RESTRICT onset = CONSTANT(ONSET), *BSS2_RESTRICT rate = CONSTANT(RATE);
    const REAL *BSS2_RESTRICT pull = CONSTANT(PULL), *BSS2_RESTRICT kick = CONSTANT(KICK);
    const REAL *BSS2_RESTRICT refractory = CONSTANT(REFRACTORY);
    REAL *BSS2_RESTRICT v = STATE(STATE_V), *BSS2_RESTRICT c = STATE(STATE_C), *BSS2_RESTRICT w = STATE(STATE_W);
    REAL *BSS2_RESTRICT wait = STATE(STATE_WAIT);
    const REAL *BSS2_RESTRICT total = STATE(TOTAL);
    REAL *unwanted = STATE(UNWANTED); /* where outputs go that nobody asked for */
    const int has_z = recorded && job->spikes_hw, has_v = recorded && job->membrane_hw, has_w = recorded && job->adaptation_hw;
    const REAL *BSS2_RESTRICT x = job->input + at;
    const REAL *BSS2_RESTRICT z_hw = has_z ? job->spikes_hw + at : x;
    const REAL *BSS2_RESTRICT v_hw = has_v ? job->membrane_hw + at : x;
    const REAL *BSS2_RESTRICT w_hw = has_w ? job->adaptation_hw + at : x;
    REAL *BSS2_RESTRICT spikes = job->spikes + at;
    REAL *BSS2_RESTRICT membrane = job->membrane ? job->membrane + at : unwanted;
    REAL *BSS2_RESTRICT current = job->current ? job->current + at : unwanted;
    REAL *BSS2_RESTRICT adaptation = job->adaptation ? job->adaptation + at : unwanted;
    REAL *BSS2_RESTRICT before = job->before ? job->before + at : unwanted;
    uint8_t *BSS2_RESTRICT events = job->events ? job->events + at : (uint8_t *)unwanted;
    BSS2_VECTOR
    for (int64_t l = 0; l < n; l++) {
        const int64_t k = l;
#include "steps/forward_step.h"
    }
}

/* Take all steps of the entries [entry, entry + count), in turn: rows of neighbours lie side by side in memory. */
BSS2_INLINE void NAME(hx_around)(const NAME(hx_ring) * job, int64_t entry, int count, const int full, const int recorded) {
    const int64_t size = job->size, lanes = job->batch * size, first = entry * size, n = count * size;
    const size_t bytes = (size_t)n * sizeof(REAL);
    memcpy(STATE(STATE_V), CONSTANT(START), bytes);
    memset(STATE(STATE_C), 0, bytes);
    memset(STATE(STATE_W), 0, bytes);
    memset(STATE(STATE_WAIT), 0, bytes);
    memset(STATE(TOTAL), 0, bytes);
    for (int64_t t = 0; t < job->steps; t++) {
        const REAL *spikes = job->spikes + (t - 1) * lanes + first;
        for (int64_t l = 0; t > 0 && l < n; l += size)
            NAME(hx_receive)(job, spikes + l, job->lists + first, STATE(TOTAL) + l);
        NAME(hx_on)(job, first, n, t, full, recorded);
    }
}

/* Go back through step `t` of `n` lanes. Their states are gradients, TOTAL is what reaches spikes by their weights, WAIT
 * holds slopes of the surrogate. */
BSS2_INLINE void NAME(hx_back)(const NAME(hx_ring) * job, int64_t first, int64_t n, int64_t t, const int full, const int tuned) {
    const int fire = 1, recurs = 1, bare = 0;
    const int64_t lanes = job->batch * job->size, at = t * lanes + first, ago = at - lanes;
    const int started = t > 0, looks_back = full || tuned;
    const int has_v = job->membrane_hw != NULL; /* then the membrane that is given out is that before a reset */
    const REAL *BSS2_RESTRICT gain = CONSTANT(GAIN), *BSS2_RESTRICT keep = CONSTANT(KEEP);
    const REAL *BSS2_RESTRICT leakage = CONSTANT(LEAKAGE);
    const REAL *BSS2_RESTRICT reset = CONSTANT(RESET), *BSS2_RESTRICT threshold = CONSTANT(THRESHOLD);
    const REAL *BSS2_RESTRICT push = CONSTANT(PUSH), *BSS2_RESTRICT slope = CONSTANT(SLOPE);
    const REAL *BSS2_RESTRICT onset = CONSTANT(ONSET), *BSS2_RESTRICT rate = CONSTANT(RATE);
    const REAL *BSS2_RESTRICT pull = CONSTANT(PULL), *BSS2_RESTRICT kick = CONSTANT(KICK);
    REAL *BSS2_RESTRICT grad_v = STATE(STATE_V), *BSS2_RESTRICT grad_c = STATE(STATE_C), *BSS2_RESTRICT grad_w = STATE(STATE_W);
    REAL *BSS2_RESTRICT slopes = STATE(STATE_WAIT), *BSS2_RESTRICT nothing = STATE(UNWANTED);
    REAL *BSS2_RESTRICT sums[ROWS];
    for (int row = 0; row < ROWS; row++) sums[row] = tuned ? job->grad_constants + row * lanes + first : NULL;
    const REAL *BSS2_RESTRICT to_spikes = job->grad_spikes ? job->grad_spikes + at : nothing;
    const REAL *BSS2_RESTRICT to_membrane = job->grad_membrane ? job->grad_membrane + at : nothing;
    const REAL *BSS2_RESTRICT to_current = job->grad_current ? job->grad_current + at : nothing;
    const REAL *BSS2_RESTRICT to_adaptation = job->grad_adaptation ? job->grad_adaptation + at : nothing;
    const REAL *BSS2_RESTRICT fed = STATE(TOTAL);
    const REAL *BSS2_RESTRICT before = job->before + at;
    const uint8_t *BSS2_RESTRICT events = job->events + at;
    const REAL *BSS2_RESTRICT before_ago = looks_back && started ? job->before + ago : CONSTANT(START);
    const uint8_t *BSS2_RESTRICT events_ago = started ? job->events + ago : events; /* at the start nothing has spiked */
    const REAL *BSS2_RESTRICT current_ago = tuned && started ? job->current + ago : nothing;
    const REAL *BSS2_RESTRICT adaptation_ago = tuned && full && started ? job->adaptation + ago : nothing;
    REAL *BSS2_RESTRICT grad_input = job->grad_input + at;
    NAME(hx_surrogate)(job->surrogate, job->alpha, before, threshold, slopes, (int)n);
    BSS2_VECTOR
    for (int64_t l = 0; l < n; l++) {
        const int64_t k = l;
#include "steps/adjoint_step.h"
    }
    if (tuned && !started) memcpy(sums[START], grad_v, (size_t)n * sizeof(REAL));
}

/* TOTAL of each source = sum over targets of gradient[target] weight[target][source], for `count` entries. */
BSS2_INLINE void NAME(hx_send)(const NAME(hx_ring) * job, int64_t entry, int64_t t, int64_t count) {
    const int64_t n = job->size, lanes = job->batch * n, first = entry * n;
    const NAME(hx_dense) sum = {job->weight, job->padded, n, job->grad_input + t * lanes + first, 1, n, count, n, STATE(TOTAL), n, 1};
    NAME(hx_multiply)(&sum);
}

/* Add to the gradient of the weights (source, target) what step `t` of one entry tells. */
BSS2_INLINE void NAME(hx_collect)(const NAME(hx_ring) * job, int64_t entry, int64_t t, REAL *grad_weight) {
    const int64_t n = job->size, at = (t * job->batch + entry) * n;
    const REAL *BSS2_RESTRICT gradient = job->grad_input + at;
    const REAL *BSS2_RESTRICT spikes = job->spikes + at - job->batch * n;
    int32_t *list = job->lists + entry * n;
    const int found = NAME(hx_find)(spikes, n, list);
    for (int i = 0; i < found; i++) {
        const REAL z = spikes[list[i]];
        REAL *BSS2_RESTRICT sums = grad_weight + list[i] * n;
        BSS2_VECTOR
        for (int64_t l = 0; l < n; l++) sums[l] += z * gradient[l];
    }
}

/* Go back through all steps of the entries [entry, entry + count). */
BSS2_INLINE void NAME(hx_around_back)(const NAME(hx_ring) * job, int64_t entry, int count, REAL *grad_weight, const int full,
                                    const int tuned) {
    const int64_t lanes = job->batch * job->size, first = entry * job->size, n = count * job->size;
    static const int cleared[] = {STATE_V, STATE_C, STATE_W, TOTAL, UNWANTED};
    for (size_t row = 0; row < sizeof cleared / sizeof cleared[0]; row++)
        memset(STATE(cleared[row]), 0, (size_t)n * sizeof(REAL));
    for (int64_t t = job->steps - 1; t >= 0; t--) {
        NAME(hx_back)(job, first, n, t, full, tuned);
        if (t == 0) break;
        NAME(hx_send)(job, entry, t, count);
        for (int e = 0; grad_weight && e < count; e++) NAME(hx_collect)(job, entry + e, t, grad_weight);
    }
}

#undef CONSTANT
#undef STATE

#define VARIANT(full, second)                                                                                              \
    BSS2_DISPATCH(NAME(hx_around_##full##second), (const NAME(hx_ring) * job, int64_t entry, int count, REAL *unused),         \
                  (job, entry, count, unused), (void)unused; NAME(hx_around)(job, entry, count, full, second))                 \
    BSS2_DISPATCH(NAME(hx_around_back_##full##second), (const NAME(hx_ring) * job, int64_t entry, int count, REAL *weights),   \
                  (job, entry, count, weights), NAME(hx_around_back)(job, entry, count, weights, full, second))

VARIANT(0, 0)
VARIANT(0, 1)
VARIANT(1, 0)
VARIANT(1, 1)

#undef VARIANT

/* Run one part of the batch. `variant`: 4 backwards, 2 with exponential and adaptation terms, 1 with recordings, backwards
 * if constants have gradients. */
static void NAME(hx_ring_run)(const NAME(hx_ring) * job, int64_t part, int variant) {
    static void (*const variants[])(const NAME(hx_ring) *, int64_t, int, REAL *) = {
        NAME(hx_around_00),      NAME(hx_around_01),      NAME(hx_around_10),      NAME(hx_around_11),
        NAME(hx_around_back_00), NAME(hx_around_back_01), NAME(hx_around_back_10), NAME(hx_around_back_11)};
    const int64_t begin = job->batch * part / job->parts, end = job->batch * (part + 1) / job->parts;
    REAL *weights = job->grad_weight ? job->grad_weight + part * job->size * job->size : NULL;
    for (int64_t entry = begin; entry < end; entry += HX_GROUP)
        variants[variant](job, entry, end - entry < HX_GROUP ? (int)(end - entry) : HX_GROUP, weights);
}
