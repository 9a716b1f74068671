/* One batch entry of a spiking run. Included once per floating point type: REAL and NAME(x) are set by the includer.
 *
 * The membrane and the synaptic states of all active neurons move together in steps of STEP cycles, with exact exponential
 * propagators; what happens inside a step to one neuron (its reset begins or ends) is followed for that neuron alone.
 * The law is written plainly in reference.py.
 */

typedef struct {
    const bss2_plan *plan;
    const REAL *tables;
    int width;
    REAL *v, *v_next, *exc, *inh, *late_exc, *late_inh;
    REAL *decay, *drift, *drive_exc, *drive_inh, *threshold, *noise, *rest; /* of the present mode; rest is [MODES][width] */
    float *normals;                                                          /* [BSS2_COARSE][width] */
    int64_t *next, *fired;  /* when the phase changes; the last spike */
    int8_t *phase;
    int32_t *busy;          /* neurons that are not free */
    int busy_count;
    int32_t *queue;         /* [8][capacity] neurons whose spikes arrive in a step */
    int64_t *queue_times;
    int queue_count[8], capacity;
    bss2_spikes *spikes;
    int64_t start;          /* first cycle of this step */
    int failed;
} NAME(state);

/* Synaptic states below this are nothing; left alone they would decay into denormal numbers, which cost ten times as much. */
#define TINY ((REAL)1e-30)

enum { NAME(FREE) = 0, NAME(FIRING) = 1, NAME(RESETTING) = 2, NAME(HOLDING) = 3 };

#define TABLE(s, row) ((s)->tables + (size_t)(row) * (size_t)(s)->width)

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

/* Let an event reach its neurons `left` cycles before the end of the step. */
BSS2_INLINE void NAME(deliver)(NAME(state) *s, int action, int left) {
    const size_t row = (size_t)action * (size_t)s->width;
    const int32_t *span = s->plan->spans + 4 * (size_t)action;
    for (int sign = 0; sign < 2; sign++) {
        const REAL *BSS2_RESTRICT weight = (const REAL *)(sign ? s->plan->inh : s->plan->exc) + row;
        const REAL *BSS2_RESTRICT jump = TABLE(s, (sign ? JUMP_INH : JUMP_EXC) + left - 1);
        const REAL *BSS2_RESTRICT too_much = TABLE(s, (sign ? LATE_INH : LATE_EXC) + left - 1);
        REAL *BSS2_RESTRICT current = sign ? s->inh : s->exc;
        REAL *BSS2_RESTRICT late = sign ? s->late_inh : s->late_exc;
        const int from = span[2 * sign], to = span[2 * sign + 1];
        BSS2_VECTOR
        for (int j = from; j < to; j++) {
            current[j] += weight[j] * jump[j];
            late[j] += weight[j] * too_much[j];
        }
    }
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
    if (time < s->plan->runtime && bss2_add_spike(s->spikes, time, j)) s->failed = 1;
    if (s->plan->neuron_action[j] >= 0) {
        const int slot = (int)(((time + ON_CHIP_LATENCY) / STEP) % 8), base = slot * s->capacity;
        int at = s->queue_count[slot]++;
        for (; at > 0; at--) { /* by time, then neuron: the order of sums must not depend on who else is active */
            const int64_t other = s->queue_times[base + at - 1];
            if (other < time || (other == time && s->queue[base + at - 1] < j)) break;
            s->queue_times[base + at] = other;
            s->queue[base + at] = s->queue[base + at - 1];
        }
        s->queue_times[base + at] = time;
        s->queue[base + at] = j;
    }
    if (time >= end) return after;
    if (time > since) before += (after - before) * ((REAL)(time - since) / span);
    return NAME(follow)(s, j, before, time, &since, &before);
}

BSS2_INLINE void NAME(sample_cadc)(NAME(state) *s, const bss2_cadc *cadc, int64_t sample, int64_t number,
                                   const float *noise) {
    const int count = cadc->count;
    const REAL part = (REAL)(cadc->times[sample] - s->start) / (REAL)STEP;
    const float *now = noise + (size_t)(number % BSS2_COARSE) * count;
    uint8_t *values = cadc->values + (size_t)sample * count;
    for (int i = 0; i < count; i++) {
        const int j = cadc->index[i];
        const float volt = (float)(s->v[j] + (s->v_next[j] - s->v[j]) * part);
        float code = volt * cadc->gain[i] + cadc->offset[i] + cadc->noise * now[i];
        code = code < 0.0f ? 0.0f : code;
        code = code > 255.0f ? 255.0f : code;
        values[i] = (uint8_t)(int)(code + 0.5f);
    }
}

BSS2_CLONES
int NAME(run_entry)(const bss2_plan *plan, int64_t b, uint32_t entry, bss2_spikes *spikes) {
    NAME(state) state, *s = &state;
    const int width = plan->width;
    const size_t w = (size_t)width;
    memset(s, 0, sizeof(*s));
    s->plan = plan;
    s->tables = (const REAL *)plan->tables;
    s->width = width;
    s->spikes = spikes;
    s->capacity = 4 * width;
    size_t noise_count = 0;
    for (int h = 0; h < 2; h++) noise_count += BSS2_COARSE * (size_t)plan->cadc[h].count;

    /* One block of memory, widest elements first. */
    const size_t bytes = 64 + w * 2 * sizeof(int64_t) + 8 * (size_t)s->capacity * sizeof(int64_t) + 14 * w * sizeof(REAL) + 64
        + (BSS2_COARSE * w + noise_count) * sizeof(float) + w * sizeof(int32_t) + 8 * (size_t)s->capacity * sizeof(int32_t) + w;
    char *block = (char *)calloc(bytes, 1);
    if (!block) return -1;
    char *at = block + (64 - (uintptr_t)block % 64) % 64;
    REAL **reals[] = {&s->v, &s->v_next, &s->exc, &s->inh, &s->late_exc, &s->late_inh, &s->decay, &s->drift, &s->drive_exc,
                      &s->drive_inh, &s->threshold, &s->noise, &s->rest};
    for (int i = 0; i < 13; i++) { *reals[i] = (REAL *)at; at += w * sizeof(REAL) * (i == 12 ? 2 : 1); }
    s->normals = (float *)at; at += BSS2_COARSE * w * sizeof(float);
    s->next = (int64_t *)at; at += w * sizeof(int64_t);
    s->fired = (int64_t *)at; at += w * sizeof(int64_t);
    s->queue_times = (int64_t *)at; at += 8 * (size_t)s->capacity * sizeof(int64_t);
    float *cadc_noise[2];
    for (int h = 0; h < 2; h++) { cadc_noise[h] = (float *)at; at += BSS2_COARSE * (size_t)plan->cadc[h].count * sizeof(float); }
    s->busy = (int32_t *)at; at += w * sizeof(int32_t);
    s->queue = (int32_t *)at; at += 8 * (size_t)s->capacity * sizeof(int32_t);
    s->phase = (int8_t *)at;

    /* Start at rest: this run's offset of the leak potential, and stationary noise. */
    if (plan->noisy)
        bss2_coarse_normals(plan->key, 0, plan->neuron, PURPOSE_START, entry, plan->run, s->normals, width);
    for (int j = 0; j < width; j++) {
        for (int mode = 0; mode < MODES; mode++)
            s->rest[mode * w + j] = TABLE(s, REST + mode)[j] + TABLE(s, SHIFT + mode)[j] * s->normals[j];
        s->next[j] = INT64_MAX;
        s->threshold[j] = TABLE(s, THRESHOLD)[j];
        REAL v = NAME(clip)(s, s->rest[j] + TABLE(s, START)[j] * s->normals[w + j]);
        if (v >= s->threshold[j]) v = NAME(clip)(s, s->rest[w + j]);
        s->v[j] = v;
        NAME(use_mode)(s, j);
    }

    int64_t event = plan->event_offsets[b];
    const int64_t event_end = plan->event_offsets[b + 1];
    int64_t sample[2] = {0, 0}, sample_end[2] = {0, 0};
    for (int h = 0; h < 2; h++)
        if (plan->cadc[h].count) {
            sample[h] = plan->cadc[h].batch_offsets[b];
            sample_end[h] = plan->cadc[h].batch_offsets[b + 1];
        }
    int64_t drawn[2] = {-1, -1};
    const int64_t steps = (plan->runtime + STEP - 1) / STEP;
    REAL *trace = plan->trace_index >= 0 ? (REAL *)plan->trace + b * (steps + 1) : NULL;

    for (int64_t step = 0; step < steps && !s->failed; step++) {
        s->start = step * STEP;
        const int64_t end = s->start + STEP;
        if (trace) trace[step] = s->v[plan->trace_index];

        if (plan->noisy && step % NOISE_STEPS == 0) {
            const int64_t number = step / NOISE_STEPS;
            if (number % BSS2_COARSE == 0)
                bss2_coarse_normals(plan->key, (uint32_t)(number / BSS2_COARSE), plan->neuron, PURPOSE_MEMBRANE, entry,
                                    plan->run, s->normals, width);
            const float *BSS2_RESTRICT normal = s->normals + (size_t)(number % BSS2_COARSE) * w;
            const REAL *BSS2_RESTRICT sigma = TABLE(s, NOISE);
            const REAL *BSS2_RESTRICT decay = s->decay;
            REAL *BSS2_RESTRICT noise = s->noise, *BSS2_RESTRICT drift = s->drift;
            const REAL *BSS2_RESTRICT rest = s->rest;
            BSS2_VECTOR
            for (int j = 0; j < width; j++) {
                noise[j] = sigma[j] * (REAL)normal[j];
                drift[j] = rest[j] * ((REAL)1 - decay[j]) + noise[j];
            }
            for (int i = 0; i < s->busy_count; i++) NAME(use_mode)(s, s->busy[i]);
        }

        int dirty = 0;
        for (; event < event_end && plan->event_times[event] < end; event++) {
            const int action = plan->label_action[plan->event_labels[event]];
            if (action < 0) continue;
            NAME(deliver)(s, action, (int)(end - plan->event_times[event]));
            dirty = 1;
        }
        const int slot = (int)(step % 8);
        for (int i = 0; i < s->queue_count[slot]; i++) {
            const int64_t time = s->queue_times[slot * s->capacity + i] + ON_CHIP_LATENCY;
            NAME(deliver)(s, plan->neuron_action[s->queue[slot * s->capacity + i]], (int)(end - time));
            dirty = 1;
        }
        s->queue_count[slot] = 0;

        const int above = plan->saturating ? NAME(advance)(s, 1) : NAME(advance)(s, 0);
        if (dirty) {
            memset(s->late_exc, 0, w * sizeof(REAL));
            memset(s->late_inh, 0, w * sizeof(REAL));
        }

        /* Who is not free: the list is rewritten in place, since each neuron stays in it at most once. */
        const int busy_before = s->busy_count;
        int kept = 0;
        while (kept < busy_before && s->next[s->busy[kept]] >= end && s->phase[s->busy[kept]] != NAME(FREE)) kept++;
        s->busy_count = kept;
        for (int i = kept; i < busy_before; i++) {
            const int j = s->busy[i];
            int64_t since = s->start;
            REAL before = s->v[j];
            if (s->next[j] < end) {
                s->v_next[j] = NAME(follow)(s, j, before, since, &since, &before);
            }
            if (s->phase[j] != NAME(FREE)) {
                s->busy[s->busy_count++] = j;
            } else {
                s->threshold[j] = TABLE(s, THRESHOLD)[j];
                if (s->v_next[j] >= s->threshold[j]) s->v_next[j] = NAME(fire)(s, j, since, before, s->v_next[j]);
            }
        }
        if (above)
            for (int from = 0; from < width; from += LANES) {
                int any = 0; /* few fire at a time: look at whole vectors first */
                for (int j = from; j < from + LANES; j++) any |= s->v_next[j] >= s->threshold[j];
                for (int j = from; any && j < from + LANES; j++)
                    if (s->v_next[j] >= s->threshold[j])
                        s->v_next[j] = NAME(fire)(s, j, s->start, s->v[j], s->v_next[j]);
            }

        for (int h = 0; h < 2; h++) {
            const bss2_cadc *cadc = &plan->cadc[h];
            for (; sample[h] < sample_end[h] && cadc->times[sample[h]] < end; sample[h]++) {
                const int64_t number = cadc->first[b] + sample[h] - cadc->batch_offsets[b];
                if (cadc->noise != 0.0f && number / BSS2_COARSE != drawn[h]) {
                    drawn[h] = number / BSS2_COARSE;
                    bss2_coarse_normals(plan->key, (uint32_t)drawn[h], cadc->neuron, PURPOSE_CADC, entry, plan->run,
                                        cadc_noise[h], cadc->count);
                }
                NAME(sample_cadc)(s, cadc, sample[h], number, cadc_noise[h]);
            }
        }
        REAL *swap = s->v;
        s->v = s->v_next;
        s->v_next = swap;
    }
    if (trace) trace[steps] = s->v[plan->trace_index];
    free(block);
    return s->failed ? -1 : 0;
}

#undef TABLE
