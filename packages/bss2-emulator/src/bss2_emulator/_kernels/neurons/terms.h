/* Neurons with terms beyond leak and current: adaptation, conductance-based inputs, the exponential. Part of entry.h.
 *
 * A step is symmetric, hence of second order: half a step of the adaptation, the membrane, half a step of the adaptation.
 * The membrane makes one whole linear step; an exponential adds what its flow (exact for itself) brings from the middle of
 * that step on, of which half a step's decay is left at its end. With conductance-based inputs the membrane makes half a
 * linear step, the nonlinear flows, and half a linear step again. A reset is over in a few steps, whose ends are on average
 * farther from its potential than the membrane in between: the second half of the adaptation takes back twice the difference.
 */

/* Flow of dV/dt = I(V) / C with an exponential current up to its limit; `rate`: step times current over Delta at x = 0. */
BSS2_INLINE REAL NAME(exponential)(REAL v, REAL start, REAL sharpness, REAL delta, REAL top, REAL limit, REAL rate) {
    REAL x = (v - start) * sharpness;
    x = x > top ? top : x;
    x = x < (REAL)-60 ? (REAL)-60 : x;
    const REAL e = NAME(bss2_exp)(x), limited = e * limit; /* 1 at the limit */
    const REAL left = (REAL)1 - rate * e;                 /* exp(-x) falls by the rate */
    REAL over = limited - left;                           /* what is left of the step when the limit is reached */
    over = over < (REAL)0 ? (REAL)0 : over;
    REAL shrunk = left > limited ? left : limited;
    shrunk = shrunk > (REAL)1 ? (REAL)1 : shrunk;
    return v - delta * NAME(bss2_log)(shrunk) + delta * over / limited;
}

/* Flow towards reversal potentials: `pull` is conductance times step over capacitance, `aim` its sum with potentials. */
BSS2_INLINE REAL NAME(reverse)(REAL v, REAL pull, REAL aim) {
    const REAL half = (REAL)0.5 * pull;
    return (v * ((REAL)1 - half) + aim) / ((REAL)1 + half);
}

/* Let the exponential currents of the circuits [lead, end) move their membrane for `k` cycles. */
BSS2_INLINE REAL NAME(explode)(const NAME(state) *s, int lead, int end, REAL x, int k) {
    for (int j = lead; j < end; j++)
        if (OWN(s, EXP_RATE + k - 1, j) > (REAL)0)
            x = NAME(exponential)(x, OWN(s, EXP_START, j), OWN(s, EXP_SHARPNESS, j), OWN(s, EXP_DELTA, j),
                                  OWN(s, EXP_TOP, j), OWN(s, EXP_LIMIT, j), OWN(s, EXP_RATE + k - 1, j));
    return x;
}

/* Move the circuits [lead, end) that share a membrane by `k` cycles, `gone` cycles after the start of the step.
 *
 * The same law for any number of circuits, each with inputs and terms of its own. Adaptation voltages are moved in
 * u_next. `whole`: the whole step, in which events count with their exact times. `flows`: some input is conductance based;
 * `linear`: nobody has a term.
 */
BSS2_INLINE REAL NAME(move_kind)(NAME(state) *s, int lead, const int end, REAL v, int gone, int k, int whole, const int flows,
                                 const int linear) {
    const int kind = s->cells[lead].kind, mode = s->cells[lead].phase == NAME(RESETTING), row = mode * STEP + k - 1;
    const int explosive = kind & KIND_EXP && !mode;
    const REAL decay = OWN(s, (flows ? DECAY_HALF : DECAY) + row, lead), half = OWN(s, DECAY_HALF + row, lead);
    REAL steady = s->rest[(size_t)mode * s->width + lead] * ((REAL)1 - decay);
    REAL first = (REAL)0, second = (REAL)0, open = (REAL)0, toward = (REAL)0;
    REAL spread = s->noise[lead] * ((REAL)k / (REAL)STEP); /* comes all the time: what a first half brings decays in the second */
    for (int j = lead; j < end; j++) {
        REAL exc, inh, share;
        NAME(inputs)(s, j, &exc, &inh, &share);
        if (gone > 0) {
            exc *= OWN(s, SYN_EXC + gone - 1, j);
            inh *= OWN(s, SYN_INH + gone - 1, j);
        }
        const REAL late_exc = whole ? s->late_exc[j] : (REAL)0, late_inh = whole ? s->late_inh[j] * share : (REAL)0;
        const REAL exc_coba = OWN(s, IS_COBA, j), inh_coba = OWN(s, IS_COBA + 1, j);
        if (flows) {
            first += exc * OWN(s, DRIVE_HALF_EXC + row, j) - inh * OWN(s, DRIVE_HALF_INH + row, j);
            second += exc * OWN(s, SYN_HALF_EXC + k - 1, j) * OWN(s, DRIVE_HALF_EXC + row, j)
                - inh * OWN(s, SYN_HALF_INH + k - 1, j) * OWN(s, DRIVE_HALF_INH + row, j);
            const REAL a = exc * OWN(s, CHARGE_EXC + k - 1, j) + late_exc * exc_coba;
            const REAL b = inh * OWN(s, CHARGE_INH + k - 1, j) + late_inh * inh_coba;
            open += a + b;
            toward += a * OWN(s, REVERSAL, j) + b * OWN(s, REVERSAL + 1, j);
        } else {
            first += exc * OWN(s, DRIVE_EXC + row, j) - inh * OWN(s, DRIVE_INH + row, j);
        }
        spread += late_exc * ((REAL)1 - exc_coba) - late_inh * ((REAL)1 - inh_coba);
        if (!linear) {
            const REAL goal = s->aim[j] + OWN(s, ADAPT_GAIN, j) * v;
            s->u_next[j] = goal + (s->u_next[j] - goal) * OWN(s, ADAPT_DECAY + k - 1, j);
            steady += OWN(s, ADAPT_PULL + mode, j) * ((REAL)1 - decay) * (OWN(s, ADAPT_REF, j) - s->u_next[j]);
        }
    }
    steady += flows ? spread / ((REAL)1 + decay) : spread;
    REAL x = v * decay + steady + first;
    if (flows) {
        const REAL part = kind & KIND_EXP ? (REAL)0.5 : (REAL)1;
        if (open > (REAL)0) x = NAME(reverse)(x, part * open, part * toward);
        if (explosive) x = NAME(explode)(s, lead, end, x, k);
        if (open > (REAL)0 && part < (REAL)1) x = NAME(reverse)(x, part * open, part * toward);
        x = x * decay + steady;
    } else if (explosive) {
        const REAL middle = v + (x - v) / ((REAL)1 + half);
        x += (NAME(explode)(s, lead, end, middle, k) - middle) * half;
    }
    x = NAME(clip)(s, x + second);
    for (int j = lead; j < end && !linear; j++) {
        const REAL goal = s->aim[j] + OWN(s, ADAPT_GAIN, j) * (x + OWN(s, ADAPT_LAG + row, lead) * (x - v));
        s->u_next[j] = NAME(clip)(s, goal + (s->u_next[j] - goal) * OWN(s, ADAPT_DECAY + k - 1, j));
    }
    return x;
}

/* The same for any circuits; the usual ones have code of their own. */
static REAL NAME(move)(NAME(state) *s, int lead, REAL v, int gone, int k, int whole) {
    const int kind = s->cells[lead].kind, end = s->cells[lead].end;
    if (!(kind & ~KIND_JOINED)) return NAME(move_kind)(s, lead, end, v, gone, k, whole, 0, 1);
    if (kind & KIND_COBA) return NAME(move_kind)(s, lead, end, v, gone, k, whole, 1, 0);
    if (kind & KIND_JOINED) return NAME(move_kind)(s, lead, end, v, gone, k, whole, 0, 0);
    return NAME(move_kind)(s, lead, lead + 1, v, gone, k, whole, 0, 0);
}

#include "neurons/steep.h"

/* Take the step of those again that the exponential moves far, among what is marked from `first` on: the loop over all neurons
 * has left them above everything. */
static void NAME(take_care)(NAME(state) *s, int first) {
    const REAL high = (REAL)s->plan->rail_high;
    int32_t steep[LANES];
    int count = 0;
    for (int i = first; i < s->crossings; i++)
        for (uint32_t left = s->above[i]; left; left &= left - 1) {
            const int j = s->crossed[i] + bss2_lowest(left);
            if (s->v_next[j] <= high) continue;
            if (NAME(is_steep)(s, j)) {
                steep[count++] = j;
                if (count == LANES) NAME(retake)(s, steep, count);
                count %= LANES;
            } else {
                s->u_next[j] = s->u[j];
                s->v_next[j] = NAME(move)(s, j, s->v[j], 0, STEP, 1);
            }
        }
    if (count) NAME(retake)(s, steep, count);
}

/* Keep in mind which of LANES neurons from `at` on are above their threshold. */
BSS2_INLINE void NAME(mark)(NAME(state) *s, int at, uint32_t above) {
    if (s->crossings >= s->width) {
        s->failed = NO_ROOM;
        return;
    }
    s->above[s->crossings] = above;
    s->crossed[s->crossings++] = at;
}

/* Advance the joined circuits [from, to) by a step: their inputs decay alone, their membranes move together. */
static void NAME(advance_joined)(NAME(state) *s, int from, int to) {
    const REAL *BSS2_RESTRICT syn_exc = s->hot->syn_exc, *BSS2_RESTRICT syn_inh = s->hot->syn_inh;
    REAL *BSS2_RESTRICT exc = s->exc, *BSS2_RESTRICT inh = s->inh;
    BSS2_VECTOR
    for (int j = from; j < to; j++) {
        const REAL e = exc[j] * syn_exc[j], i = inh[j] * syn_inh[j];
        exc[j] = e < TINY ? (REAL)0 : e;
        inh[j] = i < TINY ? (REAL)0 : i;
    }
    for (int lead = from; lead < to; lead = s->plan->unit_end[lead]) {
        const int end = s->plan->unit_end[lead];
        for (int j = lead; j < end; j++) s->u_next[j] = s->u[j];
        const REAL x = NAME(move)(s, lead, s->v[lead], 0, STEP, 1);
        for (int j = lead; j < end; j++) s->v_next[j] = x;
        if (x >= s->threshold[lead]) NAME(mark)(s, lead, 1);
    }
}

/* Membranes that the circuits [from, to) share go on by a step; what inputs bring in it is where the membranes go. */
static void NAME(advance_units)(NAME(state) *s, int from, int to) {
    REAL *BSS2_RESTRICT input = s->v_next;
    for (int lead = from; lead < to; lead = s->plan->unit_end[lead]) {
        const int end = s->plan->unit_end[lead];
        REAL x = s->v[lead] * s->decay[lead] + s->drift[lead] + s->noise[lead];
        for (int j = lead; j < end; j++) x += input[j];
        x = NAME(clip)(s, x);
        for (int j = lead; j < end; j++) input[j] = x;
        if (x >= s->threshold[lead]) NAME(mark)(s, lead, 1);
    }
}

/* Half a step of the currents between coupled compartments, exact for themselves. */
static void NAME(couple)(NAME(state) *s, REAL *v) {
    const bss2_plan *plan = s->plan;
    for (int i = 0; i < plan->coupled; i++) {
        const int from = plan->coupled_offsets[i], n = plan->coupled_offsets[i + 1] - from;
        const int32_t *lead = plan->coupled_leads + from;
        const REAL *matrix = (const REAL *)plan->coupled_matrix + plan->coupled_squares[i];
        for (int a = 0; a < n; a++) {
            REAL x = (REAL)0;
            for (int b = 0; b < n; b++) x += matrix[a * n + b] * v[lead[b]];
            s->exchange[a] = x;
        }
        for (int a = 0; a < n; a++)
            for (int j = lead[a]; j < plan->unit_end[lead[a]]; j++) v[j] = s->exchange[a];
    }
}

/* New noise for the circuits [from, to), alone on their membranes and free. */
BSS2_INLINE void NAME(shake)(NAME(state) *s, int from, int to, const float *BSS2_RESTRICT normal, const int flows) {
    const REAL *BSS2_RESTRICT sigma = TABLE(s, NOISE), *BSS2_RESTRICT reference = TABLE(s, ADAPT_REF);
    const REAL *BSS2_RESTRICT decay = s->decay, *BSS2_RESTRICT rest = s->rest, *BSS2_RESTRICT pull = s->hot->pull;
    const REAL *BSS2_RESTRICT spread = s->hot->spread;
    REAL *BSS2_RESTRICT noise = s->noise, *BSS2_RESTRICT drift = s->drift;
    BSS2_VECTOR
    for (int j = from; j < to; j++) {
        noise[j] = sigma[j] * (REAL)normal[j];
        drift[j] = rest[j] * ((REAL)1 - decay[j]) + pull[j] * reference[j];
        drift[j] += flows ? noise[j] * spread[j] : noise[j];
    }
}

/* Put the constants of the phase of a membrane where the loops over neurons find them. */
static void NAME(use_terms)(NAME(state) *s, int lead, int mode) {
    const int kind = s->cells[lead].kind, row = mode * STEP + STEP - 1;
    const int flows = (kind & KIND_COBA) != 0; /* an exponential alone is added */
    for (int j = lead; j < s->cells[lead].end; j++) {
        const REAL decay = OWN(s, (flows ? DECAY_HALF : DECAY) + row, j), half = OWN(s, DECAY_HALF + row, j);
        s->decay[j] = decay;
        s->drive_exc[j] = OWN(s, (flows ? DRIVE_HALF_EXC : DRIVE_EXC) + row, j);
        s->drive_inh[j] = OWN(s, (flows ? DRIVE_HALF_INH : DRIVE_INH) + row, j);
        s->hot->pull[j] = OWN(s, ADAPT_PULL + mode, j) * ((REAL)1 - decay);
        s->drift[j] = s->rest[(size_t)mode * s->width + j] * ((REAL)1 - decay) + s->hot->pull[j] * OWN(s, ADAPT_REF, j);
        if (!(kind & ~KIND_JOINED)) continue; /* nothing else is asked for */
        s->hot->second_exc[j] = s->drive_exc[j] * OWN(s, SYN_HALF_EXC + STEP - 1, j);
        s->hot->second_inh[j] = s->drive_inh[j] * OWN(s, SYN_HALF_INH + STEP - 1, j);
        s->hot->spread[j] = (REAL)1 / ((REAL)1 + half);
        s->hot->lag[j] = OWN(s, ADAPT_LAG + row, j);
        s->hot->later[j] = flows ? OWN(s, EXP_DOUBLINGS, j) : OWN(s, EXP_DOUBLINGS, j) * s->hot->spread[j];
        s->hot->earlier[j] = OWN(s, EXP_DOUBLINGS, j) - s->hot->later[j];
        s->hot->delta[j] = flows ? OWN(s, EXP_DELTA, j) : OWN(s, EXP_DELTA, j) * half;
        s->hot->offset[j] = mode ? (REAL)-1e4 : OWN(s, EXP_OFFSET, j); /* off in reset */
        if (j < s->plan->group[SHARED]) s->drift[j] += flows ? s->noise[j] * s->hot->spread[j] : s->noise[j];
    }
}

/* Start the adaptation pulse of a neuron, which lasts to `until`, or end it. */
static void NAME(pulse)(NAME(state) *s, int lead, int64_t until) {
    s->cells[lead].pulse_end = until;
    for (int j = lead; j < s->cells[lead].end; j++) {
        s->aim[j] = OWN(s, ADAPT_BASE, j) + (until == INT64_MAX ? (REAL)0 : OWN(s, ADAPT_PULSE, j));
        s->hot->push[j] = s->aim[j] * ((REAL)1 - s->hot->relax[j]); /* the difference is exact: it holds still at its goal */
    }
}

/* Move a membrane by one cycle, as lane `i` of `lanes` already has, if there are any. */
BSS2_INLINE REAL NAME(pace)(NAME(state) *s, int lead, REAL v, int gone, const NAME(lanes) *lanes, int i) {
    if (!lanes) return NAME(move)(s, lead, v, gone, 1, 0);
    s->u_next[lead] = lanes->u[gone + 1][i];
    return lanes->v[gone + 1][i];
}

/* Follow a steep membrane cycle by cycle to its threshold; returns the time of the spike, and the membrane then in `v`. */
static int64_t NAME(walk)(NAME(state) *s, int lead, int64_t since, REAL *v, REAL threshold, const NAME(lanes) *lanes, int i) {
    const int64_t end = s->start + STEP;
    int64_t t = since;
    REAL x = *v, fraction = (REAL)0;
    while (x < threshold && t < end) {
        const REAL y = NAME(pace)(s, lead, x, (int)(t - s->start), lanes, i);
        t++;
        if (y >= threshold) { fraction = (threshold - x) / (y - x); t--; x = y; break; }
        x = y;
    }
    const int crossed = fraction > (REAL)0;
    const int64_t time = t + (int64_t)(fraction + OWN(s, LATENCY, lead));
    for (int64_t now = t + crossed; now < (time < end ? time : end); now++)
        x = NAME(pace)(s, lead, x, (int)(now - s->start), lanes, i);
    *v = x;
    return time;
}

/* Start a step of the adaptation again, after the loop over all neurons has moved it. */
BSS2_INLINE void NAME(again)(NAME(state) *s, int lead) {
    for (int j = lead; j < s->cells[lead].end; j++) s->u_next[j] = s->u[j];
}

/* All circuits on a membrane show it. */
BSS2_INLINE void NAME(put)(NAME(state) *s, int lead, REAL v) {
    for (int j = lead; j < s->cells[lead].end; j++) s->v_next[j] = v;
}

/* Put constants that do not depend on the phase where the loops over neurons find them, and shared membranes of two circuits, and
 * of other numbers, as runs. */
static void NAME(load)(NAME(state) *s) {
    const bss2_plan *plan = s->plan;
    int before = 0;
    memcpy(s->hot->syn_exc, TABLE(s, SYN_EXC + STEP - 1), (size_t)s->width * sizeof(REAL));
    memcpy(s->hot->syn_inh, TABLE(s, SYN_INH + STEP - 1), (size_t)s->width * sizeof(REAL));
    s->listing = BSS2_HAS_VECTORS && !s->apart && bss2_instructions() != BSS2_PLAIN ? plan->group[PLAIN + 1] : 0;
    for (int j = 0; j < s->width; j++) {
        bss2_cell *cell = &s->cells[j];
        cell->kind = plan->kind[j];
        cell->end = plan->unit_end[j];
        cell->reset_cycles = plan->reset_cycles[j];
        cell->refractory_cycles = plan->refractory_cycles[j];
        cell->pulse_cycles = plan->pulse_cycles[j];
    }
    const size_t pairs = plan->neurons > 1 ? (size_t)(plan->neurons - 1) * sizeof(REAL) : 0; /* of neighbours */
    s->decay_alike = !memcmp(s->hot->syn_exc, s->hot->syn_exc + 1, pairs) && !memcmp(s->hot->syn_inh, s->hot->syn_inh + 1, pairs);
    s->runs = 0;
    for (int lead = plan->group[SHARED]; lead < plan->group[JOINED]; lead = plan->unit_end[lead]) {
        const int pair = plan->unit_end[lead] - lead == 2;
        if (!s->runs || pair != before) s->run_from[s->runs++] = lead;
        before = pair;
    }
    s->run_from[s->runs] = plan->group[JOINED];
    for (int j = plan->group[PLAIN + 1]; j < plan->group[GROUPS]; j++) {
        s->hot->relax[j] = OWN(s, ADAPT_DECAY + STEP - 1, j);
        s->hot->lift[j] = OWN(s, ADAPT_GAIN, j) * ((REAL)1 - s->hot->relax[j]);
        s->steep = OWN(s, EXP_STEEP, j);
    }
}

/* Start with the adaptation where the membrane holds it; circuits on one membrane start together. */
static void NAME(start_terms)(NAME(state) *s) {
    const bss2_plan *plan = s->plan;
    for (int lead = plan->group[PLAIN + 1]; lead < plan->group[GROUPS]; lead = plan->unit_end[lead]) {
        const int end = plan->unit_end[lead];
        REAL v = s->rest[lead] + OWN(s, ORIGIN, lead);
        for (int j = lead; j < end; j++) v += OWN(s, START, j) * s->normals[s->width + j];
        v = NAME(clip)(s, v);
        if (v >= OWN(s, CROSSING, lead)) v = NAME(clip)(s, s->rest[(size_t)s->width + lead]);
        NAME(pulse)(s, lead, INT64_MAX);
        for (int j = lead; j < end; j++) {
            s->v[j] = v;
            s->u[j] = NAME(clip)(s, s->aim[j] + OWN(s, ADAPT_GAIN, j) * v);
        }
        NAME(use_terms)(s, lead, 0);
    }
}

/* Write what is read out of circuits that do not show their membrane. */
static void NAME(read_sources)(NAME(state) *s, REAL *out) {
    const bss2_plan *plan = s->plan;
    for (int j = 0; j < plan->neurons; j++) {
        const REAL drop = plan->source[j] == 1 ? s->exc[j] * OWN(s, LINE_EXC, j) : s->inh[j] * OWN(s, LINE_INH, j);
        if (plan->source[j] == 3)
            out[j] = (out == s->read ? s->u : s->u_next)[j];
        else if (plan->source[j])
            out[j] = drop < (REAL)plan->line_rest ? (REAL)plan->line_rest - drop : (REAL)0;
    }
}
