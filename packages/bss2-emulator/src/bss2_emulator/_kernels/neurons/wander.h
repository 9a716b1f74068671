/* Leak potentials wander: an offset of the entry, of the run and of a few runs, and steps during the run. Part of entry.h.
 *
 * Steps are drawn anew each SLOW_STEPS, and each 8 and 64 times that, all of one size: equal power in each part of the
 * spectrum that is 8 times as wide as the one below, hence one over the frequency. Twin:
 * reference/neurons/wander.py.
 */

/* Draw what a membrane starts with, and the offsets that hold through the run. */
BSS2_RARE void NAME(draw_start)(NAME(state) *s) {
    const bss2_plan *plan = s->plan;
    const size_t w = (size_t)s->width;
    if (!plan->noisy) return;
    const REAL entry = (REAL)plan->wander[0], run = (REAL)plan->wander[1], runs = (REAL)plan->wander[2];
    bss2_coarse_normals(bss2_instructions(), plan->key, 0, plan->neuron, PURPOSE_START, s->entry, plan->run, s->normals,
                        s->width);
    bss2_coarse_normals(bss2_instructions(), plan->key, 1, plan->neuron, PURPOSE_START, 0, plan->run / RUNS, s->slow,
                        s->width);
    const float *of_run = s->slow + plan->run % RUNS * w, *of_runs = s->slow + RUNS * w;
    for (size_t j = 0; j < w; j++)
        s->offset[j] = entry * (REAL)s->normals[j] + run * (REAL)of_run[j] + runs * (REAL)of_runs[j];
    for (int part = 0; part < SLOW_PARTS; part++) s->slow_drawn[part] = -1;
}

/* Put potentials where they rest from step `step` on. */
BSS2_RARE void NAME(wander)(NAME(state) *s, int64_t step) {
    const bss2_plan *plan = s->plan;
    const size_t w = (size_t)s->width;
    const REAL size = (REAL)plan->wander[3];
    memcpy(s->moved, s->offset, w * sizeof(REAL));
    int64_t number = step / SLOW_STEPS;
    for (int part = 0; size > (REAL)0 && part < SLOW_PARTS; part++, number /= BSS2_COARSE) {
        float *normals = s->slow + (size_t)part * BSS2_COARSE * w;
        if (s->slow_drawn[part] != number / BSS2_COARSE) {
            s->slow_drawn[part] = number / BSS2_COARSE;
            bss2_coarse_normals(bss2_instructions(), plan->key, (uint32_t)s->slow_drawn[part], plan->neuron,
                                PURPOSE_SLOW + ((uint32_t)part << 16), s->entry, plan->run, normals, s->width);
        }
        normals += (size_t)(number % BSS2_COARSE) * w;
        for (size_t j = 0; j < w; j++) s->moved[j] += size * (REAL)normals[j];
    }
    for (int mode = 0; mode < MODES; mode++) {
        REAL *rest = s->rest + mode * w;
        for (size_t j = 0; j < w; j++) rest[j] = TABLE(s, REST + mode)[j] + TABLE(s, SHIFT + mode)[j] * s->moved[j];
        for (int lead = plan->group[SHARED]; lead < plan->group[GROUPS]; lead = plan->unit_end[lead])
            for (int j = lead + 1; j < plan->unit_end[lead]; j++) rest[lead] += TABLE(s, SHIFT + mode)[j] * s->moved[j];
    }
}
