/* One batch entry of a spiking run: the loop over steps. Included once per floating point type: REAL and NAME(x) are set by
 * the includer.
 *
 * The membrane and the synaptic states of all active neurons move together in steps of STEP cycles, with exact exponential
 * propagators; what happens inside a step to one neuron (its reset begins or ends) is followed for that neuron alone.
 * The law is written plainly in reference/.
 */

/* What a step of neurons with terms goes through, in places known to the compiler: so many pointers would not stay in registers. */
typedef struct {
    REAL exc[ROOM], inh[ROOM], late_exc[ROOM], late_inh[ROOM];
    REAL decay[ROOM], drift[ROOM], drive_exc[ROOM], drive_inh[ROOM], second_exc[ROOM], second_inh[ROOM], syn_exc[ROOM], syn_inh[ROOM];
    REAL relax[ROOM], push[ROOM], lift[ROOM], pull[ROOM]; /* adaptation: decay, goal, its part of the membrane, effect */
    REAL offset[ROOM], earlier[ROOM], later[ROOM], delta[ROOM]; /* exponential current: powers of two, of the step's ends; volts */
    REAL lag[ROOM];                                       /* of the membrane behind its end, for the adaptation */
    REAL spread[ROOM];                                    /* share of what comes all the time that each half of a step has */
    REAL noise[ROOM], threshold[ROOM];
} NAME(hot);

/* What one event adds to the states of one kind of input. */
typedef struct {
    const REAL *weight, *jump, *too_much; /* [width] synapses; JUMP and LATE of the event's cycle */
    REAL scale;
    int inhibitory;
} NAME(addition);

typedef struct {
    NAME(hot) *hot;
    REAL steep;
    REAL onset, inverse;                    /* of what low membranes take from inhibitory inputs: volts, one over volts */
    const bss2_plan *plan;
    const REAL *tables, *columns; /* the constants of all neurons by row, and those of one behind those of the other */
    size_t apart;                 /* from one of them to the next, 0 where all have the same */
    int width;
    REAL *v, *v_next, *exc, *inh, *late_exc, *late_inh;
    REAL *u, *u_next, *aim;                 /* adaptation: voltage, where it goes without the membrane */
    REAL *read, *read_next;                 /* what is read out where it is no membrane */
    REAL *border, *exchange;                /* of coupled compartments: before the exchange, scratch */
    REAL *decay, *drift, *drive_exc, *drive_inh, *threshold, *noise, *rest; /* of the present mode; rest is [MODES][width] */
    float *normals;                                                          /* [BSS2_COARSE][width] */
    REAL *offset, *moved;                   /* volts of leak potentials: of the run, and with what has come in it */
    float *slow;                            /* [SLOW_PARTS][BSS2_COARSE][width] */
    int64_t slow_drawn[SLOW_PARTS];         /* blocks of these numbers */
    bss2_cell *cells;       /* [width] */
    int busy;               /* neurons that are not free */
    int32_t wheel[WHEEL];   /* neurons that are not free by the step in which to look at them, the first of each list; -1 none */
    int32_t *crossed;       /* [width] where of LANES neurons some are above their threshold at the end of this step, ascending */
    uint32_t *above;        /* [width] which of them, one bit each */
    int crossings;
    int32_t *run_from;      /* [width + 1] first circuits of runs of shared membranes (terms.h), and the end of the last */
    int runs;
    NAME(addition) added[ADDITIONS]; /* in this step, which plain neurons take when they move */
    int additions, listing; /* how many; neurons that do so: none without vectors, or if they are not alike */
    int decay_alike;        /* synaptic states of all neurons decay alike */
    int dirty;              /* late_exc, late_inh have something in them */
    bss2_transport *transport;
    float *cadc_noise[2];   /* [BSS2_COARSE][recorded neurons + 1] of each hemisphere; the last is common to all */
    float *cadc_held[2];    /* volts of the last sample */
    int64_t sample[2], sample_end[2], drawn[2]; /* its next sample, one past its last one, block of its noise, -1 none yet */
    REAL *trace;            /* [steps + 1], NULL: nobody asks for it */
    int64_t b, steps;       /* place in the batch, length of the run */
    uint32_t entry;         /* keys the noise */
    int64_t start;          /* first cycle of this step */
    int failed;             /* why, see room.h */
    bss2_room room, way;    /* memory of all this, of the transport */
} NAME(state);

enum { NAME(FREE) = 0, NAME(FIRING) = 1, NAME(RESETTING) = 2, NAME(HOLDING) = 3 };

#define TABLE(s, row) ((s)->tables + (size_t)(row) * (size_t)(s)->width)
#define OWN(s, row, j) ((s)->columns[(size_t)(j) * (s)->apart + (size_t)(row)])

/* Find the constants of neurons. */
BSS2_INLINE void NAME(read_plan)(NAME(state) *s, const bss2_plan *plan) {
    s->plan = plan;
    s->tables = (const REAL *)plan->tables;
    s->columns = (const REAL *)plan->columns;
    s->apart = plan->apart;
}

/* Take a neuron from the list where it is, if it is in one. */
BSS2_INLINE void NAME(leave)(NAME(state) *s, int j) {
    bss2_cell *cell = &s->cells[j];
    if (cell->list < 0) return;
    s->busy--;
    if (cell->before >= 0) s->cells[cell->before].after = cell->after;
    else s->wheel[cell->list] = cell->after;
    if (cell->after >= 0) s->cells[cell->after].before = cell->before;
    cell->list = -1;
}

/* Have a neuron that is not free looked at in the step of cycle `wake`, or before, where this is farther than the wheel reaches. */
BSS2_INLINE void NAME(enter)(NAME(state) *s, int j, int64_t wake) {
    bss2_cell *cell = &s->cells[j];
    const int64_t last = s->start + (WHEEL - 1) * STEP, seen = wake < last ? wake : last;
    NAME(leave)(s, j);
    s->busy++;
    cell->list = (int16_t)(seen / STEP % WHEEL);
    cell->before = -1;
    cell->after = s->wheel[cell->list];
    if (cell->after >= 0) s->cells[cell->after].before = j;
    s->wheel[cell->list] = j;
}

/* When what happens to a neuron by itself happens next. */
BSS2_INLINE int64_t NAME(change)(const NAME(state) *s, int j) {
    const bss2_cell *cell = &s->cells[j];
    return cell->next < cell->pulse_end ? cell->next : cell->pulse_end;
}

#include "events/delivery.h"
#include "neurons/membrane.h"
#include "neurons/sets.h"
#include "neurons/wander.h"
#include "spiking/rewrite.h"
#include "readout/cadc.h"

/* Memory for one entry, in one block with the widest elements first; tells what was lacking. */
BSS2_RARE int NAME(allocate)(NAME(state) *s, const bss2_plan *plan, int64_t b, uint32_t entry, bss2_outcome *out) {
    const size_t w = (size_t)plan->width, apart = w + ROOM - MOST;
    size_t noise_count = 0;
    memset(s, 0, sizeof(*s));
    NAME(read_plan)(s, plan);
    s->width = plan->width;
    s->b = b;
    s->entry = entry;
    s->steps = (plan->runtime + STEP - 1) / STEP;
    s->onset = (REAL)(plan->rail_low + plan->compliance);
    s->inverse = (REAL)(1 / plan->compliance);
    s->trace = plan->trace_index >= 0 ? (REAL *)plan->trace + b * (s->steps + 1) : NULL;
    for (int h = 0; h < 2; h++) noise_count += BSS2_COARSE * ((size_t)plan->cadc[h].count + 1) + (size_t)plan->cadc[h].count;

    const size_t bytes = 64 + sizeof(NAME(hot)) + w * sizeof(bss2_cell) + 13 * apart * sizeof(REAL) + 64
        + ((1 + SLOW_PARTS) * BSS2_COARSE * w + noise_count) * sizeof(float) + (3 * w + 1) * sizeof(int32_t);
    s->room = bss2_room_new(bytes, 24);
    bss2_room *room = &s->room;
    if (!room->block) return NO_MEMORY;
    NAME(hot) *hot = s->hot = (NAME(hot) *)bss2_part(room, sizeof(NAME(hot)));
    s->exc = hot->exc; s->inh = hot->inh; s->late_exc = hot->late_exc; s->late_inh = hot->late_inh;
    s->decay = hot->decay; s->drift = hot->drift; s->drive_exc = hot->drive_exc; s->drive_inh = hot->drive_inh;
    s->threshold = hot->threshold; s->noise = hot->noise;
    s->cells = (bss2_cell *)bss2_part(room, w * sizeof(bss2_cell));
    REAL **reals[] = {&s->v, &s->v_next, &s->u, &s->u_next, &s->aim, &s->read, &s->read_next, &s->border, &s->exchange, &s->offset,
                      &s->moved, &s->rest};
    for (int i = 0; i < 12; i++) *reals[i] = (REAL *)bss2_part(room, apart * sizeof(REAL) * (i == 11 ? MODES : 1));
    s->normals = (float *)bss2_part(room, BSS2_COARSE * w * sizeof(float));
    s->slow = (float *)bss2_part(room, SLOW_PARTS * BSS2_COARSE * w * sizeof(float));
    for (int h = 0; h < 2; h++) {
        const size_t count = (size_t)plan->cadc[h].count;
        s->cadc_noise[h] = (float *)bss2_part(room, BSS2_COARSE * (count + 1) * sizeof(float));
        s->cadc_held[h] = (float *)bss2_part(room, count * sizeof(float));
    }
    s->crossed = (int32_t *)bss2_part(room, w * sizeof(int32_t));
    s->above = (uint32_t *)bss2_part(room, w * sizeof(uint32_t));
    s->run_from = (int32_t *)bss2_part(room, (w + 1) * sizeof(int32_t));
    return room->lacking ? NO_ROOM : bss2_transport_new(&s->transport, &s->way, &plan->delivery, b, plan->runtime, s->width, out);
}

/* Start at rest: where the leak potential is, and stationary noise. */
BSS2_INLINE void NAME(start)(NAME(state) *s) {
    const bss2_plan *plan = s->plan;
    const int width = s->width;
    const size_t w = (size_t)width;
    NAME(load)(s);
    NAME(draw_start)(s);
    NAME(wander)(s, 0);
    for (int list = 0; list < WHEEL; list++) s->wheel[list] = -1;
    for (int j = 0; j < width; j++) {
        s->cells[j].list = -1;
        s->cells[j].next = s->cells[j].pulse_end = INT64_MAX;
        s->cells[j].fired = INT64_MIN / 2;
        s->threshold[j] = TABLE(s, THRESHOLD)[j];
        REAL v = NAME(clip)(s, s->rest[j] + TABLE(s, ORIGIN)[j] + TABLE(s, START)[j] * s->normals[w + j]);
        if (v >= TABLE(s, CROSSING)[j]) v = NAME(clip)(s, s->rest[w + j]);
        s->v[j] = v;
        NAME(use_mode)(s, j);
    }
    if (plan->group[PLAIN + 1] < width) NAME(start_terms)(s);
    if (plan->sourced) NAME(read_sources)(s, s->read);
    for (int h = 0; h < 2; h++) {
        s->drawn[h] = -1;
        if (!plan->cadc[h].count) continue;
        s->sample[h] = plan->cadc[h].batch_offsets[s->b];
        s->sample_end[h] = plan->cadc[h].batch_offsets[s->b + 1];
    }
}

/* Keep the voltage that the MADC sees at the start of step `step`. */
BSS2_INLINE void NAME(keep)(NAME(state) *s, int64_t step) {
    const int at = s->plan->trace_index;
    if (s->trace) s->trace[step] = (s->plan->source[at] ? s->read : s->v)[at];
}

/* All neurons go on by a step together, with new noise where it is due and events that arrive. */
BSS2_INLINE void NAME(step)(NAME(state) *s, int64_t step) {
    const bss2_plan *plan = s->plan;
    const size_t w = (size_t)s->width;
    if (plan->noisy && step % NOISE_STEPS == 0) {
        const int64_t number = step / NOISE_STEPS;
        if (step % SLOW_STEPS == 0 && step > 0 && plan->wander[3] > 0) {
            NAME(wander)(s, step);
            for (int lead = plan->group[SHARED]; lead < plan->group[JOINED]; lead = plan->unit_end[lead]) NAME(use_mode)(s, lead);
        }
        if (number % BSS2_COARSE == 0)
            bss2_coarse_normals(bss2_instructions(), plan->key, (uint32_t)(number / BSS2_COARSE), plan->neuron, PURPOSE_MEMBRANE,
                                s->entry, plan->run, s->normals, s->width);
        NAME(take_noise)(s, number);
        for (int list = 0; s->busy && list < WHEEL; list++)
            for (int j = s->wheel[list]; j >= 0; j = s->cells[j].after) /* noise was added as if nobody were in reset */
                if (j < plan->group[SHARED] && s->cells[j].phase == NAME(RESETTING)) NAME(use_mode)(s, j);
    }
    NAME(arrive)(s, step);
    if (plan->coupled) {
        memcpy(s->border, s->v, w * sizeof(REAL));
        NAME(couple)(s, s->v);
    }
    if (NAME(forgetful)(s)) {
        NAME(add_listed)(s); /* which counts before anything is nothing */
        NAME(forget)(s, 0, plan->group[JOINED]);
    }
    s->crossings = 0;
    NAME(advance_sets)[bss2_instructions()](s);
    s->additions = 0;
    if (s->dirty) {
        s->dirty = 0;
        memset(s->late_exc, 0, w * sizeof(REAL));
        memset(s->late_inh, 0, w * sizeof(REAL));
    }
}

/* Follow those alone that are not free and change in this step. */
BSS2_INLINE void NAME(follow_busy)(NAME(state) *s) {
    const int64_t end = s->start + STEP;
    int32_t *list = &s->wheel[s->start / STEP % WHEEL];
    while (*list >= 0) {
        const int j = *list;
        int64_t since = s->start;
        REAL before = s->v[j];
        NAME(leave)(s, j);
        if (NAME(change)(s, j) < end) {
            if (s->cells[j].kind) NAME(again)(s, j);
            NAME(put)(s, j, NAME(follow)(s, j, before, since, &since, &before));
        }
        if (s->cells[j].phase == NAME(FREE)) {
            s->threshold[j] = OWN(s, THRESHOLD, j);
            if (s->v_next[j] >= s->threshold[j]) {
                NAME(put)(s, j, NAME(fire)(s, j, since, before, s->v_next[j], NULL, 0));
                continue;
            }
            if (s->cells[j].pulse_end == INT64_MAX) continue;
        }
        NAME(enter)(s, j, NAME(change)(s, j));
    }
}

/* Exchange between coupled compartments ends the step; follow those alone that crossed their threshold in it. */
BSS2_INLINE void NAME(follow_crossings)(NAME(state) *s) {
    const bss2_plan *plan = s->plan;
    if (plan->coupled) {
        NAME(couple)(s, s->v_next);
        for (int i = 0; i < plan->coupled_offsets[plan->coupled]; i++) {
            const int j = plan->coupled_leads[i];
            const int whole = s->cells[j].fired + plan->refractory_cycles[j] <= s->start; /* was free all the time */
            if (whole && s->cells[j].phase == NAME(FREE) && s->v_next[j] >= OWN(s, CROSSING, j))
                NAME(put)(s, j, NAME(fire)(s, j, s->start, s->border[j], s->v_next[j], NULL, 0));
        }
        memcpy(s->v, s->border, (size_t)s->width * sizeof(REAL)); /* not before: inputs of this step saw the membrane after the exchange */
    }
    int32_t steep[LANES];
    int count = 0;
    for (int i = 0; i < s->crossings; i++)
        for (uint32_t left = s->above[i]; left; left &= left - 1) {
            const int j = s->crossed[i] + bss2_lowest(left);
            if (!(s->v_next[j] >= s->threshold[j])) continue;
            if (NAME(is_steep)(s, j)) {
                steep[count++] = j;
                if (count == LANES) NAME(fire_together)(s, steep, count);
                count %= LANES;
            } else {
                NAME(put)(s, j, NAME(fire)(s, j, s->start, s->v[j], s->v_next[j], NULL, 0));
            }
        }
    if (count) NAME(fire_together)(s, steep, count);
    if (plan->sourced) NAME(read_sources)(s, s->read_next);
}

/* The end of this step is the start of the next. */
BSS2_INLINE void NAME(turn)(NAME(state) *s) {
    REAL *swap = s->v;
    s->v = s->v_next;
    s->v_next = swap;
    if (s->plan->sourced) { swap = s->read; s->read = s->read_next; s->read_next = swap; }
    if (s->plan->group[PLAIN + 1] < s->width) { swap = s->u; s->u = s->u_next; s->u_next = swap; }
}

BSS2_INLINE void NAME(take_steps)(NAME(state) *s) {
    NAME(start)(s);
    for (int64_t step = 0; step < s->steps && !s->failed && !s->transport->failed; step++) {
        if ((s->b * s->steps + step) % ASKING_STEPS == ASKING_STEPS - 1 && s->plan->interrupted(s->plan->stop)) s->failed = NO_MEMORY;
        s->start = step * STEP;
        while (step == s->plan->to) NAME(rewrite)(s, step);
        NAME(keep)(s, step);
        NAME(step)(s, step);
        NAME(follow_busy)(s);
        NAME(follow_crossings)(s);
        NAME(sample)(s);
        NAME(turn)(s);
    }
    NAME(keep)(s, s->steps);
}

BSS2_DISPATCH(NAME(run_steps), (NAME(state) *s), (s), NAME(take_steps)(s))

/* Let what is on its way come over the link, give the memory back, and tell why the entry failed, if it did. */
BSS2_RARE int NAME(finish)(NAME(state) *s) {
    if (!s->failed && !s->transport->failed) NAME(drain)(s, s->steps);
    const int failed = s->failed ? s->failed : s->transport->failed;
    bss2_transport_end(s->transport);
    bss2_room_free(&s->way);
    bss2_room_free(&s->room);
    return failed;
}

/* Run entry `b` of the batch, whose noise has the key `entry`; returns why it failed (room.h), 0 if it did not. */
static int NAME(run_entry)(const bss2_plan *plan, int64_t b, uint32_t entry, bss2_outcome *out) {
    NAME(state) state;
    if (*plan->stop) return NO_MEMORY;
    if (plan->width > MOST || plan->width % LANES) return NO_ROOM;
    const int lacking = NAME(allocate)(&state, plan, b, entry, out);
    if (lacking) {
        bss2_room_free(&state.room);
        bss2_room_free(&state.way);
        return lacking;
    }
    NAME(run_steps)(&state);
    return NAME(finish)(&state);
}

#undef TABLE
#undef OWN
