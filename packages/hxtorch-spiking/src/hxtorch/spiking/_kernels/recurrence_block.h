/* Entries of the batch through all of their time, forwards and backwards, in one precision; included once for each. */

#include "exponential.h"
#include "surrogates.h"

/* Neighbouring sums that stay in one register. */
#define TILE (HX_TILE_BYTES / (int)sizeof(REAL))
#ifdef __GNUC__
typedef REAL NAME(hx_tile) __attribute__((vector_size(HX_TILE_BYTES)));
#else
typedef struct {
    REAL of[TILE];
} NAME(hx_tile);
#endif

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
HX_INLINE int NAME(hx_find)(const REAL *HX_RESTRICT spikes, int64_t n, int32_t *HX_RESTRICT list) {
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
HX_INLINE void NAME(hx_receive)(const NAME(hx_ring) * job, const REAL *HX_RESTRICT spikes, int32_t *HX_RESTRICT list,
                                REAL *HX_RESTRICT total) {
    const int64_t n = job->size;
    const int found = NAME(hx_find)(spikes, n, list);
    for (int64_t begin = 0; begin < n; begin += TILE) {
        NAME(hx_tile) sum = {0}, row;
        for (int i = 0; i < found; i++) {
            memcpy(&row, job->weight + list[i] * job->padded + begin, sizeof row);
            HX_ADD(sum, spikes[list[i]], row);
        }
        memcpy(total + begin, &sum, (size_t)(n - begin < TILE ? n - begin : TILE) * sizeof(REAL));
    }
}

/* Take step `t` of `n` lanes, whose TOTAL is known. `full` (exponential and adaptation terms) and `recorded` are known when
 * this is compiled. */
HX_INLINE void NAME(hx_on)(const NAME(hx_ring) * job, int64_t first, int64_t n, int64_t t, const int full, const int recorded) {
    const int64_t lanes = job->batch * job->size, at = t * lanes + first;
    const REAL *HX_RESTRICT gain = CONSTANT(GAIN), *HX_RESTRICT keep = CONSTANT(KEEP);
    const REAL *HX_RESTRICT leakage = CONSTANT(LEAKAGE), *HX_RESTRICT rest = CONSTANT(REST);
    const REAL *HX_RESTRICT reset = CONSTANT(RESET), *HX_RESTRICT threshold = CONSTANT(THRESHOLD);
    const REAL *HX_RESTRICT push = CONSTANT(PUSH), *HX_RESTRICT slope = CONSTANT(SLOPE);
    const REAL *HX_RESTRICT onset = CONSTANT(ONSET), *HX_RESTRICT rate = CONSTANT(RATE);
    const REAL *HX_RESTRICT pull = CONSTANT(PULL), *HX_RESTRICT kick = CONSTANT(KICK);
    const REAL *HX_RESTRICT refractory = CONSTANT(REFRACTORY);
    REAL *HX_RESTRICT v = STATE(STATE_V), *HX_RESTRICT c = STATE(STATE_C), *HX_RESTRICT w = STATE(STATE_W);
    REAL *HX_RESTRICT wait = STATE(STATE_WAIT);
    const REAL *HX_RESTRICT total = STATE(TOTAL);
    REAL *unwanted = STATE(UNWANTED); /* where outputs go that nobody asked for */
    const int has_z = recorded && job->spikes_hw, has_v = recorded && job->membrane_hw, has_w = recorded && job->adaptation_hw;
    const REAL *HX_RESTRICT x = job->input + at;
    const REAL *HX_RESTRICT z_hw = has_z ? job->spikes_hw + at : x;
    const REAL *HX_RESTRICT v_hw = has_v ? job->membrane_hw + at : x;
    const REAL *HX_RESTRICT w_hw = has_w ? job->adaptation_hw + at : x;
    REAL *HX_RESTRICT spikes = job->spikes + at;
    REAL *HX_RESTRICT membrane = job->membrane ? job->membrane + at : unwanted;
    REAL *HX_RESTRICT current = job->current ? job->current + at : unwanted;
    REAL *HX_RESTRICT adaptation = job->adaptation ? job->adaptation + at : unwanted;
    REAL *HX_RESTRICT before = job->before ? job->before + at : unwanted;
    uint8_t *HX_RESTRICT events = job->events ? job->events + at : (uint8_t *)unwanted;
    HX_VECTOR
    for (int64_t l = 0; l < n; l++) {
        const REAL u = v[l], held = wait[l];
        REAL drive = c[l] - leakage[l] * u;
        if (full) {
            REAL exponent = (u - onset[l]) / slope[l];
            exponent = exponent > EXPONENT_LIMIT ? EXPONENT_LIMIT : exponent;
            drive = drive + push[l] * (slope[l] * NAME(hx_exp)(exponent));
            drive = drive - w[l];
        }
        REAL moved = u + gain[l] * drive;
        moved = held > 0 ? u : moved;
        if (recorded) moved = has_v ? v_hw[l] - rest[l] : moved;
        const REAL synaptic = keep[l] * c[l] + (x[l] + total[l]);
        c[l] = synaptic;
        current[l] = synaptic;
        before[l] = moved;
        REAL z = moved - threshold[l] > 0 ? (REAL)1 : (REAL)0;
        z = held > 0 ? 0 : z;
        if (recorded) z = has_z ? z_hw[l] : z;
        const REAL left = held - 1 > 0 ? held - 1 : 0;
        const REAL after = z > 0 ? reset[l] : moved;
        wait[l] = z > 0 ? refractory[l] : left;
        spikes[l] = z;
        if (full) {
            REAL adapted = w[l] + rate[l] * (pull[l] * moved - w[l]);
            adapted = adapted + kick[l] * z;
            if (recorded) adapted = has_w ? w_hw[l] : adapted;
            w[l] = adapted;
            adaptation[l] = adapted;
        }
        v[l] = after;
        membrane[l] = recorded && has_v ? v_hw[l] : after + rest[l];
        events[l] = (uint8_t)((z > 0 ? SPIKED : 0) | (held > 0 ? HELD : 0));
    }
}

/* Take all steps of the entries [entry, entry + count), in turn: rows of neighbours lie side by side in memory. */
HX_INLINE void NAME(hx_around)(const NAME(hx_ring) * job, int64_t entry, int count, const int full, const int recorded) {
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
HX_INLINE void NAME(hx_back)(const NAME(hx_ring) * job, int64_t first, int64_t n, int64_t t, const int full, const int tuned) {
    const int64_t lanes = job->batch * job->size, at = t * lanes + first, ago = at - lanes;
    const int started = t > 0, looks_back = full || tuned;
    const int has_v = job->membrane_hw != NULL; /* then the membrane that is given out is that before a reset */
    const REAL *HX_RESTRICT gain = CONSTANT(GAIN), *HX_RESTRICT keep = CONSTANT(KEEP);
    const REAL *HX_RESTRICT leakage = CONSTANT(LEAKAGE);
    const REAL *HX_RESTRICT reset = CONSTANT(RESET), *HX_RESTRICT threshold = CONSTANT(THRESHOLD);
    const REAL *HX_RESTRICT push = CONSTANT(PUSH), *HX_RESTRICT slope = CONSTANT(SLOPE);
    const REAL *HX_RESTRICT onset = CONSTANT(ONSET), *HX_RESTRICT rate = CONSTANT(RATE);
    const REAL *HX_RESTRICT pull = CONSTANT(PULL), *HX_RESTRICT kick = CONSTANT(KICK);
    REAL *HX_RESTRICT grad_v = STATE(STATE_V), *HX_RESTRICT grad_c = STATE(STATE_C), *HX_RESTRICT grad_w = STATE(STATE_W);
    REAL *HX_RESTRICT slopes = STATE(STATE_WAIT), *HX_RESTRICT nothing = STATE(UNWANTED);
    REAL *HX_RESTRICT sums[ROWS];
    for (int row = 0; row < ROWS; row++) sums[row] = tuned ? job->grad_constants + row * lanes + first : NULL;
    const REAL *HX_RESTRICT to_spikes = job->grad_spikes ? job->grad_spikes + at : nothing;
    const REAL *HX_RESTRICT to_membrane = job->grad_membrane ? job->grad_membrane + at : nothing;
    const REAL *HX_RESTRICT to_current = job->grad_current ? job->grad_current + at : nothing;
    const REAL *HX_RESTRICT to_adaptation = job->grad_adaptation ? job->grad_adaptation + at : nothing;
    const REAL *HX_RESTRICT fed = STATE(TOTAL);
    const REAL *HX_RESTRICT before = job->before + at;
    const uint8_t *HX_RESTRICT events = job->events + at;
    const REAL *HX_RESTRICT before_ago = looks_back && started ? job->before + ago : CONSTANT(START);
    const uint8_t *HX_RESTRICT events_ago = started ? job->events + ago : events; /* at the start nothing has spiked */
    const REAL *HX_RESTRICT current_ago = tuned && started ? job->current + ago : nothing;
    const REAL *HX_RESTRICT adaptation_ago = tuned && full && started ? job->adaptation + ago : nothing;
    REAL *HX_RESTRICT grad_input = job->grad_input + at;
    NAME(hx_surrogate)(job->surrogate, job->alpha, before, threshold, slopes, (int)n);
    HX_VECTOR
    for (int64_t l = 0; l < n; l++) {
        const int spiked = events[l] & SPIKED, held = events[l] & HELD;
        const REAL to_v = to_membrane[l], arrived = grad_v[l] + (has_v ? 0 : to_v);
        REAL moved = spiked ? 0 : arrived; /* gradient of the membrane before the reset */
        moved += has_v ? to_v : 0;
        REAL adapted = grad_w[l];
        if (full) adapted += to_adaptation[l];
        REAL z = to_spikes[l] + fed[l];
        if (full) z += kick[l] * adapted;
        const REAL distance = held ? 0 : z * slopes[l];
        moved += distance;
        REAL w_back = 0, aim = 0;
        if (full) {
            aim = rate[l] * adapted;
            moved += aim * pull[l];
            w_back = adapted - aim;
        }
        const REAL synaptic = grad_c[l] + to_current[l];
        grad_input[l] = synaptic;
        const REAL drive = held ? 0 : gain[l] * moved;
        REAL back = moved - leakage[l] * drive;
        const REAL u = looks_back ? (started && (events_ago[l] & SPIKED) ? reset[l] : before_ago[l]) : 0;
        REAL exponential = 0, exponent = 0, inside = 0;
        if (full) {
            exponent = (u - onset[l]) / slope[l];
            inside = exponent <= EXPONENT_LIMIT ? (REAL)1 : (REAL)0;
            exponent = exponent > EXPONENT_LIMIT ? EXPONENT_LIMIT : exponent;
            exponential = NAME(hx_exp)(exponent);
            back += push[l] * (drive * (exponential * inside));
            w_back -= drive;
        }
        if (tuned) {
            const REAL c = current_ago[l], open = held ? 0 : moved;
            REAL total = c - leakage[l] * u;
            if (full) {
                const REAL w = adaptation_ago[l];
                total += push[l] * (slope[l] * exponential) - w;
                sums[PUSH][l] += drive * (slope[l] * exponential);
                sums[SLOPE][l] += drive * push[l] * (exponential - inside * (exponential * exponent));
                sums[ONSET][l] -= drive * push[l] * (inside * exponential);
                sums[RATE][l] += adapted * (pull[l] * before[l] - w);
                sums[PULL][l] += aim * before[l];
                sums[KICK][l] += spiked ? adapted : 0;
            }
            sums[GAIN][l] += open * total;
            sums[KEEP][l] += synaptic * c;
            sums[LEAKAGE][l] -= drive * u;
            sums[REST][l] += to_v;
            sums[RESET][l] += spiked ? arrived : 0;
            sums[THRESHOLD][l] -= distance;
        }
        grad_v[l] = back;
        grad_c[l] = keep[l] * synaptic + drive;
        grad_w[l] = w_back;
    }
    if (tuned && !started) memcpy(sums[START], grad_v, (size_t)n * sizeof(REAL));
}

/* TOTAL of each source = sum over targets of gradient[target] weight[target][source], for `count` entries. */
HX_INLINE void NAME(hx_send)(const NAME(hx_ring) * job, int64_t entry, int64_t t, const int count) {
    const int64_t n = job->size, lanes = job->batch * n, first = entry * n;
    const REAL *HX_RESTRICT gradients = job->grad_input + t * lanes + first;
    for (int64_t begin = 0; begin < n; begin += TILE) {
        const REAL *HX_RESTRICT weight = job->weight + begin;
        NAME(hx_tile) sums[HX_TOGETHER] = {{0}}, row;
        for (int64_t target = 0; target < n; target++, weight += job->padded) {
            memcpy(&row, weight, sizeof row);
            for (int e = 0; e < count; e++) HX_ADD(sums[e], gradients[e * n + target], row);
        }
        const size_t bytes = (size_t)(n - begin < TILE ? n - begin : TILE) * sizeof(REAL);
        for (int e = 0; e < count; e++) memcpy(STATE(TOTAL) + e * n + begin, &sums[e], bytes);
    }
}

/* Add to the gradient of the weights (source, target) what step `t` of one entry tells. */
HX_INLINE void NAME(hx_collect)(const NAME(hx_ring) * job, int64_t entry, int64_t t, REAL *grad_weight) {
    const int64_t n = job->size, at = (t * job->batch + entry) * n;
    const REAL *HX_RESTRICT gradient = job->grad_input + at;
    const REAL *HX_RESTRICT spikes = job->spikes + at - job->batch * n;
    int32_t *list = job->lists + entry * n;
    const int found = NAME(hx_find)(spikes, n, list);
    for (int i = 0; i < found; i++) {
        const REAL z = spikes[list[i]];
        REAL *HX_RESTRICT sums = grad_weight + list[i] * n;
        HX_VECTOR
        for (int64_t l = 0; l < n; l++) sums[l] += z * gradient[l];
    }
}

/* Go back through all steps of the entries [entry, entry + count). */
HX_INLINE void NAME(hx_around_back)(const NAME(hx_ring) * job, int64_t entry, int count, REAL *grad_weight, const int full,
                                    const int tuned) {
    const int64_t lanes = job->batch * job->size, first = entry * job->size, n = count * job->size;
    static const int cleared[] = {STATE_V, STATE_C, STATE_W, TOTAL, UNWANTED};
    for (size_t row = 0; row < sizeof cleared / sizeof cleared[0]; row++)
        memset(STATE(cleared[row]), 0, (size_t)n * sizeof(REAL));
    for (int64_t t = job->steps - 1; t >= 0; t--) {
        NAME(hx_back)(job, first, n, t, full, tuned);
        if (t == 0) break;
        int sent = 0;
        for (; sent + HX_TOGETHER <= count; sent += HX_TOGETHER) NAME(hx_send)(job, entry + sent, t, HX_TOGETHER);
        for (; sent + 2 <= count; sent += 2) NAME(hx_send)(job, entry + sent, t, 2);
        if (sent < count) NAME(hx_send)(job, entry + sent, t, 1);
        for (int e = 0; grad_weight && e < count; e++) NAME(hx_collect)(job, entry + e, t, grad_weight);
    }
}

#undef CONSTANT
#undef STATE

#define VARIANT(full, second)                                                                    \
    HX_CLONES void NAME(hx_around_##full##second)(const NAME(hx_ring) * job, int64_t entry, int count, REAL *unused) { \
        (void)unused;                                                                            \
        NAME(hx_around)(job, entry, count, full, second);                                        \
    }                                                                                            \
    HX_CLONES void NAME(hx_around_back_##full##second)(const NAME(hx_ring) * job, int64_t entry, int count, REAL *weights) { \
        NAME(hx_around_back)(job, entry, count, weights, full, second);                          \
    }

VARIANT(0, 0)
VARIANT(0, 1)
VARIANT(1, 0)
VARIANT(1, 1)

#undef VARIANT
#undef TILE

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
