/* What one spiking run is told: see spiking.py, which fills it. */
#ifndef BSS2_PLAN_H
#define BSS2_PLAN_H

#include "noise.h"
#include "transport.h"

enum {
    STEP = 8,             /* cycles */
    NOISE_STEPS = 4,      /* steps that share a normal number */
    LANES = 16,           /* arrays over neurons are padded to multiples */
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
    THRESHOLD,
    LATENCY,                              /* comparator, cycles */
    TABLES
};

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

typedef struct {
    int64_t runtime;             /* cycles */
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
    bss2_cadc cadc[2];
    int trace_index;             /* active neuron whose membrane is kept for the MADC, -1 none */
    void *trace;                 /* REAL [batch][steps + 1] */
} bss2_plan;

#endif
