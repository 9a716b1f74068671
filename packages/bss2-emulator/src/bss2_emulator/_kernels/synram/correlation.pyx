"""Correlation sensors: rows and batch entries in parallel (see correlation.h)."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from bss2_emulator._kernels.noise.normals cimport bss2_key
from bss2_emulator._kernels.native.pool cimport parallel_for


cdef extern from "synram/correlation.h" nogil:
    enum:
        NOT_SEEN_C "NOT_SEEN"
        COLUMNS
    void bss2_correlate(const int64_t *, const int32_t *, int64_t, const int64_t *, const int32_t *, int64_t,
                        const uint8_t *, const uint8_t *, const float *, const float *, int, int64_t, bss2_key,
                        uint32_t, uint32_t, uint32_t, float, uint8_t *)


NOT_SEEN = NOT_SEEN_C


cdef struct Sensors:
    const int64_t *pre
    const int32_t *action
    const int64_t *event_offsets
    const int64_t *post
    const int32_t *neuron
    const int64_t *spike_offsets
    const uint8_t *seen
    const uint8_t *label
    const float *amplitude
    const float *rate
    int64_t rows, actions, columns, size  # size: codes of a row
    const int32_t *hemisphere
    int64_t reset
    float noise
    bss2_key key
    const uint32_t *streams
    uint32_t run, first_entry
    uint8_t *codes


cdef int64_t one_row(void *context, int64_t i, int slot) noexcept nogil:
    cdef Sensors *s = <Sensors *>context
    cdef int64_t b = i // s.rows, r = i % s.rows, event = s.event_offsets[b], spike = s.spike_offsets[b]
    bss2_correlate(
        s.pre + event, s.action + event, s.event_offsets[b + 1] - event,
        s.post + spike, s.neuron + spike, s.spike_offsets[b + 1] - spike,
        s.seen + r * s.actions, s.label + r * COLUMNS, s.amplitude + r * 2 * COLUMNS, s.rate + r * 2 * COLUMNS,
        s.hemisphere[r], s.reset, s.key, s.streams[r], s.first_entry + <uint32_t>b, s.run, s.noise,
        s.codes + i * 2 * COLUMNS)
    return 0


cdef int check_events(const int64_t[::1] offsets, int64_t times, const int32_t[::1] numbers, int64_t batch,
                      int64_t limit) except -1:
    """Refuse events that are not those of all entries, and numbers of what there is not."""
    cdef int64_t b
    cdef int beyond = 0
    cdef bint legal = times == numbers.shape[0] and offsets.shape[0] == batch + 1
    legal = legal and offsets[0] >= 0 and offsets[batch] <= times
    for b in range(batch if legal else 0):
        legal = legal and offsets[b] <= offsets[b + 1]
    if not legal:
        raise ValueError(f"offsets: got others than {batch + 1} that rise from 0 to {times}, one number for each time")
    for b in range(times):
        beyond |= (numbers[b] < 0) | (numbers[b] >= limit)
    if beyond:
        raise ValueError(f"events: got some of what there is not, wanted numbers from 0 to {limit - 1}")
    return 0


def correlate(
    const int64_t[::1] event_times, const int32_t[::1] actions, const int64_t[::1] event_offsets,
    const int64_t[::1] spike_times, const int32_t[::1] neurons, const int64_t[::1] spike_offsets,
    const uint8_t[:, ::1] seen, const uint8_t[:, ::1] label, const float[:, :, ::1] amplitude,
    const float[:, :, ::1] rate, const int32_t[::1] hemisphere, int64_t reset, float noise, uint64_t key,
    const uint32_t[::1] streams, uint32_t run, uint32_t first_entry, uint8_t[:, :, :, ::1] codes, int threads,
):
    """Write what the sensors of each row show to ``codes``; ``noise``: LSB rms, of a stream for each row."""
    cdef Sensors s
    cdef int64_t count = codes.shape[0] * seen.shape[0]
    cdef int64_t rows = seen.shape[0]
    if (label.shape[0] != rows or amplitude.shape[0] != rows or rate.shape[0] != rows or hemisphere.shape[0] != rows
            or streams.shape[0] != rows or codes.shape[1] != rows or codes.shape[2] != 256
            or codes.shape[3] != 2 or label.shape[1] != 256
            or amplitude.shape[1] != 2 or rate.shape[1] != 2 or amplitude.shape[2] != 256 or rate.shape[2] != 256):
        raise ValueError("rows: got other sizes of seen, label, amplitude, rate, hemisphere, streams and codes")
    check_events(event_offsets, event_times.shape[0], actions, codes.shape[0], seen.shape[1])
    check_events(spike_offsets, spike_times.shape[0], neurons, codes.shape[0], 512)
    if count == 0:
        return
    s.pre = &event_times[0] if event_times.shape[0] else NULL
    s.action = &actions[0] if actions.shape[0] else NULL
    s.post = &spike_times[0] if spike_times.shape[0] else NULL
    s.neuron = &neurons[0] if neurons.shape[0] else NULL
    s.event_offsets, s.spike_offsets = &event_offsets[0], &spike_offsets[0]
    s.seen, s.label, s.rows, s.actions = &seen[0, 0], &label[0, 0], seen.shape[0], seen.shape[1]
    s.amplitude, s.rate, s.hemisphere, s.streams = &amplitude[0, 0, 0], &rate[0, 0, 0], &hemisphere[0], &streams[0]
    s.reset, s.noise, s.run, s.first_entry = reset, noise, run, first_entry
    s.key.low, s.key.high, s.codes = <uint32_t>key, <uint32_t>(key >> 32), &codes[0, 0, 0, 0]
    with nogil:
        parallel_for(count, threads, one_row, NULL, &s)
