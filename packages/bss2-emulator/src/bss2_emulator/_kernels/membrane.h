/* Neurons: all of them move together by a step; what happens to one of them inside a step is followed alone. Part of entry.h. */

/* Synaptic states below this are nothing; left alone they would decay into denormal numbers, which cost ten times as much. */
#define TINY ((REAL)1e-30)

/* tanh(x) / x for x >= 0, within 5e-4. */
BSS2_INLINE REAL NAME(saturation)(REAL x) {
    const REAL top = (REAL)1 + x * ((REAL)0.49089996 + x * ((REAL)0.23697494 + x * (REAL)0.08454));
    const REAL low = (REAL)1 + x * ((REAL)0.49089996 + x * ((REAL)0.57030827 + x * ((REAL)0.23353198 + x * (REAL)0.08454)));
    return top / low;
}

/* Advance all neurons by a step; returns how many are above their threshold. */
BSS2_INLINE int NAME(advance)(NAME(state) *s, const int saturating) {
    const int n = s->width;
    const REAL *BSS2_RESTRICT v = s->v, *BSS2_RESTRICT decay = s->decay, *BSS2_RESTRICT drift = s->drift;
    const REAL *BSS2_RESTRICT drive_exc = s->drive_exc, *BSS2_RESTRICT drive_inh = s->drive_inh;
    const REAL *BSS2_RESTRICT late_exc = s->late_exc, *BSS2_RESTRICT late_inh = s->late_inh;
    const REAL *BSS2_RESTRICT syn_exc = TABLE(s, SYN_EXC + STEP - 1), *BSS2_RESTRICT syn_inh = TABLE(s, SYN_INH + STEP - 1);
    const REAL *BSS2_RESTRICT threshold = s->threshold;
    REAL *BSS2_RESTRICT exc = s->exc, *BSS2_RESTRICT inh = s->inh, *BSS2_RESTRICT v_next = s->v_next;
    const REAL low = (REAL)s->plan->rail_low, high = (REAL)s->plan->rail_high;
    int above = 0;
    BSS2_VECTOR
    for (int j = 0; j < n; j++) {
        const REAL e = exc[j], i = inh[j];
        REAL input;
        if (saturating) { /* one division for both inputs */
            const REAL a = (REAL)0.49089996, b = (REAL)0.23697494, c = (REAL)0.08454, d = (REAL)0.57030827, f = (REAL)0.23353198;
            const REAL e_top = (REAL)1 + e * (a + e * (b + e * c)), e_low = (REAL)1 + e * (a + e * (d + e * (f + e * c)));
            const REAL i_top = (REAL)1 + i * (a + i * (b + i * c)), i_low = (REAL)1 + i * (a + i * (d + i * (f + i * c)));
            const REAL e_volt = (e * drive_exc[j] + late_exc[j]) * e_top, i_volt = (i * drive_inh[j] + late_inh[j]) * i_top;
            input = (e_volt * i_low - i_volt * e_low) / (e_low * i_low);
        } else {
            input = (e * drive_exc[j] + late_exc[j]) - (i * drive_inh[j] + late_inh[j]);
        }
        REAL x = v[j] * decay[j] + drift[j] + input;
        x = x < low ? low : x;
        x = x > high ? high : x;
        v_next[j] = x;
        const REAL e_next = e * syn_exc[j], i_next = i * syn_inh[j];
        exc[j] = e_next < TINY ? (REAL)0 : e_next;
        inh[j] = i_next < TINY ? (REAL)0 : i_next;
        above += x >= threshold[j] ? 1 : 0;
    }
    return above;
}

BSS2_INLINE REAL NAME(clip)(const NAME(state) *s, REAL x) {
    const REAL low = (REAL)s->plan->rail_low, high = (REAL)s->plan->rail_high;
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* Synaptic states of one neuron at the start of this step, saturation included; the step has moved them to its end. */
BSS2_INLINE void NAME(inputs)(const NAME(state) *s, int j, REAL *exc, REAL *inh) {
    *exc = s->exc[j] / TABLE(s, SYN_EXC + STEP - 1)[j];
    *inh = s->inh[j] / TABLE(s, SYN_INH + STEP - 1)[j];
    if (s->plan->saturating) {
        *exc *= NAME(saturation)(*exc);
        *inh *= NAME(saturation)(*inh);
    }
}

/* Move the membrane of one neuron by `k` cycles from cycle `t` of this step. */
BSS2_INLINE REAL NAME(segment)(const NAME(state) *s, int j, REAL v, REAL exc, REAL inh, int64_t t, int k) {
    const int mode = s->phase[j] == NAME(RESETTING), gone = (int)(t - s->start), row = mode * STEP + k - 1;
    if (gone > 0) {
        exc *= TABLE(s, SYN_EXC + gone - 1)[j];
        inh *= TABLE(s, SYN_INH + gone - 1)[j];
    }
    const REAL decay = TABLE(s, DECAY + row)[j];
    REAL x = v * decay + s->rest[(size_t)mode * s->width + j] * ((REAL)1 - decay) + s->noise[j] * ((REAL)k / (REAL)STEP);
    x += exc * TABLE(s, DRIVE_EXC + row)[j] - inh * TABLE(s, DRIVE_INH + row)[j];
    return NAME(clip)(s, x);
}

/* Put the constants of the neuron's phase where the loop over all neurons finds them. */
BSS2_INLINE void NAME(use_mode)(NAME(state) *s, int j) {
    const int mode = s->phase[j] == NAME(RESETTING), row = mode * STEP + STEP - 1;
    s->decay[j] = TABLE(s, DECAY + row)[j];
    s->drive_exc[j] = TABLE(s, DRIVE_EXC + row)[j];
    s->drive_inh[j] = TABLE(s, DRIVE_INH + row)[j];
    s->drift[j] = s->rest[(size_t)mode * s->width + j] * ((REAL)1 - s->decay[j]) + s->noise[j];
}

/* Follow one neuron through its phases from cycle `t` to the end of the step; `since`, `before`: its last change there. */
static REAL NAME(follow)(NAME(state) *s, int j, REAL v, int64_t t, int64_t *since, REAL *before) {
    const bss2_plan *plan = s->plan;
    const int64_t end = s->start + STEP;
    REAL exc, inh;
    NAME(inputs)(s, j, &exc, &inh);
    while (s->next[j] < end) {
        if (s->next[j] > t) {
            v = NAME(segment)(s, j, v, exc, inh, t, (int)(s->next[j] - t));
            t = s->next[j];
        }
        if (s->phase[j] == NAME(FIRING)) {
            s->phase[j] = NAME(RESETTING);
            s->next[j] = s->fired[j] + plan->reset_cycles[j];
        } else if (s->phase[j] == NAME(RESETTING)) {
            s->phase[j] = NAME(HOLDING);
            s->next[j] = s->fired[j] + plan->refractory_cycles[j];
        } else {
            s->phase[j] = NAME(FREE);
            s->next[j] = INT64_MAX;
        }
    }
    NAME(use_mode)(s, j);
    *since = t;
    *before = v;
    return end > t ? NAME(segment)(s, j, v, exc, inh, t, (int)(end - t)) : v;
}

/* The comparator sees the threshold crossed between `since` and the end of the step; returns the membrane at its end. */
static REAL NAME(fire)(NAME(state) *s, int j, int64_t since, REAL before, REAL after) {
    const int64_t end = s->start + STEP;
    const REAL threshold = TABLE(s, THRESHOLD)[j], span = (REAL)(end - since);
    const REAL fraction = before >= threshold ? (REAL)0 : (threshold - before) / (after - before);
    const int64_t time = since + (int64_t)(fraction * span + TABLE(s, LATENCY)[j]);
    s->fired[j] = s->next[j] = time;
    s->phase[j] = NAME(FIRING);
    s->threshold[j] = (REAL)INFINITY;
    s->busy[s->busy_count++] = j;
    NAME(send)(s, time, j);
    if (time >= end) return after;
    if (time > since) before += (after - before) * ((REAL)(time - since) / span);
    return NAME(follow)(s, j, before, time, &since, &before);
}
