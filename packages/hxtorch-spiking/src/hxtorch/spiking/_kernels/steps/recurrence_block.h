/* Entries of the batch through all of their time, forwards and backwards, in one precision; included once for each. */

#include "steps/exponential.h"
#include "steps/held.h"
#include "steps/surrogates.h" /* and in the loops over lanes: forward_step.h, adjoint_step.h */

/* A pointer that is NULL stands for what was not recorded, is not wanted, or has no gradient. */
typedef struct {
    int64_t steps, batch, size;
    int64_t width;                                       /* of a row of the constants: one for all, or one for each lane */
    const REAL *constants;                               /* [ROWS][width] */
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
    int64_t parts;                                       /* the batch is cut into so many */
    int surrogate;
    REAL alpha;
    const REAL *grad_spikes, *grad_membrane, *grad_current, *grad_adaptation;
    REAL *grad_input;
    REAL *grad_constants;                                /* [ROWS][batch * size], zeros */
} NAME(hx_ring);

/* Constants and states of the lanes from `first` on; a lane is a neuron of an entry. */
#define CONSTANT(row) (uniform ? one->of + (row) : job->constants + (row) * lanes + first)
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

/* A copy of the constants that all lanes have: compilers know that it can be read in any case, and read it once. */
typedef struct {
    REAL of[ROWS];
} NAME(hx_set);

BSS2_INLINE NAME(hx_set) NAME(hx_set_of)(const NAME(hx_ring) * job, const int uniform) {
    NAME(hx_set) set = {{0}};
    if (uniform) memcpy(set.of, job->constants, sizeof set.of);
    return set;
}

/* Write a constant of `n` lanes. */
BSS2_INLINE void NAME(hx_copy)(const REAL *constant, REAL *to, int64_t n, const int uniform) {
    for (int64_t l = 0; l < n; l++) to[l] = constant[uniform ? 0 : l];
}

/* Take step `t` of `n` lanes, whose TOTAL is known. `full` (exponential and adaptation terms), `recorded` and whether all lanes
 * have the same constants are known when this is compiled. */
BSS2_INLINE void NAME(hx_on)(const NAME(hx_ring) * job, int64_t first, int64_t n, int64_t t, const int full, const int recorded,
                           const int uniform, const NAME(hx_set) * one) {
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
    if (t + 1 < job->steps) hx_fetch(job->input + at + lanes, (size_t)n * sizeof(REAL));
    BSS2_VECTOR
    for (int64_t l = 0; l < n; l++) {
        const int64_t k = uniform ? 0 : l;
#include "steps/forward_step.h"
    }
}

/* Take all steps of the entries [entry, entry + count), in turn: rows of neighbours lie side by side in memory. */
BSS2_INLINE void NAME(hx_around)(const NAME(hx_ring) * job, int64_t entry, int count, const int full, const int recorded,
                               const int uniform) {
    const int64_t size = job->size, lanes = job->batch * size, first = entry * size, n = count * size;
    const size_t bytes = (size_t)n * sizeof(REAL);
    const NAME(hx_set) set = NAME(hx_set_of)(job, uniform), *one = &set;
    NAME(hx_copy)(CONSTANT(START), STATE(STATE_V), n, uniform);
    memset(STATE(STATE_C), 0, bytes);
    memset(STATE(STATE_W), 0, bytes);
    memset(STATE(STATE_WAIT), 0, bytes);
    memset(STATE(TOTAL), 0, bytes);
    for (int64_t t = 0; t < job->steps; t++) {
        const REAL *spikes = job->spikes + (t - 1) * lanes + first;
        for (int64_t l = 0; t > 0 && l < n; l += size)
            NAME(hx_receive)(job, spikes + l, job->lists + first, STATE(TOTAL) + l);
        NAME(hx_on)(job, first, n, t, full, recorded, uniform, &set);
    }
}

/* Go back through step `t` of `n` lanes. Their states are gradients, TOTAL is what reaches spikes by their weights, WAIT
 * holds slopes of the surrogate, LEVEL thresholds. */
BSS2_INLINE void NAME(hx_back)(const NAME(hx_ring) * job, int64_t first, int64_t n, int64_t t, const int full, const int tuned,
                             const int uniform, const NAME(hx_set) * one) {
    const int fire = 1, recurs = 1, bare = 0, coded = 0, direct = 0;
    const int64_t lanes = job->batch * job->size, at = t * lanes + first, ago = at - lanes;
    const int started = t > 0, looks_back = full || tuned;
    const int has_v = job->membrane_hw != NULL; /* then the membrane that is given out is that before a reset */
    const REAL *BSS2_RESTRICT gain = CONSTANT(GAIN), *BSS2_RESTRICT keep = CONSTANT(KEEP);
    const REAL *BSS2_RESTRICT leakage = CONSTANT(LEAKAGE);
    const REAL *BSS2_RESTRICT reset = CONSTANT(RESET), *BSS2_RESTRICT threshold = STATE(LEVEL);
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
    if (started) {
        hx_fetch(job->before + ago, (size_t)n * sizeof(REAL));
        if (job->grad_spikes) hx_fetch(job->grad_spikes + ago, (size_t)n * sizeof(REAL));
        if (job->grad_membrane) hx_fetch(job->grad_membrane + ago, (size_t)n * sizeof(REAL));
        if (job->grad_current) hx_fetch(job->grad_current + ago, (size_t)n * sizeof(REAL));
    }
    NAME(hx_surrogate)(job->surrogate, job->alpha, before, threshold, slopes, (int)n);
    BSS2_VECTOR
    for (int64_t l = 0; l < n; l++) {
        const int64_t k = uniform ? 0 : l;
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

/* Go back through all steps of the entries [entry, entry + count). */
BSS2_INLINE void NAME(hx_around_back)(const NAME(hx_ring) * job, int64_t entry, int count, const int full, const int tuned,
                                    const int uniform) {
    const int64_t lanes = job->batch * job->size, first = entry * job->size, n = count * job->size;
    const NAME(hx_set) set = NAME(hx_set_of)(job, uniform), *one = &set;
    static const int cleared[] = {STATE_V, STATE_C, STATE_W, TOTAL, UNWANTED};
    for (size_t row = 0; row < sizeof cleared / sizeof cleared[0]; row++)
        memset(STATE(cleared[row]), 0, (size_t)n * sizeof(REAL));
    NAME(hx_copy)(CONSTANT(THRESHOLD), STATE(LEVEL), n, uniform);
    for (int64_t t = job->steps - 1; t >= 0; t--) {
        NAME(hx_back)(job, first, n, t, full, tuned, uniform, &set);
        if (t) NAME(hx_send)(job, entry, t, count);
    }
}

#undef CONSTANT
#undef STATE

#define VARIANT(full, second, uniform)                                                                                    \
    BSS2_DISPATCH(NAME(hx_around_##full##second##uniform), (const NAME(hx_ring) * job, int64_t entry, int count),          \
                  (job, entry, count), NAME(hx_around)(job, entry, count, full, second, uniform))                          \
    BSS2_DISPATCH(NAME(hx_around_back_##full##second##uniform), (const NAME(hx_ring) * job, int64_t entry, int count),     \
                  (job, entry, count), NAME(hx_around_back)(job, entry, count, full, second, uniform))

VARIANT(0, 0, 0)
VARIANT(0, 1, 0)
VARIANT(1, 0, 0)
VARIANT(1, 1, 0)
VARIANT(0, 0, 1)

#undef VARIANT

/* Run one part of the batch. `variant`: 4 backwards, 2 with exponential and adaptation terms, 1 with recordings, backwards
 * if constants have gradients. One set of constants for all is for neither of the last two. */
static void NAME(hx_ring_run)(const NAME(hx_ring) * job, int64_t part, int variant) {
    typedef void NAME(hx_group)(const NAME(hx_ring) *, int64_t, int);
    static NAME(hx_group) *const variants[] = {
        NAME(hx_around_000),      NAME(hx_around_010),      NAME(hx_around_100),      NAME(hx_around_110),
        NAME(hx_around_back_000), NAME(hx_around_back_010), NAME(hx_around_back_100), NAME(hx_around_back_110)};
    NAME(hx_group) *run = variants[variant];
    if (job->width == 1) run = variant ? NAME(hx_around_back_001) : NAME(hx_around_001);
    const int64_t begin = job->batch * part / job->parts, end = job->batch * (part + 1) / job->parts;
    for (int64_t entry = begin; entry < end; entry += HX_GROUP) run(job, entry, end - entry < HX_GROUP ? (int)(end - entry) : HX_GROUP);
}
