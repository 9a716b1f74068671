/* What one spiking run is told: see spiking.py, which fills it. */
#ifndef BSS2_PLAN_H
#define BSS2_PLAN_H

#include "noise/coarse.h"
#include "neurons/vectors.h"
#include "events/transport.h"

enum {
    STEP = 8,             /* cycles */
    NOISE_STEPS = 8,      /* steps that share a normal number */
    SLOW_STEPS = 512,     /* steps between those of leak potentials (wander.h) */
    SLOW_PARTS = 3,
    RUNS = 4,             /* that have a part of the offset of leak potentials in common */
    LANES = 16,           /* arrays over neurons are padded to multiples */
    MOST = 512,           /* neurons of the chip */
    ADDITIONS = 4,        /* rows of synapses that the pass over neurons adds on its way */
    WHEEL = 64,           /* steps ahead for which it is known who is looked at then: a usual refractory period and more */
    ASKING_STEPS = 1 << 16, /* steps of a batch between two looks at signals, some 10 ms of computing */
    ROOM = MOST + LANES,  /* arrays one behind the other: a power of two apart they would fall into the same places of the cache */
};

/* Rows of the table of neuron constants, the only list of them: their names and how many they are. A row of k has entries for
 * 1..STEP cycles, a row of (mode, k) for both modes, free and in reset. */
enum { MODES = 2 };
#define BSS2_ROWS(ROW)                                                                                                   \
    ROW(DECAY, MODES * STEP)          /* (mode, k): membrane */                                                          \
    ROW(DRIVE_EXC, MODES * STEP)      /* (mode, k): volts per unit of synaptic state after k cycles */                   \
    ROW(DRIVE_INH, MODES * STEP)                                                                                         \
    ROW(SYN_EXC, STEP)                /* (k): decay of the synaptic state */                                             \
    ROW(SYN_INH, STEP)                                                                                                   \
    ROW(JUMP_EXC, STEP)               /* (k): an event k cycles before the end of a step, referred to its start */       \
    ROW(JUMP_INH, STEP)                                                                                                  \
    ROW(LATE_EXC, STEP)               /* (k): volts that this reference gives too much */                                \
    ROW(LATE_INH, STEP)                                                                                                  \
    ROW(REST, MODES)                  /* (mode): membrane without synaptic input */                                      \
    ROW(SHIFT, MODES)                 /* (mode): volts of REST per volt that the leak potential is off */               \
    ROW(NOISE, 1)                     /* volts per step and unit normal */                                               \
    ROW(START, 1)                     /* volts per unit normal at the start */                                           \
    ROW(ORIGIN, 1)                    /* volts above REST at the start */                                                \
    ROW(THRESHOLD, 1)                 /* that a step compares with */                                                    \
    ROW(LATENCY, 1)                   /* comparator, cycles */                                                           \
    ROW(CROSSING, 1)                  /* the threshold itself, where it is compared elsewhere */                         \
    ROW(LINE_EXC, 1)                  /* volts of the readout per unit of synaptic state */                              \
    ROW(LINE_INH, 1)                                                                                                     \
    ROW(TERMS, 0)                     /* from here on only for neurons of a kind beyond plain */                         \
    ROW(DECAY_HALF, MODES * STEP)     /* (mode, k): as DECAY, DRIVE and SYN, over k half cycles */                       \
    ROW(DRIVE_HALF_EXC, MODES * STEP)                                                                                    \
    ROW(DRIVE_HALF_INH, MODES * STEP)                                                                                    \
    ROW(SYN_HALF_EXC, STEP)                                                                                              \
    ROW(SYN_HALF_INH, STEP)                                                                                              \
    ROW(CHARGE_EXC, STEP)             /* (k): conductance over capacitance times k cycles, per unit of synaptic state */ \
    ROW(CHARGE_INH, STEP)                                                                                                \
    ROW(IS_COBA, 2)                   /* (input): 1 where it is conductance based; its LATE is then a charge */          \
    ROW(REVERSAL, 2)                  /* (input): volts */                                                               \
    ROW(ADAPT_DECAY, STEP)            /* (k): over k half cycles */                                                      \
    ROW(ADAPT_LAG, MODES * STEP)      /* (mode, k): what ends of k cycles miss of the membrane in between (terms.h) */     \
    ROW(ADAPT_GAIN, 1)                                                                                                   \
    ROW(ADAPT_BASE, 1)                /* where the adaptation voltage goes with the membrane at 0 V */                   \
    ROW(ADAPT_PULSE, 1)               /* volts that a pulse adds to this */                                              \
    ROW(ADAPT_REF, 1)                                                                                                    \
    ROW(ADAPT_PULL, MODES)            /* (mode): volts of REST per volt of adaptation */                                 \
    ROW(EXP_RATE, STEP)               /* (k): k cycles times current over Delta at EXP_START */                          \
    ROW(EXP_START, 1)                                                                                                    \
    ROW(EXP_SHARPNESS, 1)                                                                                                \
    ROW(EXP_DELTA, 1)                                                                                                    \
    ROW(EXP_TOP, 1)                   /* in units of Delta above EXP_START, where the current ends */                    \
    ROW(EXP_LIMIT, 1)                                                                                                    \
    ROW(EXP_DOUBLINGS, 1)             /* powers of two per volt */                                                       \
    ROW(EXP_OFFSET, 1)                /* powers of two at 0 V, those of EXP_RATE over a step included */                 \
    ROW(EXP_STEEP, 1)                 /* powers of two beyond which a step is taken with care, the same for all */

#define BSS2_NUMBER(NAME, COUNT) NAME, LAST_##NAME = NAME + (COUNT) - 1,
enum { BSS2_ROWS(BSS2_NUMBER) TABLES };
#undef BSS2_NUMBER

/* Kind of a neuron, bits; GROUPS of kinds lie one after the other and each has a loop of its own. */
enum { KIND_ADAPT = 1, KIND_COBA = 2, KIND_EXP = 4, KIND_JOINED = 8 };
enum { PLAIN, ADAPTING, REVERSING, EXPONENTIAL, REVERSING_EXPONENTIAL, SHARED, JOINED, GROUPS };

/* What Python has to know of this file, by name. */
typedef struct {
    const char *name;
    int value;
} bss2_place;

#define BSS2_PLACE(NAME) {#NAME, NAME},
#define BSS2_ROW_PLACE(NAME, COUNT) BSS2_PLACE(NAME)
static const bss2_place bss2_layout[] = {
    BSS2_ROWS(BSS2_ROW_PLACE) BSS2_PLACE(TABLES) BSS2_PLACE(STEP) BSS2_PLACE(ON_CHIP_LATENCY) BSS2_PLACE(NOISE_STEPS) BSS2_PLACE(SLOW_STEPS)
    BSS2_PLACE(LANES) BSS2_PLACE(STP_POWERS) BSS2_PLACE(QUEUE_ROOM) BSS2_PLACE(KIND_ADAPT) BSS2_PLACE(KIND_COBA)
    BSS2_PLACE(KIND_EXP) BSS2_PLACE(KIND_JOINED)
};
#undef BSS2_PLACE
#undef BSS2_ROW_PLACE
enum { BSS2_PLACES = sizeof bss2_layout / sizeof bss2_layout[0] };

enum { PURPOSE_MEMBRANE = 1u << 16, PURPOSE_START = 2u << 16, PURPOSE_CADC = 3u << 16,
       PURPOSE_SLOW = 16u << 16 /* and the next, one for each part */ };

typedef struct {
    int count;                   /* recorded neurons, 0: hemisphere is not sampled */
    const int32_t *index;        /* [count] into the active neurons */
    int in_line;                 /* each is the one behind the one before */
    const uint32_t *neuron;      /* [count + 1] n on the chip, keys the noise; the last one that of all columns */
    const float *gain, *offset;  /* [count] code = gain * V + offset */
    float noise, common;         /* LSB: of a column, of all columns of a read */
    float settling;              /* share of the last sample's volts that is left */
    const int64_t *times;        /* [samples] cycles, all batch entries */
    const int64_t *batch_offsets;
    const int64_t *first;        /* [batch] number of the first sample since sampling started, keys the noise */
    uint8_t *values;             /* [samples][count] */
} bss2_cadc;

/* What one neuron has that is followed alone: all in one line of the cache. */
typedef struct {
    int64_t next, fired;         /* when the phase changes; the last spike */
    int64_t pulse_end;           /* of the adaptation, INT64_MAX without one */
    int32_t reset_cycles, refractory_cycles, pulse_cycles, end; /* as in the plan; `end` is unit_end */
    int32_t before, after;       /* its neighbours in the list where it is, -1 none */
    int16_t list;                /* of the wheel, -1: it is in none */
    int8_t phase, kind;
    uint8_t due;                 /* bit for each cycle of this step at which an input will fire it */
    uint8_t unused[11];          /* to the end of the line */
} bss2_cell;

/* What holds from one write of registers to the next; the plans of a run lie one behind the other. */
typedef struct {
    int64_t runtime;             /* cycles */
    int64_t to;                  /* step before which this plan holds; of the last one the number of steps */
    const int32_t *own;          /* [neurons] where each was under the plan before; NULL in the first plan */
    const int32_t *led;          /* [neurons] where what led its membrane was, -1: it leads none */
    int neurons, width;          /* active, and padded to whole vectors */
    int saturating;              /* low membranes take current from inhibitory inputs */
    double compliance;           /* volts above the lower rail from which on they do not */
    int noisy;                   /* membranes have noise, or leak potentials wander */
    double wander[4];            /* volts rms: of an entry, of a run, of a few runs, of a part during the run */
    double rail_low, rail_high;  /* volts */
    const void *tables;          /* REAL [TABLES][width] */
    const void *columns;         /* REAL [width][TABLES], the same for who follows one neuron */
    size_t apart;                /* numbers from one neuron to the next there; 0: all have the same, which stand there once */
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
