/* Correlation sensors of one synapse row during one batch entry (twin: reference/correlation.py). */
#ifndef BSS2_CORRELATION_H
#define BSS2_CORRELATION_H

#include "noise/stream.h"

enum { COLUMNS = 256, CAUSAL = 0, ACAUSAL = 1, NOT_SEEN = 255 };

/* exp(-x) for x >= 0, within 3e-7; the bytes do not depend on a math library. */
BSS2_INLINE float bss2_fall(float x) {
    float y = x * 1.44269504f;
    y = y > 120.0f ? 120.0f : y;
    const int32_t whole = (int32_t)y;
    const float f = y - (float)whole;
    float p = 0.000109387525f; /* 2 ** -f, Chebyshev fit */
    p = p * f - 0.00127571623f; p = p * f + 0.00958005805f; p = p * f - 0.0554910339f;
    p = p * f + 0.240224361f; p = p * f - 0.693147063f; p = p * f + 1.0f;
    const int32_t bits = (127 - whole) << 23;
    float scale;
    memcpy(&scale, &bits, 4);
    return p * scale;
}

/* Cycles since `last` as a number that is exact as long as it matters. */
BSS2_INLINE float bss2_gone(uint32_t now, uint32_t last) {
    const uint32_t gone = now - last;
    return (float)(int32_t)(gone > 0x3FFFFFFFu ? 0x3FFFFFFFu : gone);
}

BSS2_INLINE float bss2_charge(float code, float added) {
    code += added;
    return code > 255.0f ? 255.0f : code;
}

typedef struct {
    float code[2][COLUMNS], fired[COLUMNS], arrived[COLUMNS]; /* whether there was a last spike, a last event */
    uint32_t spike[COLUMNS], event[COLUMNS];                  /* its cycle */
} bss2_sensors;

/* An event reaches all synapses of its label. */
BSS2_INLINE void bss2_sense_event(bss2_sensors *s, uint32_t time, uint8_t wanted, const uint8_t *BSS2_RESTRICT label,
                                  const float *BSS2_RESTRICT amplitude, const float *BSS2_RESTRICT rate) {
    BSS2_VECTOR
    for (int c = 0; c < COLUMNS; c++) {
        const int hit = (int32_t)label[c] == (int32_t)wanted;
        const float added = amplitude[c] * s->fired[c] * bss2_fall(bss2_gone(time, s->spike[c]) * rate[c]);
        s->code[ACAUSAL][c] = bss2_charge(s->code[ACAUSAL][c], hit ? added : 0.0f);
        s->event[c] = hit ? time : s->event[c];
        s->arrived[c] = hit ? 1.0f : s->arrived[c];
    }
}

/* `amplitude` and `rate` are [2][COLUMNS]; `seen` is the label of each action at this row. They are read with a noise of
 * `lsb` rms, keyed by a stream of this row, by the batch entry and by the run. */
BSS2_INLINE void bss2_correlate_row(const int64_t *event_times, const int32_t *actions, int64_t events,
                                    const int64_t *spike_times, const int32_t *neurons, int64_t spikes, const uint8_t *seen,
                                    const uint8_t *label, const float *amplitude, const float *rate, int hemisphere,
                                    int64_t reset, bss2_key key, uint32_t stream, uint32_t entry, uint32_t run, float lsb,
                                    uint8_t *out) {
    bss2_sensors sensors, *s = &sensors;
    memset(s, 0, sizeof(*s));
    int64_t e = 0, k = 0;
    while (e < events && event_times[e] < reset) e++;
    while (k < spikes && spike_times[k] < reset) k++;
    while (e < events || k < spikes) {
        if (e < events && (k == spikes || event_times[e] <= spike_times[k])) {
            const uint8_t wanted = seen[actions[e]];
            if (wanted != NOT_SEEN)
                bss2_sense_event(s, (uint32_t)event_times[e], wanted, label, amplitude + COLUMNS, rate + COLUMNS);
            e++;
            continue;
        }
        const int32_t c = neurons[k] % COLUMNS;
        if (neurons[k] / COLUMNS == hemisphere) {
            const uint32_t time = (uint32_t)spike_times[k];
            const float added = amplitude[c] * s->arrived[c] * bss2_fall(bss2_gone(time, s->event[c]) * rate[c]);
            s->code[CAUSAL][c] = bss2_charge(s->code[CAUSAL][c], added);
            s->spike[c] = time;
            s->fired[c] = 1.0f;
        }
        k++;
    }
    float normal[2 * COLUMNS] = {0};
    if (lsb != 0.0f) bss2_fill_normals(key, 0, stream, entry, run, normal, 2 * COLUMNS);
    for (int c = 0; c < COLUMNS; c++)
        for (int i = 0; i < 2; i++) {
            float code = s->code[i][c] + lsb * normal[2 * c + i];
            code = code < 0.0f ? 0.0f : code;
            code = code > 255.0f ? 255.0f : code;
            out[2 * c + i] = (uint8_t)(int32_t)(code + 0.5f);
        }
}

BSS2_DISPATCH(bss2_correlate,
              (const int64_t *event_times, const int32_t *actions, int64_t events, const int64_t *spike_times,
               const int32_t *neurons, int64_t spikes, const uint8_t *seen, const uint8_t *label, const float *amplitude,
               const float *rate, int hemisphere, int64_t reset, bss2_key key, uint32_t stream, uint32_t entry, uint32_t run,
               float lsb, uint8_t *out),
              (event_times, actions, events, spike_times, neurons, spikes, seen, label, amplitude, rate, hemisphere, reset,
               key, stream, entry, run, lsb, out),
              bss2_correlate_row(event_times, actions, events, spike_times, neurons, spikes, seen, label, amplitude, rate,
                                 hemisphere, reset, key, stream, entry, run, lsb, out))

#endif
