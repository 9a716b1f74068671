"""Correlation sensors: rows and batch entries in parallel (see correlation.h)."""

from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from bss2_emulator._kernels.noise cimport bss2_key


cdef extern from "correlation.h" nogil:
    enum:
        NOT_SEEN_C "NOT_SEEN"
    void bss2_correlate(const int64_t *, const int32_t *, int64_t, const int64_t *, const int32_t *, int64_t,
                        const uint8_t *, const uint8_t *, const float *, const float *, int, int64_t, bss2_key,
                        uint32_t, uint32_t, uint32_t, float, uint8_t *)


NOT_SEEN = NOT_SEEN_C


def correlate(
    const int64_t[::1] event_times, const int32_t[::1] actions, const int64_t[::1] event_offsets,
    const int64_t[::1] spike_times, const int32_t[::1] neurons, const int64_t[::1] spike_offsets,
    const uint8_t[:, ::1] seen, const uint8_t[:, ::1] label, const float[:, :, ::1] amplitude,
    const float[:, :, ::1] rate, const int32_t[::1] hemisphere, int64_t reset, float noise, uint64_t key,
    const uint32_t[::1] streams, uint32_t run, uint32_t first_entry, uint8_t[:, :, :, ::1] codes, int threads,
):
    """Write what the sensors of each row show to ``codes``; ``noise``: LSB rms, of a stream for each row."""
    cdef Py_ssize_t i, b, r, rows = seen.shape[0], count = codes.shape[0] * seen.shape[0]
    cdef const int64_t *pre = &event_times[0] if event_times.shape[0] else NULL
    cdef const int32_t *action = &actions[0] if actions.shape[0] else NULL
    cdef const int64_t *post = &spike_times[0] if spike_times.shape[0] else NULL
    cdef const int32_t *neuron = &neurons[0] if neurons.shape[0] else NULL
    cdef bss2_key k
    k.low, k.high = <uint32_t>key, <uint32_t>(key >> 32)
    for i in prange(count, nogil=True, schedule="dynamic", num_threads=threads):
        b = i // rows
        r = i % rows
        bss2_correlate(
            pre + event_offsets[b], action + event_offsets[b], event_offsets[b + 1] - event_offsets[b],
            post + spike_offsets[b], neuron + spike_offsets[b], spike_offsets[b + 1] - spike_offsets[b],
            &seen[r, 0], &label[r, 0], &amplitude[r, 0, 0], &rate[r, 0, 0], hemisphere[r], reset, k,
            streams[r], first_entry + <uint32_t>b, run, noise, &codes[b, r, 0, 0])
