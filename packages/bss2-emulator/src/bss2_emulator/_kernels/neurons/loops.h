/* A step of all neurons together, in vectors. Included by entry.h for each instruction set: SET is its suffix, WITHIN what
 * its functions carry.
 */

#define LOOP(x) BSS2_JOIN(NAME(x), SET)
#define VECTOR LOOP(bss2_vector)
#define MASK LOOP(bss2_mask)
#define LOAD LOOP(bss2_load)
#define STORE LOOP(bss2_store)
#define ALL LOOP(bss2_all)
#define MAX LOOP(bss2_max)
#define MIN LOOP(bss2_min)
#define CHOOSE LOOP(bss2_choose)
#define ANY LOOP(bss2_any)
#define EACH ((int)(sizeof(VECTOR) / sizeof(REAL)))
#define HOT(field) (place + offsetof(NAME(hot), field) / sizeof(REAL))
#define ONE ALL((REAL)1)

/* What stays the same in all vectors, where stores do not make the compiler look again. */
typedef struct {
    NAME(hot) *hot;
    const REAL *v, *u, *tables;
    REAL *v_next, *u_next;
    size_t width;
    const NAME(addition) *added; /* with the first of them beside it: mostly it is the only one */
    NAME(addition) first;
    int additions;
    VECTOR low, high, onset, inverse, steep;
    VECTOR syn_exc, syn_inh; /* where all neurons have the same */
} LOOP(about);

/* What a vector from `at` on finds in fields of `hot`, at fixed distances: the compiler is not to make a pointer for each. */
WITHIN REAL *LOOP(of)(const LOOP(about) *loop, int at) {
    REAL *place = (REAL *)(void *)loop->hot + at;
    BSS2_ONE_POINTER(place);
    return place;
}

WITHIN LOOP(about) LOOP(look)(const NAME(state) *s) {
    const LOOP(about) loop = {
        s->hot, s->v, s->u, s->tables, s->v_next, s->u_next, (size_t)s->width, s->added, s->added[0], s->additions,
        ALL((REAL)s->plan->rail_low), ALL((REAL)s->plan->rail_high), ALL(s->onset), ALL(s->inverse), ALL(s->steep),
        ALL(OWN(s, SYN_EXC + STEP - 1, 0)), ALL(OWN(s, SYN_INH + STEP - 1, 0)),
    };
    return loop;
}

/* Which of a vector are among the next `left` neurons: those behind belong to another loop, and must not move twice. */
WITHIN MASK LOOP(ours)(int left) {
    static const REAL counted[LANES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (MASK)(LOAD(counted) < ALL((REAL)left));
}

WITHIN VECTOR LOOP(clip_all)(const LOOP(about) *loop, VECTOR x) { return MIN(loop->high, MAX(loop->low, x)); }

WITHIN VECTOR LOOP(share)(const LOOP(about) *loop, VECTOR v) { /* see compliance */
    const VECTOR depth = MAX(ALL((REAL)0), (loop->onset - v) * loop->inverse);
    return ONE - depth * depth;
}

/* A constant of a vector of neurons, which need not be loaded where all have the same. */
#define CONSTANT(name) (alike ? loop->name : LOAD(HOT(name)))

/* The synaptic states of a vector decay; those that are not ours stay as they were before. */
WITHIN void LOOP(decay_inputs)(const LOOP(about) *loop, REAL *place, int left, VECTOR e, VECTOR i, VECTOR e_before, VECTOR i_before,
                               const int alike) {
    VECTOR e_next = e * CONSTANT(syn_exc), i_next = i * CONSTANT(syn_inh);
    if (left < EACH) {
        e_next = CHOOSE(LOOP(ours)(left), e_next, e_before);
        i_next = CHOOSE(LOOP(ours)(left), i_next, i_before);
    }
    STORE(HOT(exc), e_next);
    STORE(HOT(inh), i_next);
}

/* What the inputs of a vector of neurons bring in this step; their states decay. */
WITHIN VECTOR LOOP(take_inputs)(const LOOP(about) *loop, REAL *place, int at, VECTOR v, int left, const int alike, const int eventful,
                                const int added, const int saturating) {
    const VECTOR e_before = LOAD(HOT(exc)), i_before = LOAD(HOT(inh));
    VECTOR e = e_before, i = i_before, late_e = ALL((REAL)0), late_i = late_e;
    if (eventful) {
        late_e = LOAD(HOT(late_exc));
        late_i = LOAD(HOT(late_inh));
    }
    for (int k = 0; k < (added <= 1 ? added : loop->additions); k++) {
        const NAME(addition) *row = added <= 1 ? &loop->first : loop->added + k;
        const VECTOR weight = LOAD(row->weight + at) * ALL(row->scale);
        const VECTOR jump = weight * ALL(*row->jump), too_much = weight * ALL(*row->too_much);
        if (row->inhibitory) {
            i += jump;
            late_i += too_much;
        } else {
            e += jump;
            late_e += too_much;
        }
    }
    VECTOR excited = e * LOAD(HOT(drive_exc)), inhibited = i * LOAD(HOT(drive_inh));
    if (eventful || added) {
        excited += late_e;
        inhibited += late_i;
    }
    if (saturating) inhibited *= LOOP(share)(loop, v);
    LOOP(decay_inputs)(loop, place, left, e, i, e_before, i_before, alike);
    return excited - inhibited;
}

/* One vector of plain neurons; returns which of them are above their threshold. */
WITHIN MASK LOOP(plain_vector)(const LOOP(about) *loop, int at, int left, const int alike, const int eventful, const int added,
                               const int saturating) {
    REAL *place = LOOP(of)(loop, at);
    const VECTOR v = LOAD(loop->v + at), input = LOOP(take_inputs)(loop, place, at, v, left, alike, eventful, added, saturating);
    const VECTOR x = LOOP(clip_all)(loop, v * LOAD(HOT(decay)) + LOAD(HOT(drift)) + input);
    STORE(loop->v_next + at, x);
    return (MASK)(x >= LOAD(HOT(threshold)));
}

/* What an exponential current adds where it is not steep: -log(1 - y) of y = rate * exp(x), a power of two, up to 0.25, within
 * 1e-5. Where y is so small that its square does not count, the square is left out: it would be a denormal number. */
WITHIN VECTOR LOOP(gentle)(VECTOR v, VECTOR power, VECTOR delta) {
    const VECTOR y = CHOOSE((MASK)(power > ALL((REAL)-100)), LOOP(bss2_power)(power), ALL((REAL)0));
    const VECTOR much = CHOOSE((MASK)(power > ALL((REAL)-60)), y, ALL((REAL)0));
    const VECTOR low = (REAL)0.9999897379 + y * (REAL)0.5012726318, high = (REAL)0.3091695319 + y * (REAL)0.3894869947;
    return v + delta * y * (low + y * much * high);
}

WITHIN VECTOR LOOP(reverse_all)(VECTOR v, VECTOR pull, VECTOR aim) { /* see reverse */
    const VECTOR half = (REAL)0.5 * pull;
    return (v * (ONE - half) + aim) / (ONE + half);
}

/* One vector of neurons with terms; returns which are above their threshold, or steep, which leaves them above everything. */
WITHIN MASK LOOP(terms_vector)(const LOOP(about) *loop, int at, int left, const int eventful, const int saturating, const int coba,
                               const int expo) {
    REAL *place = LOOP(of)(loop, at);
    const VECTOR e = LOAD(HOT(exc)), i = LOAD(HOT(inh)), here = LOAD(loop->v + at), decay = LOAD(HOT(decay));
    const VECTOR push = LOAD(HOT(push)), lift = LOAD(HOT(lift)), relax = LOAD(HOT(relax));
    const VECTOR middle = push + lift * here + LOAD(loop->u + at) * relax;
    const VECTOR late_e = eventful ? LOAD(HOT(late_exc)) : ALL((REAL)0);
    VECTOR late_i = eventful ? LOAD(HOT(late_inh)) : ALL((REAL)0), felt = i;
    VECTOR steady = LOAD(HOT(drift)) - LOAD(HOT(pull)) * middle, x;
    MASK steep = (MASK)(here < here);
    LOOP(decay_inputs)(loop, place, left, e, i, e, i, 0);
    if (saturating) {
        const VECTOR share = LOOP(share)(loop, here);
        felt *= share;
        late_i *= share;
    }
    if (!coba) {
        x = here * decay + steady;
        x += (e * LOAD(HOT(drive_exc)) + late_e) - (felt * LOAD(HOT(drive_inh)) + late_i);
        if (expo) {
            const VECTOR power = x * LOAD(HOT(later)) + (here * LOAD(HOT(earlier)) + LOAD(HOT(offset)));
            steep = (MASK)(power > loop->steep);
            x = LOOP(gentle)(x, power, LOAD(HOT(delta)));
        }
    } else {
#define ROW(name) (loop->tables + (size_t)(name) * loop->width + at)
        const VECTOR is_exc = LOAD(ROW(IS_COBA)), is_inh = LOAD(ROW(IS_COBA + 1));
        VECTOR a = e * LOAD(ROW(CHARGE_EXC + STEP - 1)), b = felt * LOAD(ROW(CHARGE_INH + STEP - 1));
        if (eventful) {
            a += late_e * is_exc;
            b += late_i * is_inh;
            steady += (late_e * (ONE - is_exc) - late_i * (ONE - is_inh)) * LOAD(HOT(spread));
        }
        const VECTOR open = a + b, toward = a * LOAD(ROW(REVERSAL)) + b * LOAD(ROW(REVERSAL + 1));
#undef ROW
        x = here * decay + steady + (e * LOAD(HOT(drive_exc)) - felt * LOAD(HOT(drive_inh)));
        if (expo) {
            const VECTOR half = (REAL)0.5 * open, half_way = (REAL)0.5 * toward;
            x = LOOP(reverse_all)(x, half, half_way);
            const VECTOR power = x * LOAD(HOT(later)) + LOAD(HOT(offset));
            steep = (MASK)(power > loop->steep);
            x = LOOP(reverse_all)(LOOP(gentle)(x, power, LOAD(HOT(delta))), half, half_way);
        } else {
            x = LOOP(reverse_all)(x, open, toward);
        }
        x = x * decay + (steady + (e * LOAD(HOT(second_exc)) - felt * LOAD(HOT(second_inh))));
    }
    x = LOOP(clip_all)(loop, x);
    if (left < EACH) steep &= LOOP(ours)(left); /* padding has thresholds that nothing finite reaches */
    const VECTOR y = push + lift * (x + LOAD(HOT(lag)) * (x - here)) + middle * relax;
    if (expo) x = CHOOSE(steep, ALL((REAL)INFINITY), x); /* what it was is of no use */
    STORE(loop->v_next + at, x);
    STORE(loop->u_next + at, LOOP(clip_all)(loop, y));
    return (MASK)(x >= LOAD(HOT(threshold)));
}

/* Look again which of the next `left` neurons, LANES at most, are above their threshold: few vectors have any. */
WITHIN void LOOP(note)(NAME(state) *s, int at, int left) {
    uint32_t above = 0;
    for (int k = 0; k < LANES && k < left; k += EACH) {
        const MASK here = (MASK)(LOAD(s->v_next + at + k) >= LOAD(s->threshold + at + k));
        above |= (uint32_t)ANY(here & LOOP(ours)(left - k)) << k;
    }
    NAME(mark)(s, at, above);
}

/* Advance the neurons [from, to); mark where some are above their threshold. */
#define BSS2_ADVANCE(ONE_VECTOR, ...)                                                                             \
    const LOOP(about) about = LOOP(look)(s), *loop = &about;                                                      \
    int at = from;                                                                                                \
    for (; at + LANES <= to; at += LANES) {                                                                       \
        MASK above = ONE_VECTOR(loop, at, EACH, __VA_ARGS__);                                                     \
        BSS2_VECTOR                                                                                               \
        for (int k = EACH; k < LANES; k += EACH) above |= ONE_VECTOR(loop, at + k, EACH, __VA_ARGS__);            \
        if (ANY(above)) LOOP(note)(s, at, LANES);                                                                 \
    }                                                                                                             \
    for (; at < to; at += EACH) /* nobody is marked twice */                                                      \
        if (ANY(ONE_VECTOR(loop, at, to - at, __VA_ARGS__) & LOOP(ours)(to - at)))                                \
            LOOP(note)(s, at, to - at < EACH ? to - at : EACH);

WITHIN void LOOP(advance)(NAME(state) *s, int from, int to, const int eventful, const int added, const int saturating) {
    if (!s->apart) {
        BSS2_ADVANCE(LOOP(plain_vector), 1, eventful, added, saturating)
    } else {
        BSS2_ADVANCE(LOOP(plain_vector), 0, eventful, 0, saturating)
    }
}

WITHIN void LOOP(advance_terms)(NAME(state) *s, int from, int to, const int eventful, const int saturating, const int coba,
                                const int expo) {
    const int before = s->crossings;
    if (from == to) return;
    BSS2_ADVANCE(LOOP(terms_vector), eventful, saturating, coba, expo)
    if (expo) NAME(take_care)(s, before);
}
#if PAIRS
/* One vector of pairs of circuits that share a membrane: both show it, and the first one has its constants and threshold. */
WITHIN MASK LOOP(pairs_vector)(const LOOP(about) *loop, int at, int left, const int alike, const int eventful, const int saturating,
                               const int noisy) {
    REAL *place = LOOP(of)(loop, at);
    const VECTOR v = LOAD(loop->v + at), quiet = v * LOAD(HOT(decay)) + LOAD(HOT(drift));
    const VECTOR alone = noisy ? quiet + LOAD(HOT(noise)) : quiet;
    const VECTOR input = LOOP(take_inputs)(loop, place, at, v, left, alike, eventful, 0, saturating);
    const VECTOR x = LOOP(clip_all)(loop, LOOP(bss2_even)(alone) + LOOP(bss2_even)(input) + LOOP(bss2_odd)(input));
    STORE(loop->v_next + at, x);
    return (MASK)(x >= LOAD(HOT(threshold)));
}

WITHIN void LOOP(advance_pairs)(NAME(state) *s, int from, int to, const int eventful, const int saturating) {
    if (s->plan->noisy) {
        BSS2_ADVANCE(LOOP(pairs_vector), 0, eventful, saturating, 1)
    } else if (s->decay_alike) {
        BSS2_ADVANCE(LOOP(pairs_vector), 1, eventful, saturating, 0)
    } else {
        BSS2_ADVANCE(LOOP(pairs_vector), 0, eventful, saturating, 0)
    }
}
#endif
#undef BSS2_ADVANCE

/* Circuits that share membranes where all terms are linear: what inputs bring first, to v_next, then their sums. */
WITHIN void LOOP(advance_shared)(NAME(state) *s, const int eventful, const int saturating) {
    if (!s->runs) return;
    const LOOP(about) about = LOOP(look)(s), *loop = &about;
    for (int run = 0; run < s->runs; run++) {
        const int from = s->run_from[run], to = s->run_from[run + 1];
#if PAIRS
        if (s->plan->unit_end[from] - from == 2) {
            LOOP(advance_pairs)(s, from, to, eventful, saturating);
            continue;
        }
#endif
        BSS2_VECTOR
        for (int at = from; at < to; at += EACH)
            STORE(loop->v_next + at,
                  LOOP(take_inputs)(loop, LOOP(of)(loop, at), at, LOAD(loop->v + at), to - at, 0, eventful, 0, saturating));
        NAME(advance_units)(s, from, to);
    }
}

WITHIN void LOOP(advance_kinds)(NAME(state) *s, const int eventful, const int saturating) {
    const int32_t *group = s->plan->group;
    if (!s->additions) LOOP(advance)(s, group[PLAIN], group[ADAPTING], eventful, 0, saturating);
    else if (s->additions == 1) LOOP(advance)(s, group[PLAIN], group[ADAPTING], eventful, 1, saturating);
    else LOOP(advance)(s, group[PLAIN], group[ADAPTING], eventful, ADDITIONS, saturating);
    if (group[ADAPTING] == group[GROUPS]) return;
    LOOP(advance_terms)(s, group[ADAPTING], group[REVERSING], eventful, saturating, 0, 0);
    LOOP(advance_terms)(s, group[REVERSING], group[EXPONENTIAL], eventful, saturating, 1, 0);
    LOOP(advance_terms)(s, group[EXPONENTIAL], group[REVERSING_EXPONENTIAL], eventful, saturating, 0, 1);
    LOOP(advance_terms)(s, group[REVERSING_EXPONENTIAL], group[SHARED], eventful, saturating, 1, 1);
    LOOP(advance_shared)(s, eventful, saturating);
    NAME(advance_joined)(s, group[JOINED], group[GROUPS]);
}

/* Advance all neurons by a step. */
TARGET static void LOOP(advance_all)(NAME(state) *s) {
    if (s->plan->saturating) {
        if (s->dirty) LOOP(advance_kinds)(s, 1, 1);
        else LOOP(advance_kinds)(s, 0, 1);
    } else {
        if (s->dirty) LOOP(advance_kinds)(s, 1, 0);
        else LOOP(advance_kinds)(s, 0, 0);
    }
}

#undef LOOP
#undef VECTOR
#undef MASK
#undef LOAD
#undef STORE
#undef ALL
#undef MAX
#undef MIN
#undef CHOOSE
#undef ANY
#undef EACH
#undef HOT
#undef CONSTANT
#undef ONE
