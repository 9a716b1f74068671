"""Leaky integrate-and-fire neurons: all batch entries of a run in parallel (see plan.h, entry.h)."""

from typing import NamedTuple

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy
from bss2_emulator._kernels.native.pool cimport parallel_for
from bss2_emulator._kernels.spiking.plan cimport (
    NO_ROOM, STEP, Plan, Samples, bss2_list, bss2_outcome, bss2_plan, is_batch,
)
from bss2_emulator.errors import EngineError
from bss2_emulator.seam import need


cdef extern from *:
    """
    #include "spiking/plan.h"
    #define REAL float
    #define NAME(x) x##_single
    #include "spiking/entry.h"
    #undef REAL
    #undef NAME
    #define REAL double
    #define NAME(x) x##_double
    #include "spiking/entry.h"
    """


cdef extern from * nogil:
    int run_entry_single(const bss2_plan *, int64_t, uint32_t, bss2_outcome *)
    int run_entry_double(const bss2_plan *, int64_t, uint32_t, bss2_outcome *)


Listed = tuple[np.ndarray, np.ndarray, np.ndarray]


class Outcome(NamedTuple):
    """What the entries of a batch left behind.

    Lists of events are (times, numbers, offsets), by time in each entry: ``fired`` all spikes, as neurons n;
    ``sent`` those that come over the link, as routes counted from that of the first active neuron, by n; ``back``
    other events that come over the link, as routes; ``passed`` events at synapses, as actions. Counters:
    ``delivered`` and ``dropped`` by crossbar input (20,), ``through`` by crossbar output (12,), ``link_dropped`` by
    channel, towards the chip and back (8,), ``generated`` by background source (8,), each of all entries.
    """

    fired: Listed
    sent: Listed
    back: Listed
    passed: Listed
    delivered: np.ndarray
    dropped: np.ndarray
    through: np.ndarray
    link_dropped: np.ndarray
    generated: np.ndarray


def run_batch(
    Plan plan not None, uint64_t key, uint32_t run, uint32_t first_entry, const int64_t[::1] event_times,
    const uint16_t[::1] event_labels, const int64_t[::1] event_offsets, Samples top, Samples bottom, trace, int threads,
):
    """Run all entries of a batch of events.

    ``top`` and ``bottom``: what the column ADCs write to, or None; ``trace``: the same for the membrane ADC.
    """
    cdef Py_ssize_t batch = event_offsets.shape[0] - 1, i
    cdef volatile int stop = 0
    cdef float[:, ::1] single
    cdef double[:, ::1] double_
    cdef void *traced = NULL
    cdef bss2_plan *one
    cdef Py_ssize_t events = event_times.shape[0]
    if batch < 1 or not is_batch(event_offsets, batch, events) or event_labels.shape[0] != events:
        need(False, "events whose offsets do not rise from 0 to the number of times and labels")
    if trace is not None:
        need(trace.shape == (batch, (plan.plans[0].runtime + STEP - 1) // STEP + 1), "no room for a trace")
        if plan.single:
            single = trace
            traced = &single[0, 0]
        else:
            double_ = trace
            traced = &double_[0, 0]
    cdef bss2_plan *plans = <bss2_plan *>malloc(plan.count * sizeof(bss2_plan))
    if plans == NULL:
        raise MemoryError
    threads = min(threads, <int>min(batch, 1 << 20))  # no more than there is work for
    try:
        memcpy(plans, plan.plans, plan.count * sizeof(bss2_plan))
        for i in range(plan.count):
            one = &plans[i]
            one.delivery.event_times = &event_times[0] if event_times.shape[0] else NULL
            one.delivery.event_labels = &event_labels[0] if event_labels.shape[0] else NULL
            one.delivery.event_offsets = &event_offsets[0]
            if (one.cadc[0].count and top is None) or (one.cadc[1].count and bottom is None):
                need(False, "no room for samples")
            if top is not None:
                top.fill(&one.cadc[0], batch)
            if bottom is not None:
                bottom.fill(&one.cadc[1], batch)
            if one.trace_index >= 0 and traced == NULL:
                need(False, "no room for a trace")
            one.trace = traced if one.trace_index >= 0 else NULL
            one.key.low, one.key.high, one.run = <uint32_t>key, <uint32_t>(key >> 32), run
            one.interrupted, one.stop = interrupted, &stop
        return run_entries(plans, batch, plan.single, first_entry, threads)
    finally:
        free(plans)


cdef extern from "Python.h":
    int PyErr_CheckSignals() noexcept  # which leaves the exception of a handler to whoever asks


cdef int interrupted(volatile int *stop) noexcept with gil:
    """Run the handlers of signals that came; only the main thread of Python does anything here."""
    if not stop[0] and PyErr_CheckSignals():
        stop[0] = 1
    return stop[0]


cdef int raise_pending() except -1:
    return -1


cdef struct Entries:
    const bss2_plan *plans
    uint32_t first
    bss2_outcome *out


cdef int64_t counted(int why) noexcept nogil:
    """One failure as a number that adds up over entries: all of them below bit 32, those without room from there on."""
    return (why != 0) + (<int64_t>(why == NO_ROOM) << 32)


cdef int64_t one_single(void *context, int64_t b, int slot) noexcept nogil:
    cdef Entries *entries = <Entries *>context
    return counted(run_entry_single(entries.plans, b, entries.first + <uint32_t>b, &entries.out[b]))


cdef int64_t one_double(void *context, int64_t b, int slot) noexcept nogil:
    cdef Entries *entries = <Entries *>context
    return counted(run_entry_double(entries.plans, b, entries.first + <uint32_t>b, &entries.out[b]))


cdef void ask(void *context) noexcept nogil:
    interrupted((<Entries *>context).plans.stop)


cdef run_entries(const bss2_plan *plans, Py_ssize_t batch, bint single, uint32_t first_entry, int threads):
    cdef Py_ssize_t b
    cdef int64_t failures, failed, no_room
    cdef Entries entries
    cdef bss2_outcome *out = <bss2_outcome *>calloc(batch, sizeof(bss2_outcome))
    if out == NULL:
        raise MemoryError
    try:
        entries.plans, entries.first, entries.out = plans, first_entry, out
        with nogil:
            failures = parallel_for(batch, threads, one_single if single else one_double, ask, &entries)
        failed, no_room = failures & 0xFFFFFFFF, failures >> 32
        if plans.stop[0]:
            raise_pending()
        if no_room:
            raise EngineError(
                f"engine: got more in {no_room} of {batch} batch entries than its lists are made for, wanted what a chip "
                "can do; this is a fault of the emulator: please report it with the registers of the run")
        if failed:
            raise MemoryError(f"no memory for {failed} of {batch} batch entries")
        return Outcome(
            collect(&out[0].fired, batch), collect(&out[0].sent, batch), collect(&out[0].back, batch),
            collect(&out[0].passed, batch), count(out[0].delivered, 20, batch), count(out[0].dropped, 20, batch),
            count(out[0].through, 12, batch), count(out[0].link_dropped, 8, batch), count(out[0].generated, 8, batch))
    finally:
        for b in range(batch):
            release(&out[b].fired)
            release(&out[b].sent)
            release(&out[b].back)
            release(&out[b].passed)
        free(out)


cdef void release(bss2_list *events):
    free(events.times)
    free(events.numbers)


cdef bss2_list *of_entry(bss2_list *first, Py_ssize_t b):
    """The same list of another entry."""
    return <bss2_list *>(<char *>first + b * sizeof(bss2_outcome))


cdef collect(bss2_list *first, Py_ssize_t batch):
    """Join a list of all entries."""
    offsets = np.zeros(batch + 1, np.int64)
    cdef int64_t[::1] ends = offsets
    cdef Py_ssize_t b
    cdef bss2_list *events
    for b in range(batch):
        ends[b + 1] = ends[b] + <int64_t>of_entry(first, b).count
    times, numbers = np.empty(ends[batch], np.int64), np.empty(ends[batch], np.int32)
    cdef int64_t[::1] t = times
    cdef int32_t[::1] n = numbers
    for b in range(batch):
        events = of_entry(first, b)
        if events.count:
            memcpy(&t[ends[b]], events.times, events.count * sizeof(int64_t))
            memcpy(&n[ends[b]], events.numbers, events.count * sizeof(int32_t))
    return times, numbers, offsets


cdef count(int64_t *first, Py_ssize_t counters, Py_ssize_t batch):
    """Add up counters of all entries."""
    sums = np.zeros(counters, np.int64)
    cdef int64_t[::1] total = sums
    cdef const int64_t *of_one
    cdef Py_ssize_t b, i
    for b in range(batch):
        of_one = <const int64_t *>(<char *>first + b * sizeof(bss2_outcome))
        for i in range(counters):
            total[i] += of_one[i]
    return sums
