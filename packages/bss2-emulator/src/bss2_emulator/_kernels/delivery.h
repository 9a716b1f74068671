/* Events on their way to the synapses: those from outside, and spikes of the chip's own neurons. Part of entry.h. */

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

/* A spike sets out for its synapses. */
BSS2_INLINE void NAME(send)(NAME(state) *s, int64_t time, int j) {
    if (s->plan->neuron_action[j] < 0) return;
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

/* Let all events of a step reach their neurons; tells whether there were any. */
BSS2_INLINE int NAME(arrive)(NAME(state) *s, int64_t step, int64_t *event, int64_t event_end) {
    const bss2_plan *plan = s->plan;
    const int64_t end = s->start + STEP;
    int any = 0;
    for (; *event < event_end && plan->event_times[*event] < end; ++*event) {
        const int action = plan->label_action[plan->event_labels[*event]];
        if (action < 0) continue;
        NAME(deliver)(s, action, (int)(end - plan->event_times[*event]));
        any = 1;
    }
    const int slot = (int)(step % 8);
    for (int i = 0; i < s->queue_count[slot]; i++) {
        const int64_t time = s->queue_times[slot * s->capacity + i] + ON_CHIP_LATENCY;
        NAME(deliver)(s, plan->neuron_action[s->queue[slot * s->capacity + i]], (int)(end - time));
        any = 1;
    }
    s->queue_count[slot] = 0;
    return any;
}
