/* Integration of neurons over time and its adjoint, in both precisions; the torch loop (functional/loop.py) is the law.
 *
 * A lane is one neuron of one batch entry. Lanes are independent, so a block of them runs through all of its time with its
 * states in the first cache; threads take blocks. Arrays over time are [step][lane].
 */
#ifndef HX_INTEGRATION_H
#define HX_INTEGRATION_H

#include "native/instructions.h"

/* Rows of the constants, in the order of functional/constants.py; all but the last have gradients. */
enum {
    GAIN,       /* step over capacitance: part of a driving current that reaches the membrane in one step */
    KEEP,       /* part of the synaptic current that is left after one step */
    LEAKAGE,    /* conductance of the leak */
    REST,       /* potential that all others are relative to */
    START,      /* potential before the first step */
    RESET,      /* potential after a spike */
    THRESHOLD,  /* potential above which a neuron fires */
    PUSH,       /* conductance of the exponential term */
    SLOPE,      /* its slope */
    ONSET,      /* its threshold */
    RATE,       /* part of the way to its target that the adaptation goes in one step */
    PULL,       /* strength of the subthreshold adaptation */
    KICK,       /* increment of the adaptation by a spike */
    REFRACTORY, /* steps after a spike in which the membrane is held */
    ROWS
};

enum { HX_LANES_F32 = 512, HX_LANES_F64 = 256 }; /* of a block, so that its states stay in the first cache */

enum { SPIKED = 1, HELD = 2 }; /* bits of what happened to a lane in a step */

enum { ALL, SPIKES, TRACES, AGAIN }; /* outputs: all, spikes, these with membrane and current, what the way back reads */

/* Surrogate derivatives, in the order of functional/surrogates.py. */
enum { SUPERSPIKE, SIGMOID, ARCTAN, TRIANGULAR, GAUSSIAN, BOXCAR, EXPONENTIAL, MULTI_GAUSSIAN };

#define EXPONENT_LIMIT 20 /* of the exponential term, see functional/loop.py */

/* Have memory come near that the next step reads: strips of a block lie too far apart for the processor to guess. */
BSS2_INLINE void hx_fetch(const void *from, size_t bytes) {
#ifdef __GNUC__
    for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch((const char *)from + at);
#else
    (void)from, (void)bytes;
#endif
}

#ifndef HX_NAMES_ONLY /* else somebody wants what the numbers above stand for, not the integration */

#define REAL float
#define NAME(x) BSS2_JOIN(x, _f32)
#define BITS uint32_t
#define LANES HX_LANES_F32
#include "steps/integration_block.h"
#undef REAL
#undef NAME
#undef BITS
#undef LANES
#define REAL double
#define NAME(x) BSS2_JOIN(x, _f64)
#define BITS uint64_t
#define LANES HX_LANES_F64
#define HX_DOUBLE
#include "steps/integration_block.h"
#undef HX_DOUBLE
#undef REAL
#undef NAME
#undef BITS
#undef LANES

#endif
#endif
