/* Short-term plasticity of a synapse driver: a voltage that each event moves and that recovers in between.
 *
 * Twin: reference/stp.py. The recovery is a product of powers, so that no math library decides about its last bit.
 */
#ifndef BSS2_STP_H
#define BSS2_STP_H

#include "native/portable.h"

enum { DRIVERS = 256, STP_POWERS = 32 };

/* What the registers of all drivers mean (plasticity.py); voltages in codes. */
typedef struct {
    const int32_t *part_offsets; /* [actions + 1] parts of an action: its drivers with plasticity, one each */
    const int32_t *part_driver;  /* [parts] */
    const double *zero, *slope;  /* [DRIVERS] amplitude = zero - slope * V, clipped to 0..1 */
    const double *utilization, *charge, *recover;
    const double *decay;         /* [DRIVERS][STP_POWERS] what is left of a deviation after 2**k cycles */
} bss2_stp;

typedef struct {
    double volts[DRIVERS];
    int64_t last[DRIVERS]; /* cycle of the last event */
} bss2_stp_state;

static void bss2_stp_start(const bss2_stp *stp, bss2_stp_state *state) {
    for (int d = 0; d < DRIVERS; d++) {
        state->volts[d] = stp->recover[d];
        state->last[d] = 0;
    }
}

/* The voltage of driver `d` at cycle `time`, recovered since its last event. */
BSS2_INLINE double bss2_stp_volts(const bss2_stp *stp, const bss2_stp_state *state, int d, int64_t time) {
    double deviation = state->volts[d] - stp->recover[d];
    uint32_t waited = (uint32_t)(time - state->last[d]);
    for (int k = 0; waited; k++, waited >>= 1)
        if (waited & 1u) deviation *= stp->decay[d * STP_POWERS + k];
    return stp->recover[d] + deviation;
}

/* Registers are written at cycle `time`: where these change the recovery, it goes on from here by the new law. */
static void bss2_stp_rewrite(const bss2_stp *before, const bss2_stp *stp, bss2_stp_state *state, int64_t time) {
    for (int d = 0; d < DRIVERS; d++) {
        if (before->recover[d] == stp->recover[d] && before->decay[d * STP_POWERS] == stp->decay[d * STP_POWERS]) continue;
        state->volts[d] = bss2_stp_volts(before, state, d, time);
        state->last[d] = time;
    }
}

/* The amplitude of an event of driver `d` at cycle `time`; moves its voltage. */
BSS2_INLINE double bss2_stp_event(const bss2_stp *stp, bss2_stp_state *state, int d, int64_t time) {
    const double volts = bss2_stp_volts(stp, state, d, time);
    double amplitude = stp->zero[d] - stp->slope[d] * volts;
    amplitude = amplitude < 0.0 ? 0.0 : amplitude;
    amplitude = amplitude > 1.0 ? 1.0 : amplitude;
    state->volts[d] = volts + stp->utilization[d] * (stp->charge[d] - volts);
    state->last[d] = time;
    return amplitude;
}

#endif
