/* Neurons with steep exponential currents, a lane for each. Part of entry.h.
 *
 * Neurons with common inputs fire together, and a move of one is two hundred processor cycles of operations that wait for each
 * other. This is the law of `move` (terms.h) for circuits alone on their membranes, free and without conductances, in the same
 * operations.
 */

typedef struct {
    REAL decay[LANES], half[LANES], steady[LANES], spread[LANES]; /* membrane */
    REAL aim[LANES], gain[LANES], adapt[LANES], pull[LANES], reference[LANES], lag[LANES];
    REAL start[LANES], sharpness[LANES], delta[LANES], top[LANES], limit[LANES], rate[LANES]; /* exponential */
    REAL v[STEP + 1][LANES], u[STEP + 1][LANES], input[STEP][LANES]; /* before each move and behind the last, what inputs bring in each */
} NAME(lanes);

/* Whether a neuron is one of those above: with a short exponential, those in reset come here, too. */
BSS2_INLINE int NAME(is_steep)(const NAME(state) *s, int j) {
    return j >= s->plan->group[EXPONENTIAL] && j < s->plan->group[REVERSING_EXPONENTIAL] && s->cells[j].phase != NAME(RESETTING);
}

/* Give the lane `i` to neuron `j` at the start of this step, for moves of `k` cycles; `whole` as in `move`. */
BSS2_INLINE void NAME(board)(const NAME(state) *s, NAME(lanes) *lanes, int i, int j, int k, int whole) {
    const REAL decay = OWN(s, DECAY + k - 1, j), drive_exc = OWN(s, DRIVE_EXC + k - 1, j), drive_inh = OWN(s, DRIVE_INH + k - 1, j);
    REAL exc, inh, share;
    NAME(inputs)(s, j, &exc, &inh, &share);
    lanes->v[0][i] = s->v[j];
    lanes->u[0][i] = s->u[j];
    lanes->input[0][i] = exc * drive_exc - inh * drive_inh;
    for (int gone = k; gone < STEP; gone += k)
        lanes->input[gone / k][i] = exc * OWN(s, SYN_EXC + gone - 1, j) * drive_exc - inh * OWN(s, SYN_INH + gone - 1, j) * drive_inh;
    lanes->decay[i] = decay;
    lanes->half[i] = OWN(s, DECAY_HALF + k - 1, j);
    lanes->steady[i] = s->rest[j] * ((REAL)1 - decay);
    lanes->spread[i] = s->noise[j] * ((REAL)k / (REAL)STEP);
    if (whole) lanes->spread[i] += s->late_exc[j] - s->late_inh[j] * share;
    lanes->aim[i] = s->aim[j];
    lanes->gain[i] = OWN(s, ADAPT_GAIN, j);
    lanes->adapt[i] = OWN(s, ADAPT_DECAY + k - 1, j);
    lanes->pull[i] = OWN(s, ADAPT_PULL, j) * ((REAL)1 - decay);
    lanes->reference[i] = OWN(s, ADAPT_REF, j);
    lanes->lag[i] = OWN(s, ADAPT_LAG + k - 1, j);
    lanes->start[i] = OWN(s, EXP_START, j);
    lanes->sharpness[i] = OWN(s, EXP_SHARPNESS, j);
    lanes->delta[i] = OWN(s, EXP_DELTA, j);
    lanes->top[i] = OWN(s, EXP_TOP, j);
    lanes->limit[i] = OWN(s, EXP_LIMIT, j);
    lanes->rate[i] = OWN(s, EXP_RATE + k - 1, j);
}

/* Make `moves` of the neurons in the first `count` lanes; nobody looks at what those behind make of zeros. */
BSS2_INLINE void NAME(drive)(const NAME(state) *s, NAME(lanes) *lanes, const int32_t *which, int count, const int moves) {
    const REAL low = (REAL)s->plan->rail_low, high = (REAL)s->plan->rail_high;
    memset(lanes, 0, sizeof(*lanes));
    for (int i = 0; i < count; i++) NAME(board)(s, lanes, i, which[i], STEP / moves, moves == 1);
    for (int at = 0; at < moves; at++) {
        BSS2_VECTOR
        for (int i = 0; i < LANES; i++) {
            const REAL v = lanes->v[at][i], goal = lanes->aim[i] + lanes->gain[i] * v;
            const REAL u = goal + (lanes->u[at][i] - goal) * lanes->adapt[i];
            const REAL steady = lanes->steady[i] + lanes->pull[i] * (lanes->reference[i] - u) + lanes->spread[i];
            const REAL linear = v * lanes->decay[i] + steady + lanes->input[at][i];
            const REAL middle = v + (linear - v) / ((REAL)1 + lanes->half[i]), rate = lanes->rate[i];
            const REAL exploded = NAME(exponential)(middle, lanes->start[i], lanes->sharpness[i], lanes->delta[i], lanes->top[i],
                                                    lanes->limit[i], rate);
            const REAL brought = (rate > (REAL)0 ? exploded : middle) - middle;
            REAL x = linear + brought * lanes->half[i];
            x = x < low ? low : x;
            x = x > high ? high : x;
            const REAL aimed = lanes->aim[i] + lanes->gain[i] * (x + lanes->lag[i] * (x - v));
            REAL y = aimed + (u - aimed) * lanes->adapt[i];
            y = y < low ? low : y;
            lanes->v[at + 1][i] = x;
            lanes->u[at + 1][i] = y > high ? high : y;
        }
    }
}

/* Take the steps of up to LANES neurons again. */
BSS2_INLINE void NAME(take_carefully)(NAME(state) *s, const int32_t *which, int count) {
    NAME(lanes) lanes;
    NAME(drive)(s, &lanes, which, count, 1);
    for (int i = 0; i < count; i++) {
        s->v_next[which[i]] = lanes.v[1][i];
        s->u_next[which[i]] = lanes.u[1][i];
    }
}

BSS2_DISPATCH(NAME(retake), (NAME(state) *s, const int32_t *which, int count), (s, which, count),
              NAME(take_carefully)(s, which, count))
