/* What one spiking run is told: see spiking.py, which fills it. */
#ifndef BSS2_PLAN_H
#define BSS2_PLAN_H

#include "noise/coarse.h"
#include "neurons/elementary.h"
#include "events/transport.h"

enum {
    STEP = 8,             /* cycles */
    NOISE_STEPS = 8,      /* steps that share a normal number */
    LANES = 16,           /* arrays over neurons are padded to multiples */
    MOST = 512,           /* neurons of the chip */
    ASKING_STEPS = 1 << 16, /* steps of a batch between two looks at signals, some 10 ms of computing */
    ROOM = MOST + LANES,  /* arrays one behind the other: a power of two apart they would fall into the same places of the cache */
};

/* Rows of the table of neuron constants; a row of k has entries for 1..STEP cycles, a row of (mode, k) for both modes. */
enum {
    MODES = 2,                            /* free, in reset */
    DECAY = 0,                            /* (mode, k): membrane */
    DRIVE_EXC = DECAY + MODES * STEP,     /* (mode, k): volts per unit of synaptic state after k cycles */
    DRIVE_INH = DRIVE_EXC + MODES * STEP,
    SYN_EXC = DRIVE_INH + MODES * STEP,   /* (k): decay of the synaptic state */
    SYN_INH = SYN_EXC + STEP,
    JUMP_EXC = SYN_INH + STEP,            /* (k): an event k cycles before the end of a step, referred to its start */
    JUMP_INH = JUMP_EXC + STEP,
    LATE_EXC = JUMP_INH + STEP,           /* (k): volts that this reference gives too much */
    LATE_INH = LATE_EXC + STEP,
    REST = LATE_INH + STEP,               /* (mode): membrane without synaptic input */
    SHIFT = REST + MODES,                 /* (mode): volts of REST per unit of run-to-run offset */
    NOISE = SHIFT + MODES,                /* volts per step and unit normal */
    START,                                /* volts per unit normal at the start */
    ORIGIN,                               /* volts above REST at the start */
    THRESHOLD,                            /* that a step compares with */
    LATENCY,                              /* comparator, cycles */
    CROSSING,                             /* the threshold itself, where it is compared elsewhere */
    LINE_EXC,                             /* volts of the readout per unit of synaptic state */
    LINE_INH,
    TERMS,                                /* from here on only for neurons of a kind beyond plain */
    DECAY_HALF = TERMS,                   /* (mode, k): as DECAY, DRIVE and SYN, over k half cycles */
    DRIVE_HALF_EXC = DECAY_HALF + MODES * STEP,
    DRIVE_HALF_INH = DRIVE_HALF_EXC + MODES * STEP,
    SYN_HALF_EXC = DRIVE_HALF_INH + MODES * STEP,
    SYN_HALF_INH = SYN_HALF_EXC + STEP,
    CHARGE_EXC = SYN_HALF_INH + STEP,     /* (k): conductance over capacitance times k cycles, per unit of synaptic state */
    CHARGE_INH = CHARGE_EXC + STEP,
    IS_COBA = CHARGE_INH + STEP,          /* (input): 1 where it is conductance based; its LATE is then a charge */
    REVERSAL = IS_COBA + 2,               /* (input): volts */
    ADAPT_DECAY = REVERSAL + 2,           /* (k): over k half cycles */
    ADAPT_GAIN = ADAPT_DECAY + STEP,
    ADAPT_BASE,                           /* where the adaptation voltage goes with the membrane at 0 V */
    ADAPT_PULSE,                          /* volts that a pulse adds to this */
    ADAPT_REF,
    ADAPT_PULL,                           /* (mode): volts of REST per volt of adaptation */
    EXP_RATE = ADAPT_PULL + MODES,        /* (k): k cycles times current over Delta at EXP_START */
    EXP_START = EXP_RATE + STEP,
    EXP_SHARPNESS,
    EXP_DELTA,
    EXP_TOP,                              /* in units of Delta above EXP_START, where the current ends */
    EXP_LIMIT,
    EXP_DOUBLINGS,                        /* powers of two per volt */
    EXP_OFFSET,                           /* powers of two at 0 V, those of EXP_RATE over a step included */
    EXP_STEEP,                            /* powers of two beyond which a step is taken with care, the same for all */
    TABLES
};

/* Kind of a neuron, bits; GROUPS of kinds lie one after the other and each has a loop of its own. */
enum { KIND_ADAPT = 1, KIND_COBA = 2, KIND_EXP = 4, KIND_JOINED = 8 };
enum { PLAIN, ADAPTING, REVERSING, EXPONENTIAL, REVERSING_EXPONENTIAL, SHARED, JOINED, GROUPS };

enum { PURPOSE_MEMBRANE = 1u << 16, PURPOSE_START = 2u << 16, PURPOSE_CADC = 3u << 16 };

typedef struct {
    int count;                   /* recorded neurons, 0: hemisphere is not sampled */
    const int32_t *index;        /* [count] into the active neurons */
    const uint32_t *neuron;      /* [count] n on the chip, keys the noise */
    const float *gain, *offset;  /* [count] code = gain * V + offset */
    float noise;                 /* LSB */
    const int64_t *times;        /* [samples] cycles, all batch entries */
    const int64_t *batch_offsets;
    const int64_t *first;        /* [batch] number of the first sample since sampling started, keys the noise */
    uint8_t *values;             /* [samples][count] */
} bss2_cadc;

/* What holds from one write of registers to the next; the plans of a run lie one behind the other. */
typedef struct {
    int64_t runtime;             /* cycles */
    int64_t to;                  /* step before which this plan holds; of the last one the number of steps */
    const int32_t *own;          /* [neurons] where each was under the plan before; NULL in the first plan */
    const int32_t *led;          /* [neurons] where what led its membrane was, -1: it leads none */
    int neurons, width;          /* active, and padded to whole vectors */
    int saturating;              /* synaptic inputs saturate */
    int noisy;                   /* membrane noise is on */
    double rail_low, rail_high;  /* volts */
    const void *tables;          /* REAL [TABLES][width] */
    const void *exc, *inh;       /* REAL [rows][width]: synaptic state added by an event: actions, then single drivers */
    const int32_t *spans;        /* [rows][4]: neurons reached, exc from, to, inh from, to */
    const uint32_t *neuron;      /* [width] n on the chip */
    const int32_t *reset_cycles, *refractory_cycles; /* [width] */
    bss2_delivery delivery;
    bss2_key key;
    uint32_t run;
    int (*interrupted)(volatile int *stop); /* look whether Ctrl-C was pressed, then set `stop` */
    volatile int *stop;          /* of the whole batch */
    const int32_t *group;        /* [GROUPS + 1]: first neuron of each group */
    const int8_t *kind;          /* [width] */
    const int8_t *source;        /* [width] what is read out: 0 membrane, 1, 2 synaptic inputs, 3 adaptation */
    const int32_t *pulse_cycles; /* [width] length of an adaptation pulse, 0 without one */
    const int32_t *unit_end;     /* [width] of the circuit that leads a membrane: one past the last one on it */
    int bypasses;                /* inputs that fire their neuron at once, with the tables of such */
    const int32_t *bypass;       /* [bypasses] 2 * neuron + (0 excitatory, 1 inhibitory) */
    int sourced;                 /* something else than membranes is read out */
    double line_rest;            /* volts of a synaptic line without input, as it is read out */
    int coupled;                 /* logical neurons with conductances between compartments */
    const int32_t *coupled_offsets, *coupled_leads, *coupled_squares; /* [coupled + 1], circuits that lead, of matrices */
    const void *coupled_matrix;  /* REAL: each compartment after half a step of exchange */
    bss2_cadc cadc[2];
    int trace_index;             /* active neuron whose membrane is kept for the MADC, -1 none */
    void *trace;                 /* REAL [batch][steps + 1] */
} bss2_plan;

#endif
