/* Neurons: all of them move together by a step; what happens to one of them inside a step is followed alone. Part of entry.h. */

/* Synaptic states below this are nothing; left alone they would decay into denormal numbers, which cost ten times as much. */
#define TINY ((REAL)1e-30)

/* What the transconductor of an inhibitory input draws of its current where the membrane is at `v`: less and less below `onset`,
 * as a transistor does that leaves saturation, and nothing at the lower rail. Twin: compliance in reference/neurons/membrane.py. */
BSS2_INLINE REAL NAME(compliance)(REAL v, REAL onset, REAL inverse) {
    REAL depth = (onset - v) * inverse;
    depth = depth < (REAL)0 ? (REAL)0 : depth;
    return (REAL)1 - depth * depth;
}

/* Synaptic states decay; often enough to keep denormal numbers away, those that are nothing become zero. */
BSS2_INLINE int NAME(forgetful)(const NAME(state) *s) { return s->start / STEP % 16 == 0; }

BSS2_INLINE void NAME(forget)(NAME(state) *s, int from, int to) {
    REAL *BSS2_RESTRICT exc = s->exc, *BSS2_RESTRICT inh = s->inh;
    BSS2_VECTOR
    for (int j = from; j < to; j++) {
        exc[j] = exc[j] < TINY ? (REAL)0 : exc[j];
        inh[j] = inh[j] < TINY ? (REAL)0 : inh[j];
    }
}

BSS2_INLINE REAL NAME(clip)(const NAME(state) *s, REAL x) {
    const REAL low = (REAL)s->plan->rail_low, high = (REAL)s->plan->rail_high;
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* Synaptic states of one circuit at the start of this step, whose end they have reached, and the share of the inhibitory one
 * that the membrane lets flow in this step. */
BSS2_INLINE void NAME(inputs)(const NAME(state) *s, int j, REAL *exc, REAL *inh, REAL *share) {
    *share = s->plan->saturating ? NAME(compliance)(s->v[j], s->onset, s->inverse) : (REAL)1;
    *exc = s->exc[j] / OWN(s, SYN_EXC + STEP - 1, j);
    *inh = s->inh[j] / OWN(s, SYN_INH + STEP - 1, j) * *share;
}

#include "neurons/terms.h"

/* Move the membrane of one plain neuron by `k` cycles from cycle `t` of this step. */
BSS2_INLINE REAL NAME(segment)(const NAME(state) *s, int j, REAL v, REAL exc, REAL inh, int64_t t, int k) {
    const int mode = s->cells[j].phase == NAME(RESETTING), gone = (int)(t - s->start), row = mode * STEP + k - 1;
    if (gone > 0) {
        exc *= OWN(s, SYN_EXC + gone - 1, j);
        inh *= OWN(s, SYN_INH + gone - 1, j);
    }
    const REAL decay = OWN(s, DECAY + row, j);
    REAL x = v * decay + s->rest[(size_t)mode * s->width + j] * ((REAL)1 - decay) + s->noise[j] * ((REAL)k / (REAL)STEP);
    x += exc * OWN(s, DRIVE_EXC + row, j) - inh * OWN(s, DRIVE_INH + row, j);
    return NAME(clip)(s, x);
}

/* Put the constants of the neuron's phase where the loop over all neurons finds them. */
BSS2_INLINE void NAME(use_mode)(NAME(state) *s, int j) {
    const int mode = s->cells[j].phase == NAME(RESETTING), row = mode * STEP + STEP - 1;
    if (s->cells[j].kind) {
        NAME(use_terms)(s, j, mode);
        return;
    }
    s->decay[j] = OWN(s, DECAY + row, j);
    s->drive_exc[j] = OWN(s, DRIVE_EXC + row, j);
    s->drive_inh[j] = OWN(s, DRIVE_INH + row, j);
    s->drift[j] = s->rest[(size_t)mode * s->width + j] * ((REAL)1 - s->decay[j]) + s->noise[j];
}

/* Follow one neuron through its phases and pulses from cycle `t` to the end of the step; `since`, `before`: its last change there. */
static REAL NAME(follow)(NAME(state) *s, int j, REAL v, int64_t t, int64_t *since, REAL *before) {
    const int64_t end = s->start + STEP;
    REAL exc, inh, share;
    NAME(inputs)(s, j, &exc, &inh, &share);
    const int plain = !s->cells[j].kind, was = s->cells[j].phase == NAME(RESETTING);
    while (NAME(change)(s, j) < end) {
        const int64_t change = NAME(change)(s, j);
        if (change > t) {
            const int k = (int)(change - t);
            v = plain ? NAME(segment)(s, j, v, exc, inh, t, k) : NAME(move)(s, j, v, (int)(t - s->start), k, 0);
            t = change;
        }
        if (s->cells[j].pulse_end <= t) NAME(pulse)(s, j, INT64_MAX);
        if (s->cells[j].next > t) continue;
        if (s->cells[j].phase == NAME(FIRING)) {
            s->cells[j].phase = NAME(RESETTING);
            s->cells[j].next = s->cells[j].fired + s->cells[j].reset_cycles;
            if (s->cells[j].pulse_cycles) NAME(pulse)(s, j, s->cells[j].fired + s->cells[j].pulse_cycles);
        } else if (s->cells[j].phase == NAME(RESETTING)) {
            s->cells[j].phase = NAME(HOLDING);
            s->cells[j].next = s->cells[j].fired + s->cells[j].refractory_cycles;
        } else if (s->cells[j].due) {
            NAME(answer)(s, j);
        } else {
            s->cells[j].phase = NAME(FREE);
            s->cells[j].next = INT64_MAX;
        }
    }
    if (was != (s->cells[j].phase == NAME(RESETTING))) NAME(use_mode)(s, j);
    *since = t;
    *before = v;
    for (int i = j; i < s->cells[j].end && !plain; i++) s->u[i] = s->u_next[i]; /* a spike in what is left of the step starts here */
    if (end == t) return v;
    return plain ? NAME(segment)(s, j, v, exc, inh, t, (int)(end - t)) : NAME(move)(s, j, v, (int)(t - s->start), (int)(end - t), 0);
}

/* The comparator sees the threshold crossed between `since` and the end of the step; returns the membrane at its end. Lane `i` of
 * `lanes` has the whole step by cycles, if there are any. */
static REAL NAME(fire)(NAME(state) *s, int j, int64_t since, REAL before, REAL after, const NAME(lanes) *lanes, int i) {
    const int64_t end = s->start + STEP;
    const int kind = s->cells[j].kind;
    const REAL threshold = OWN(s, CROSSING, j), span = (REAL)(end - since);
    if (kind) NAME(again)(s, j);
    int64_t time;
    if (kind & KIND_EXP) {
        time = NAME(walk)(s, j, since, &before, threshold, lanes, i);
    } else {
        const REAL fraction = before >= threshold ? (REAL)0 : (threshold - before) / (after - before);
        time = since + (int64_t)(fraction * span + OWN(s, LATENCY, j));
        const int moved = (int)((time < end ? time : end) - since);
        if (kind && moved) NAME(move)(s, j, before, (int)(since - s->start), moved, 0); /* the adaptation */
        if (time > since) before += (after - before) * ((REAL)(time - since) / span);
    }
    s->cells[j].fired = s->cells[j].next = time;
    s->cells[j].phase = NAME(FIRING);
    s->threshold[j] = (REAL)INFINITY;
    NAME(send)(s, time, j);
    if (time < end) after = NAME(follow)(s, j, before, time, &since, &before);
    else if (kind & KIND_EXP) after = before;
    NAME(enter)(s, j, s->cells[j].phase == NAME(FREE) ? end : NAME(change)(s, j)); /* who is free again is so from the next step on */
    return after;
}

/* Have up to LANES steep neurons fire that crossed their thresholds in this step. */
BSS2_INLINE void NAME(fire_steep)(NAME(state) *s, const int32_t *which, int count) {
    NAME(lanes) lanes;
    NAME(drive)(s, &lanes, which, count, STEP);
    for (int i = 0; i < count; i++) {
        const int j = which[i];
        s->v_next[j] = NAME(fire)(s, j, s->start, s->v[j], s->v_next[j], &lanes, i);
    }
}

BSS2_DISPATCH(NAME(fire_together), (NAME(state) *s, const int32_t *which, int count), (s, which, count),
              NAME(fire_steep)(s, which, count))
