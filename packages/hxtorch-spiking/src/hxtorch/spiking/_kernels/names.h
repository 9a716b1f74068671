/* What the numbers stand for that kernels of neurons and their callers exchange. */
#ifndef HX_NAMES_H
#define HX_NAMES_H

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

enum { SPIKED = 1, HELD = 2 }; /* bits of what happened to a lane in a step */

/* Surrogate derivatives, in the order of functional/surrogates.py. */
enum { SUPERSPIKE, SIGMOID, ARCTAN, TRIANGULAR, GAUSSIAN, BOXCAR, EXPONENTIAL, MULTI_GAUSSIAN };

#define EXPONENT_LIMIT 20 /* of the exponential term, see functional/loop.py */

#endif
