/* Background generators: a period counter at 250 MHz, two counts to a cycle, and a shift register for what is random.
 *
 * Each end of a period is a candidate. In random mode it becomes an event if eight bits of the register do not exceed the
 * rate. Twin: reference/background.py.
 */
#ifndef BSS2_BACKGROUND_H
#define BSS2_BACKGROUND_H

#include "native/portable.h"

enum { SOURCES = 8 };

typedef struct {
    int32_t on, random;
    uint32_t period, rate, seed, mask, label; /* registers; the period counts from 0 to `period` */
} bss2_source;

typedef struct {
    int64_t counts; /* of the clock, at the last candidate */
    int64_t time;   /* cycle of the next event, INT64_MAX none */
    uint32_t word;  /* of the shift register at that event */
} bss2_source_state;

/* Xorshift with a full period over all words but 0 (Marsaglia 2003). */
BSS2_INLINE uint32_t bss2_shift(uint32_t word) {
    word ^= word << 13;
    word ^= word >> 17;
    return word ^ (word << 5);
}

BSS2_INLINE uint32_t bss2_source_label(const bss2_source *source, uint32_t word) {
    return (source->label & ~source->mask) | ((word >> 8) & source->mask);
}

/* Go on to the next event. A source makes at most one a cycle: a second candidate in the same cycle is ignored. */
static void bss2_source_next(const bss2_source *source, bss2_source_state *state, int64_t runtime) {
    const int64_t last = state->time;
    uint32_t word = state->word;
    for (;;) {
        state->counts += (int64_t)source->period + 1;
        const int64_t time = state->counts / 2;
        if (time >= runtime) { state->time = INT64_MAX; return; }
        word = bss2_shift(word);
        if (source->random && (word & 0xFF) > source->rate) continue;
        if (time == last) continue;
        state->time = time;
        state->word = word;
        return;
    }
}

/* Switch the generator on in cycle `from`: the seed is copied, 0 becomes 1. */
static void bss2_source_start(const bss2_source *source, bss2_source_state *state, int64_t from, int64_t runtime) {
    state->counts = 2 * from;
    state->time = -1;
    state->word = source->seed ? source->seed : 1;
    if (source->on && !(source->random && source->rate == 0))
        bss2_source_next(source, state, runtime);
    else
        state->time = INT64_MAX;
}

#endif
