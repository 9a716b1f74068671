/* One block of lanes through all of its time, forwards and backwards, in one precision; included once for each. */

#include "steps/exponential.h"
#include "steps/held.h"
#include "steps/surrogates.h" /* and in the loops over lanes: forward_step.h, adjoint_step.h */

/* A pointer that is NULL stands for what was not recorded, is not wanted, or has no gradient. */
typedef struct {
    int64_t steps, lanes;
    int64_t width;                                             /* of a row of the constants: lane l has number l % width */
    const REAL *constants;                                     /* [ROWS][width] */
    const REAL *spikes_hw, *membrane_hw, *adaptation_hw;       /* recordings */
    /* forwards */
    const REAL *input;
    REAL *spikes, *membrane, *current, *adaptation;            /* outputs */
    REAL *before;                                              /* membrane before the reset, relative to the rest */
    uint8_t *events;                                           /* SPIKED | HELD */
    int64_t kept_lanes, kept_first;                            /* lanes of these two, and the first of them */
    /* backwards, which also reads before, events and (for gradients of constants) current and adaptation. Without events
     * membranes are computed again from the input, block by block: that takes less time than to write and to read them. */
    int surrogate;
    REAL alpha;
    const REAL *grad_spikes, *grad_membrane, *grad_current, *grad_adaptation;
    REAL *grad_input;
    REAL *grad_constants;                                      /* [ROWS][lanes], summed over time */
} NAME(hx_job);

/* Rows of one block. */
typedef struct {
    REAL of[ROWS][LANES];
} NAME(hx_constants);

BSS2_INLINE void NAME(hx_load)(const NAME(hx_job) * job, int64_t first, int n, const int full, NAME(hx_constants) * constants) {
    for (int row = 0; row < ROWS; row++) {
        const REAL *source = job->constants + row * job->width;
        REAL *target = constants->of[row];
        if (!full && row >= PUSH && row <= KICK) continue;
        if (job->width == 1) {
            const REAL value = source[0];
            for (int l = 0; l < n; l++) target[l] = value;
            continue;
        }
        for (int64_t l = 0, at = first % job->width; l < n; at = 0) {
            const int64_t more = job->width - at < n - l ? job->width - at : n - l;
            memcpy(target + l, source + at, (size_t)more * sizeof(REAL));
            l += more;
        }
    }
}

/* Take all steps of the lanes [first, first + n). Known when this is compiled: `fire`, `full` (exponential and adaptation
 * terms), `recorded`, which outputs there are, and whether all lanes have the same constants. */
BSS2_INLINE void NAME(hx_forward)(const NAME(hx_job) * job, int64_t first, int n, const int fire, const int full,
                                const int recorded, const int outputs, const int uniform) {
    const int recurs = 0;
    const REAL *total = NULL;
    NAME(hx_constants) constants;
    REAL v[LANES], c[LANES], w[LANES], wait[LANES];
    REAL unwanted[LANES]; /* where outputs go that nobody asked for */
    uint8_t unwanted_events[LANES];
    static const REAL nothing[LANES];
    NAME(hx_load)(job, first, n, full, &constants);
    memcpy(v, constants.of[START], (size_t)n * sizeof(REAL));
    memset(c, 0, sizeof c);
    memset(w, 0, sizeof w);
    memset(wait, 0, sizeof wait);
    const int has_z = recorded && job->spikes_hw, has_v = recorded && job->membrane_hw, has_w = recorded && job->adaptation_hw;
    const REAL *BSS2_RESTRICT gain = constants.of[GAIN], *BSS2_RESTRICT keep = constants.of[KEEP];
    const REAL *BSS2_RESTRICT leakage = constants.of[LEAKAGE], *BSS2_RESTRICT rest = constants.of[REST];
    const REAL *BSS2_RESTRICT reset = constants.of[RESET], *BSS2_RESTRICT threshold = constants.of[THRESHOLD];
    const REAL *BSS2_RESTRICT push = constants.of[PUSH], *BSS2_RESTRICT slope = constants.of[SLOPE];
    const REAL *BSS2_RESTRICT onset = constants.of[ONSET], *BSS2_RESTRICT rate = constants.of[RATE];
    const REAL *BSS2_RESTRICT pull = constants.of[PULL], *BSS2_RESTRICT kick = constants.of[KICK];
    const REAL *BSS2_RESTRICT refractory = constants.of[REFRACTORY];
    for (int64_t t = 0; t < job->steps; t++) {
        const int64_t at = t * job->lanes + first;
        const REAL *BSS2_RESTRICT x = job->input + at;
        const REAL *BSS2_RESTRICT z_hw = has_z ? job->spikes_hw + at : nothing;
        const REAL *BSS2_RESTRICT v_hw = has_v ? job->membrane_hw + at : nothing;
        const REAL *BSS2_RESTRICT w_hw = has_w ? job->adaptation_hw + at : nothing;
        REAL *BSS2_RESTRICT spikes = job->spikes ? job->spikes + at : unwanted;
        REAL *BSS2_RESTRICT membrane = job->membrane ? job->membrane + at : unwanted;
        REAL *BSS2_RESTRICT current = job->current ? job->current + at : unwanted;
        REAL *BSS2_RESTRICT adaptation = job->adaptation ? job->adaptation + at : unwanted;
        const int64_t kept = t * job->kept_lanes + first - job->kept_first;
        REAL *BSS2_RESTRICT before = job->before ? job->before + kept : unwanted;
        uint8_t *BSS2_RESTRICT events = job->events ? job->events + kept : unwanted_events;
        if (t + 1 < job->steps) hx_fetch(job->input + at + job->lanes, (size_t)n * sizeof(REAL));
        BSS2_VECTOR
        for (int l = 0; l < n; l++) {
            const int k = uniform ? 0 : l;
#include "steps/forward_step.h"
        }
    }
}

/* Go back through all steps of the lanes [first, first + n). `tuned`: constants have gradients. `bare`: only spikes have
 * gradients, and no membrane was recorded. `coded`: membranes say what events do. `direct`:
 * the surrogate is SuperSpike, whose derivatives pass through no memory. */
BSS2_INLINE void NAME(hx_backward)(const NAME(hx_job) * job, int64_t first, int n, const int fire, const int full,
                                 const int tuned, const int bare, const int uniform, const int coded,
                                 const int direct) {
    const int recurs = 0;
    const REAL *fed = NULL;
    NAME(hx_constants) constants;
    REAL grad_v[LANES], grad_c[LANES], grad_w[LANES], slopes[LANES], unwanted[LANES];
    REAL sums[ROWS][LANES]; /* gradients of the constants so far */
    static const REAL nothing[LANES];
    static const uint8_t no_events[LANES];
    NAME(hx_load)(job, first, n, full, &constants);
    memset(grad_v, 0, sizeof grad_v);
    memset(grad_c, 0, sizeof grad_c);
    memset(grad_w, 0, sizeof grad_w);
    if (tuned) memset(sums, 0, sizeof sums);
    const int has_v = !bare && job->membrane_hw != NULL; /* then the membrane that is given out is that before a reset */
    const REAL *BSS2_RESTRICT gain = constants.of[GAIN], *BSS2_RESTRICT keep = constants.of[KEEP];
    const REAL *BSS2_RESTRICT leakage = constants.of[LEAKAGE];
    const REAL *BSS2_RESTRICT reset = constants.of[RESET], *BSS2_RESTRICT threshold = constants.of[THRESHOLD];
    const REAL *BSS2_RESTRICT push = constants.of[PUSH], *BSS2_RESTRICT slope = constants.of[SLOPE];
    const REAL *BSS2_RESTRICT onset = constants.of[ONSET], *BSS2_RESTRICT rate = constants.of[RATE];
    const REAL *BSS2_RESTRICT pull = constants.of[PULL], *BSS2_RESTRICT kick = constants.of[KICK];
    const int looks_back = full || tuned;
    for (int64_t t = job->steps - 1; t >= 0; t--) {
        const int64_t at = t * job->lanes + first, ago = at - job->lanes;
        const int64_t kept = t * job->kept_lanes + first - job->kept_first, kept_ago = kept - job->kept_lanes;
        const int started = t > 0;
        const REAL *BSS2_RESTRICT to_spikes = job->grad_spikes ? job->grad_spikes + at : nothing;
        const REAL *BSS2_RESTRICT to_membrane = job->grad_membrane ? job->grad_membrane + at : nothing;
        const REAL *BSS2_RESTRICT to_current = job->grad_current ? job->grad_current + at : nothing;
        const REAL *BSS2_RESTRICT to_adaptation = job->grad_adaptation ? job->grad_adaptation + at : nothing;
        const REAL *BSS2_RESTRICT before = fire || looks_back ? job->before + kept : nothing;
        const uint8_t *BSS2_RESTRICT events = fire && !coded ? job->events + kept : no_events;
        const REAL *BSS2_RESTRICT before_ago = looks_back && started ? job->before + kept_ago : constants.of[START];
        const uint8_t *BSS2_RESTRICT events_ago = looks_back && fire && started ? job->events + kept_ago : no_events;
        const REAL *BSS2_RESTRICT current_ago = tuned && started ? job->current + ago : nothing;
        const REAL *BSS2_RESTRICT adaptation_ago = tuned && full && started ? job->adaptation + ago : nothing;
        REAL *BSS2_RESTRICT grad_input = job->grad_input ? job->grad_input + at : unwanted;
        if (t > 0) {
            const size_t bytes = (size_t)n * sizeof(REAL);
            if (job->grad_spikes) hx_fetch(job->grad_spikes + ago, bytes);
            if (job->grad_membrane) hx_fetch(job->grad_membrane + ago, bytes);
            if (job->grad_current) hx_fetch(job->grad_current + ago, bytes);
            if ((fire || looks_back) && !coded) hx_fetch(job->before + kept_ago, bytes);
        }
        if (fire && !direct) NAME(hx_surrogate)(job->surrogate, job->alpha, before, threshold, slopes, n);
        BSS2_VECTOR
        for (int l = 0; l < n; l++) {
            const int k = uniform ? 0 : l;
#include "steps/adjoint_step.h"
        }
    }
    if (!tuned) return;
    memcpy(sums[START], grad_v, (size_t)n * sizeof(REAL));
    for (int row = 0; row < ROWS; row++)
        memcpy(job->grad_constants + row * job->lanes + first, sums[row], (size_t)n * sizeof(REAL));
}

typedef void NAME(hx_block)(const NAME(hx_job) *, int64_t, int);

#define VARIANT(name, work, ...)                                                                          \
    BSS2_DISPATCH(NAME(name), (const NAME(hx_job) * job, int64_t first, int n), (job, first, n),             \
                  NAME(work)(job, first, n, __VA_ARGS__))

VARIANT(hx_forward_000, hx_forward, 0, 0, 0, ALL, 0)
VARIANT(hx_forward_001, hx_forward, 0, 0, 1, ALL, 0)
VARIANT(hx_forward_010, hx_forward, 0, 1, 0, ALL, 0)
VARIANT(hx_forward_011, hx_forward, 0, 1, 1, ALL, 0)
VARIANT(hx_forward_100, hx_forward, 1, 0, 0, ALL, 0)
VARIANT(hx_forward_101, hx_forward, 1, 0, 1, ALL, 0)
VARIANT(hx_forward_110, hx_forward, 1, 1, 0, ALL, 0)
VARIANT(hx_forward_111, hx_forward, 1, 1, 1, ALL, 0)
VARIANT(hx_backward_000, hx_backward, 0, 0, 0, 0, 0, 0, 0)
VARIANT(hx_backward_001, hx_backward, 0, 0, 1, 0, 0, 0, 0)
VARIANT(hx_backward_010, hx_backward, 0, 1, 0, 0, 0, 0, 0)
VARIANT(hx_backward_011, hx_backward, 0, 1, 1, 0, 0, 0, 0)
VARIANT(hx_backward_100, hx_backward, 1, 0, 0, 0, 0, 0, 0)
VARIANT(hx_backward_101, hx_backward, 1, 0, 1, 0, 0, 0, 0)
VARIANT(hx_backward_110, hx_backward, 1, 1, 0, 0, 0, 0, 0)
VARIANT(hx_backward_111, hx_backward, 1, 1, 1, 0, 0, 0, 0)


/* Those that are met most, by whether all lanes have the same constants. */
VARIANT(hx_spikes_0, hx_forward, 1, 0, 0, SPIKES, 0)
VARIANT(hx_spikes_1, hx_forward, 1, 0, 0, SPIKES, 1)
VARIANT(hx_traces_0, hx_forward, 1, 0, 0, TRACES, 0)
VARIANT(hx_traces_1, hx_forward, 1, 0, 0, TRACES, 1)
VARIANT(hx_again_0, hx_forward, 1, 0, 0, AGAIN, 0)
VARIANT(hx_again_1, hx_forward, 1, 0, 0, AGAIN, 1)
VARIANT(hx_bare_0, hx_backward, 1, 0, 0, 1, 0, 0, 0)
VARIANT(hx_bare_1, hx_backward, 1, 0, 0, 1, 1, 0, 0)
VARIANT(hx_coded, hx_backward, 1, 0, 0, 0, 0, 1, 0)
VARIANT(hx_coded_bare_0, hx_backward, 1, 0, 0, 1, 0, 1, 0)
VARIANT(hx_coded_bare_1, hx_backward, 1, 0, 0, 1, 1, 1, 0)
VARIANT(hx_direct_0, hx_backward, 1, 0, 0, 1, 0, 1, 1)
VARIANT(hx_direct_1, hx_backward, 1, 0, 0, 1, 1, 1, 1)

#undef VARIANT

static NAME(hx_block) *const NAME(hx_forward_variants)[8] = {
    NAME(hx_forward_000), NAME(hx_forward_001), NAME(hx_forward_010), NAME(hx_forward_011),
    NAME(hx_forward_100), NAME(hx_forward_101), NAME(hx_forward_110), NAME(hx_forward_111)};

static NAME(hx_block) *const NAME(hx_backward_variants)[8] = {
    NAME(hx_backward_000), NAME(hx_backward_001), NAME(hx_backward_010), NAME(hx_backward_011),
    NAME(hx_backward_100), NAME(hx_backward_101), NAME(hx_backward_110), NAME(hx_backward_111)};

enum { NAME(HX_SPIKING) = 4 }; /* neurons that fire, without other terms, recordings or gradients of constants */

static void NAME(hx_step)(const NAME(hx_job) * job, int64_t first, int n, int variant) {
    if (variant == NAME(HX_SPIKING) && !job->before && !job->events) {
        NAME(hx_block) *const spikes = job->width == 1 ? NAME(hx_spikes_1) : NAME(hx_spikes_0);
        NAME(hx_block) *const traces = job->width == 1 ? NAME(hx_traces_1) : NAME(hx_traces_0);
        (job->membrane || job->current ? traces : spikes)(job, first, n);
    } else {
        NAME(hx_forward_variants)[variant](job, first, n);
    }
}

static void NAME(hx_back)(const NAME(hx_job) * job, int64_t first, int n, int variant, int coded) {
    const int bare = job->grad_spikes && !(job->grad_membrane || job->grad_current || job->membrane_hw);
    if (coded && !bare) {
        NAME(hx_coded)(job, first, n);
    } else if (coded && job->surrogate == SUPERSPIKE) {
        (job->width == 1 ? NAME(hx_direct_1) : NAME(hx_direct_0))(job, first, n);
    } else if (coded) {
        (job->width == 1 ? NAME(hx_coded_bare_1) : NAME(hx_coded_bare_0))(job, first, n);
    } else if (variant == NAME(HX_SPIKING) && bare) {
        (job->width == 1 ? NAME(hx_bare_1) : NAME(hx_bare_0))(job, first, n);
    } else {
        NAME(hx_backward_variants)[variant](job, first, n);
    }
}

/* Run the block of at most `size` lanes that starts at `first`. Backwards without events, `scratch` has room for the membranes of
 * the block. */
static void NAME(hx_run)(const NAME(hx_job) * job, int64_t first, int64_t size, int variant, int backward, void *scratch) {
    const int n = job->lanes - first < size ? (int)(job->lanes - first) : (int)size;
    if (!backward) {
        NAME(hx_step)(job, first, n, variant);
    } else if (!scratch) {
        NAME(hx_back)(job, first, n, variant, 0);
    } else {
        NAME(hx_job) again = *job;
        again.before = (REAL *)scratch;
        again.kept_lanes = n;
        again.kept_first = first;
        (job->width == 1 ? NAME(hx_again_1) : NAME(hx_again_0))(&again, first, n);
        NAME(hx_back)(&again, first, n, variant, 1);
    }
}
