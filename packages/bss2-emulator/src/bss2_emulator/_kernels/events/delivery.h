/* Events at the synapses. Part of entry.h; transport.h brings them there. */

#if defined(__GNUC__) || defined(__clang__)
#define BSS2_PREFETCH(at) __builtin_prefetch(at)
#else
#define BSS2_PREFETCH(at) (void)(at)
#endif

/* Add what a row of synapses adds to the neurons [from, to). */
BSS2_INLINE void NAME(add)(NAME(state) *s, const NAME(addition) *row, int from, int to, const int scaled) {
    const REAL *BSS2_RESTRICT weight = row->weight, *BSS2_RESTRICT jump = row->jump, *BSS2_RESTRICT too_much = row->too_much;
    REAL *BSS2_RESTRICT current = row->inhibitory ? s->inh : s->exc;
    REAL *BSS2_RESTRICT late = row->inhibitory ? s->late_inh : s->late_exc;
    BSS2_VECTOR
    for (int j = from; j < to; j++) {
        const REAL added = scaled ? weight[j] * row->scale : weight[j];
        current[j] += added * jump[j];
        late[j] += added * too_much[j];
    }
    s->dirty |= from < to;
}

/* Add what was left to the pass over neurons. */
BSS2_RARE void NAME(add_listed)(NAME(state) *s) {
    for (int i = 0; i < s->additions; i++) NAME(add)(s, &s->added[i], 0, s->listing, 1);
    s->additions = 0;
}

/* Add `scale` times what a compiled row of synapses adds, `left` cycles before the end of the step. Plain neurons that are
 * alike take long rows when they move, which saves them a pass; what comes behind such a row has to wait with it, since sums keep
 * their order. Where each has constants of its own, these would have to come from beyond the first cache in both passes. */
BSS2_INLINE void NAME(add_row)(NAME(state) *s, int number, int left, const int scaled, REAL scale) {
    const size_t row = (size_t)number * (size_t)s->width;
    const int32_t *span = s->plan->spans + 4 * (size_t)number;
    for (int sign = 0; sign < 2; sign++) {
        const NAME(addition) one = {
            (const REAL *)(sign ? s->plan->inh : s->plan->exc) + row, TABLE(s, (sign ? JUMP_INH : JUMP_EXC) + left - 1),
            TABLE(s, (sign ? LATE_INH : LATE_EXC) + left - 1), scale, sign,
        };
        int from = span[2 * sign];
        const int to = span[2 * sign + 1];
        if (from < s->listing && from < to && (s->additions || to - from >= s->listing / 2)) {
            if (s->additions == ADDITIONS) NAME(add_listed)(s);
            s->added[s->additions++] = one;
            from = s->listing;
        }
        NAME(add)(s, &one, from, to, scaled);
    }
}

/* A neuron fires, and its spike sets out for the crossbar. */
BSS2_INLINE void NAME(send)(NAME(state) *s, int64_t time, int j) {
    bss2_transport *x = s->transport;
    const bss2_plan *plan = s->plan;
    const int32_t n = (int32_t)plan->neuron[j];
    if (time >= x->runtime) return;
    while (time >= plan->to * STEP) plan++; /* the comparator may be late: registers of the spike's own cycle count */
    if (bss2_add(&x->out->fired, time, n, 1)) x->failed = NO_MEMORY;
    const int64_t step = (time + ON_CHIP_LATENCY) / STEP;
    if (step - s->start / STEP >= SLOTS) {
        x->failed = NO_ROOM;
        return;
    }
    bss2_send(x, time, n, plan->delivery.neuron_route[n], step);
}

/* A neuron is fired by its input at cycle `time`, whatever its membrane does. */
BSS2_INLINE void NAME(fire_at)(NAME(state) *s, int j, int64_t time) {
    s->cells[j].fired = s->cells[j].next = time;
    s->cells[j].phase = NAME(FIRING);
    s->threshold[j] = (REAL)INFINITY;
    NAME(send)(s, time, j);
}

/* Take the first of the cycles of this step at which an input fires a neuron that has become free in it. */
static void NAME(answer)(NAME(state) *s, int j) {
    int cycle = 0;
    while (!(s->cells[j].due >> cycle & 1)) cycle++;
    s->cells[j].due = (uint8_t)(s->cells[j].due & (s->cells[j].due - 1));
    NAME(fire_at)(s, j, s->start + cycle);
}

/* An event of a compiled row fires those at once whose inputs bypass their membranes, if they are free then. Where a neuron is
 * free only later in the step, or again, `due` keeps the cycle until its phases are followed so far. */
static void NAME(bypass)(NAME(state) *s, int number, int64_t time) {
    const bss2_plan *plan = s->plan;
    const size_t row = (size_t)number * (size_t)s->width;
    for (int i = 0; i < plan->bypasses; i++) {
        const int at = plan->bypass[i] / 2, inhibitory = plan->bypass[i] % 2;
        if (((const REAL *)(inhibitory ? plan->inh : plan->exc) + row)[at] <= (REAL)0) continue;
        int j = at; /* the circuit that leads */
        while (j > 0 && plan->unit_end[j - 1] > at) j--;
        if (s->cells[j].phase == NAME(FREE)) {
            NAME(fire_at)(s, j, time);
            NAME(enter)(s, j, time); /* it may be there: what fired in the step before and is free again leaves the list in this one */
            continue;
        }
        int64_t last = s->cells[j].fired;
        for (int cycle = 0; cycle < STEP; cycle++)
            if (s->cells[j].due >> cycle & 1) last = s->start + cycle;
        if (last + plan->refractory_cycles[j] <= time) s->cells[j].due = (uint8_t)(s->cells[j].due | 1u << (time - s->start));
    }
}

/* Let an event reach its neurons at cycle `time` of this step: all drivers without plasticity at once, then the others. */
BSS2_INLINE void NAME(deliver)(NAME(state) *s, int action, int64_t time) {
    bss2_transport *x = s->transport;
    const bss2_delivery *d = x->delivery;
    const int left = (int)(s->start + STEP - time);
    NAME(add_row)(s, action, left, 0, (REAL)1);
    if (s->plan->bypasses) NAME(bypass)(s, action, time);
    if (d->stp)
        for (int p = d->stp->part_offsets[action]; p < d->stp->part_offsets[action + 1]; p++) {
            const double amplitude = bss2_stp_event(d->stp, &x->stp, d->stp->part_driver[p], time);
            NAME(add_row)(s, d->actions + p, left, 1, (REAL)amplitude);
            if (s->plan->bypasses && amplitude > 0) NAME(bypass)(s, d->actions + p, time);
        }
    if (d->keep_passed && time < x->runtime && bss2_add(&x->out->passed, time, action, 0)) x->failed = NO_MEMORY;
}

/* Have the synapses of the next event from outside brought near: those of 256 sources do not stay there. */
BSS2_INLINE void NAME(expect)(const NAME(state) *s) {
    const bss2_transport *x = s->transport;
    if (x->event_time == INT64_MAX || x->delivery->routes[x->event_route].action < 0) return;
    const size_t number = (size_t)x->delivery->routes[x->event_route].action, row = number * (size_t)s->width;
    const int32_t *span = s->plan->spans + 4 * number;
    for (int sign = 0; sign < 2; sign++)
        for (int j = span[2 * sign]; j < span[2 * sign + 1]; j += (int)(64 / sizeof(REAL)))
            BSS2_PREFETCH((const REAL *)(sign ? s->plan->inh : s->plan->exc) + row + j);
}

/* Let all events of a step reach their neurons. */
BSS2_INLINE void NAME(arrive)(NAME(state) *s, int64_t step) {
    bss2_transport *x = s->transport;
    const int64_t end = s->start + STEP;
    const int slot = (int)(step % SLOTS);
    if (!x->waiting && !x->spike_count[slot] && bss2_arrival(x) >= end) return; /* as in most steps */
    x->slot = slot;
    x->spike_at = 0;
    bss2_next_spike(x);
    for (;;) {
        int32_t passing[INPUTS];
        const int64_t time = x->waiting ? x->cycle : bss2_arrival(x);
        if (time >= end) break;
        const int count = x->delivery->loss ? bss2_cross(x, time, passing) : bss2_cross_freely(x, time, passing);
        for (int i = 0; i < count; i++) {
            const int32_t action = bss2_pass(x, passing[i], time);
            if (action < 0 || x->draining) continue;
            NAME(deliver)(s, action, time);
        }
    }
    x->spike_count[slot] = 0;
    NAME(expect)(s);
}

/* Let what is still on its way when the run ends come over the link. */
static void NAME(drain)(NAME(state) *s, int64_t step) {
    bss2_transport *x = s->transport;
    if (!x->delivery->loss) return;
    x->draining = 1;
    for (;; step++) {
        int left = x->waiting != 0;
        for (int i = 0; i < SLOTS; i++) left |= x->spike_count[i];
        if (!left) return;
        s->start = step * STEP;
        NAME(arrive)(s, step);
    }
}
