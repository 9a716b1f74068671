/* Registers written during a run: the state of the chip goes on under the next plan. Part of entry.h.
 *
 * Potentials stay, and so do the voltages of synaptic lines: what they draw follows their gain. Lengths of reset, refractory
 * period and adaptation pulse are those that held when the reset began. An adaptation that is switched on starts at its
 * reference. Twins: all that is called rewrite in reference/.
 */

/* Circuits that share a membrane share their noise; where all are `pairs`, nobody need look where the next membrane is. */
BSS2_INLINE void NAME(share_noise)(NAME(state) *s, int from, int to, const float *BSS2_RESTRICT normal, int pairs) {
    const REAL *BSS2_RESTRICT sigma = TABLE(s, NOISE);
    REAL *BSS2_RESTRICT noise = s->noise;
    const int32_t *end = s->plan->unit_end;
    BSS2_VECTOR
    for (int j = from; pairs && j < to; j += 2) noise[j] = sigma[j] * (REAL)normal[j] + sigma[j + 1] * (REAL)normal[j + 1];
    for (int j = from; !pairs && j < to; j = end[j]) {
        noise[j] = sigma[j] * (REAL)normal[j];
        for (int i = j + 1; i < end[j]; i++) noise[j] += sigma[i] * (REAL)normal[i];
    }
}

/* Put what the noise of block `number` adds in a step where the loops over neurons find it. */
BSS2_INLINE void NAME(take_noise)(NAME(state) *s, int64_t number) {
    const bss2_plan *plan = s->plan;
    const int plain = plan->group[PLAIN + 1];
    const float *BSS2_RESTRICT normal = s->normals + (size_t)(number % BSS2_COARSE) * (size_t)s->width;
    const REAL *BSS2_RESTRICT sigma = TABLE(s, NOISE);
    const REAL *BSS2_RESTRICT decay = s->decay;
    REAL *BSS2_RESTRICT noise = s->noise, *BSS2_RESTRICT drift = s->drift;
    const REAL *BSS2_RESTRICT rest = s->rest;
    BSS2_VECTOR
    for (int j = 0; j < plain; j++) {
        noise[j] = sigma[j] * (REAL)normal[j];
        drift[j] = rest[j] * ((REAL)1 - decay[j]) + noise[j];
    }
    NAME(shake)(s, plan->group[ADAPTING], plan->group[REVERSING], normal, 0);
    NAME(shake)(s, plan->group[REVERSING], plan->group[EXPONENTIAL], normal, 1);
    NAME(shake)(s, plan->group[EXPONENTIAL], plan->group[REVERSING_EXPONENTIAL], normal, 0);
    NAME(shake)(s, plan->group[REVERSING_EXPONENTIAL], plan->group[SHARED], normal, 1);
    for (int run = 0; run < s->runs; run++)
        NAME(share_noise)(s, s->run_from[run], s->run_from[run + 1], normal, plan->unit_end[s->run_from[run]] - s->run_from[run] == 2);
    NAME(share_noise)(s, plan->group[JOINED], plan->group[GROUPS], normal, 0);
}

/* Move the state of all neurons to their places under the plan that follows `before`. */
static int NAME(move_in)(NAME(state) *s, const bss2_plan *before) {
    const bss2_plan *plan = s->plan;
    const REAL *tables = (const REAL *)before->tables;
    const size_t w = (size_t)s->width;
    bss2_room room = bss2_room_new(w * (4 * sizeof(REAL) + sizeof(bss2_cell)), 5);
    if (!room.block) return NO_MEMORY;
    REAL *v = (REAL *)bss2_part(&room, w * sizeof(REAL)), *u = (REAL *)bss2_part(&room, w * sizeof(REAL));
    REAL *exc = (REAL *)bss2_part(&room, w * sizeof(REAL)), *inh = (REAL *)bss2_part(&room, w * sizeof(REAL));
    bss2_cell *cells = (bss2_cell *)bss2_part(&room, w * sizeof(bss2_cell));
    if (room.lacking) {
        bss2_room_free(&room);
        return NO_ROOM;
    }
    memcpy(v, s->v, w * sizeof(REAL));
    memcpy(u, s->u, w * sizeof(REAL));
    memcpy(exc, s->exc, w * sizeof(REAL));
    memcpy(inh, s->inh, w * sizeof(REAL));
    memcpy(cells, s->cells, w * sizeof(bss2_cell));
    s->busy = 0;
    for (int j = 0; j < s->width; j++) s->cells[j].list = -1;
    for (int list = 0; list < WHEEL; list++) s->wheel[list] = -1;
    for (int j = 0; j < plan->neurons; j++) {
        const int own = plan->own[j], led = plan->led[j];
        s->v[j] = v[own];
        s->u[j] = before->kind[own] & ~KIND_JOINED ? u[own] : TABLE(s, ADAPT_REF)[j];
        s->exc[j] = exc[own] * (tables[LINE_EXC * w + own] / TABLE(s, LINE_EXC)[j]);
        s->inh[j] = inh[own] * (tables[LINE_INH * w + own] / TABLE(s, LINE_INH)[j]);
        s->cells[j].phase = led < 0 ? NAME(FREE) : cells[led].phase;
        s->cells[j].next = led < 0 ? INT64_MAX : cells[led].next;
        s->cells[j].pulse_end = led < 0 || !plan->pulse_cycles[j] ? INT64_MAX : cells[led].pulse_end;
        s->cells[j].fired = led < 0 ? INT64_MIN / 2 : cells[led].fired;
        if (led >= 0 && s->cells[j].phase != NAME(FIRING)) /* so that a period that has begun ends when it would have */
            s->cells[j].fired += before->refractory_cycles[led] - plan->refractory_cycles[j];
        s->threshold[j] = s->cells[j].phase == NAME(FREE) ? TABLE(s, THRESHOLD)[j] : (REAL)INFINITY;
        if (s->cells[j].phase != NAME(FREE) || s->cells[j].pulse_end != INT64_MAX) NAME(enter)(s, j, NAME(change)(s, j));
    }
    for (int i = 0; i < plan->bypasses; i++) (plan->bypass[i] % 2 ? s->inh : s->exc)[plan->bypass[i] / 2] = (REAL)0;
    bss2_room_free(&room);
    return s->failed;
}

/* Go over to the next plan before step `step`. */
BSS2_RARE void NAME(rewrite)(NAME(state) *s, int64_t step) {
    const bss2_plan *before = s->plan, *plan = before + 1;
    const int64_t number = step / NOISE_STEPS;
    NAME(read_plan)(s, plan);
    bss2_transport_rewrite(s->transport, &plan->delivery, s->start);
    s->failed = NAME(move_in)(s, before);
    if (s->failed) return;
    NAME(draw_start)(s);
    NAME(wander)(s, step);
    NAME(load)(s);
    if (plan->noisy) {
        bss2_coarse_normals(bss2_instructions(), plan->key, (uint32_t)(number / BSS2_COARSE), plan->neuron, PURPOSE_MEMBRANE,
                            s->entry, plan->run, s->normals, s->width);
        NAME(take_noise)(s, number);
    }
    for (int j = 0; j < s->width; j++) NAME(use_mode)(s, j);
    for (int lead = plan->group[PLAIN + 1]; lead < plan->group[GROUPS]; lead = plan->unit_end[lead]) {
        NAME(pulse)(s, lead, s->cells[lead].pulse_end);
        NAME(use_mode)(s, lead);
    }
    if (plan->sourced) NAME(read_sources)(s, s->read);
}
