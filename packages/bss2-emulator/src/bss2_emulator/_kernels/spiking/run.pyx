"""Leaky integrate-and-fire neurons: all batch entries of a run in parallel (see plan.h, entry.h)."""

from typing import NamedTuple

import numpy as np

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy
from bss2_emulator._kernels.native.pool cimport parallel_for
from bss2_emulator._kernels.spiking.plan cimport (
    BSS2_PLACES, BUSES, DRIVERS, GROUPS, LANES, MOST, NO_ROOM, QUEUE_ROOM, SOURCES, STEP, STP_POWERS, TABLES, bss2_cadc,
    bss2_delivery, bss2_layout, bss2_list, bss2_outcome, bss2_plan, bss2_route, bss2_source, bss2_stp,
)
from bss2_emulator.errors import EngineError
from bss2_emulator.seam import check_circuits, check_delivery, check_segment, inside, need


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


ctypedef fused real:
    float
    double


LAYOUT = {bss2_layout[i].name.decode().lower(): bss2_layout[i].value for i in range(BSS2_PLACES)}


cdef class Circuits:
    """How neurons are grouped by kind and joined (see plan.h), and what is read out of them."""

    cdef const int32_t[::1] group, pulse_cycles, unit_end, bypass, offsets, leads, squares
    cdef const int8_t[::1] kind, source
    cdef const float[::1] single
    cdef const double[::1] matrix
    cdef double line_rest

    def __init__(self, group, kind, source, pulse_cycles, unit_end, bypass, offsets, leads, squares, matrix,
                 double line_rest):
        check_circuits(GROUPS, group, (kind, source, pulse_cycles), unit_end, bypass, offsets, leads, squares, matrix)
        self.group, self.kind, self.source, self.pulse_cycles, self.unit_end = group, kind, source, pulse_cycles, unit_end
        self.bypass, self.offsets, self.leads, self.squares = bypass, offsets, leads, squares
        self.matrix, self.single, self.line_rest = matrix, matrix.astype(np.float32), line_rest

    cdef void fill(self, bss2_plan *out, bint single):
        cdef Py_ssize_t j
        out.group, out.kind, out.source, out.unit_end = &self.group[0], &self.kind[0], &self.source[0], &self.unit_end[0]
        out.pulse_cycles = &self.pulse_cycles[0]
        out.sourced, out.line_rest = 0, self.line_rest
        for j in range(self.source.shape[0]):
            out.sourced |= self.source[j]
        out.bypasses = <int>self.bypass.shape[0]
        out.bypass = &self.bypass[0] if out.bypasses else NULL
        out.coupled = <int>self.offsets.shape[0] - 1
        if out.coupled:
            out.coupled_offsets, out.coupled_leads, out.coupled_squares = &self.offsets[0], &self.leads[0], &self.squares[0]
            out.coupled_matrix = <const void *>&self.single[0] if single else <const void *>&self.matrix[0]


cdef class Readout:
    """Column ADC of one hemisphere under one set of registers: what it samples, and what codes voltages give."""

    cdef const int32_t[::1] index
    cdef const uint32_t[::1] neuron
    cdef const float[::1] gain, offset
    cdef float noise, common, settling
    cdef bint in_line

    def __init__(self, index, neuron, gain, offset, float noise, float common, float settling):
        need(len(index) == len(neuron) - 1 == len(gain) == len(offset) and inside(index, 0, MOST), "samples of nobody")
        self.index, self.neuron, self.gain, self.offset = index, neuron, gain, offset
        self.noise, self.common, self.settling = noise, common, settling
        self.in_line = len(index) > 0 and bool((np.diff(index) == 1).all())

    cdef void fill(self, bss2_cadc *out):
        out.count = <int>self.index.shape[0]
        if out.count:
            out.index, out.neuron, out.in_line = &self.index[0], &self.neuron[0], self.in_line
            out.gain, out.offset = &self.gain[0], &self.offset[0]
            out.noise, out.common, out.settling = self.noise, self.common, self.settling


cdef class Samples:
    """When the column ADC of one hemisphere samples in a run, and where the codes go (see bss2_cadc in plan.h)."""

    cdef const int64_t[::1] times, batch_offsets, first
    cdef uint8_t[:, ::1] values

    def __init__(self, times, batch_offsets, first, values):
        self.times, self.batch_offsets, self.first, self.values = times, batch_offsets, first, values

    cdef int fill(self, bss2_cadc *out, Py_ssize_t batch) except -1:
        """Point to the arrays if the registers have a readout here."""
        cdef Py_ssize_t count = self.times.shape[0], columns = self.values.shape[1]
        if not is_batch(self.batch_offsets, batch, count) or self.first.shape[0] != batch or self.values.shape[0] != count:
            need(False, "samples without room")
        if out.count and out.count != columns:
            need(False, "samples of other neurons")
        if not count:
            out.count = 0
        if out.count:
            out.times, out.batch_offsets, out.first = &self.times[0], &self.batch_offsets[0], &self.first[0]
            out.values = &self.values[0, 0]
        return 0


cdef bint is_batch(const int64_t[::1] offsets, Py_ssize_t batch, Py_ssize_t count) noexcept:
    """Tell whether offsets ascend from 0 to ``count``."""
    cdef Py_ssize_t b
    if offsets.shape[0] != batch + 1 or offsets[0] != 0 or offsets[batch] != count:
        return False
    for b in range(batch):
        if offsets[b + 1] < offsets[b]:
            return False
    return True


cdef class Delivery:
    """How events travel: routes, sources and plasticity of drivers (see transport.h)."""

    cdef const uint8_t[::1] routes, sources
    cdef const int32_t[::1] label_route, neuron_route, bus_cycles, part_offsets, part_driver
    cdef const int32_t[:, ::1] background_route
    cdef const double[:, ::1] drivers, decay
    cdef bss2_stp stp
    cdef bint loss, keep_passed
    cdef int actions, first_neuron, neuron_queue, event_queue, return_queue, link_labels

    def __init__(self, bint loss, bint keep_passed, queues, routes, int actions, int first_neuron, label_route, neuron_route,
                 background_route, bus_cycles, sources, part_offsets, part_driver, drivers, decay):
        self.loss, self.keep_passed, self.actions, self.first_neuron = loss, keep_passed, actions, first_neuron
        self.neuron_queue, self.event_queue, self.return_queue, self.link_labels = queues
        if max(self.neuron_queue, self.event_queue) > QUEUE_ROOM:
            raise ValueError(f"queues: got {queues}, wanted at most {QUEUE_ROOM} events at a crossbar input")
        check_delivery(routes, actions, neuron_route, (part_offsets, part_driver))
        need(len(label_route) == 1 << 16 and neuron_route.shape == (MOST,) and background_route.shape == (SOURCES, 256)
             and bus_cycles.shape == (BUSES,) and sources.shape == (SOURCES,) and drivers.shape == (5, DRIVERS)
             and decay.shape == (DRIVERS, STP_POWERS), "registers of another chip")
        self.routes, self.sources = routes.view(np.uint8), sources.view(np.uint8)
        self.label_route, self.neuron_route, self.background_route = label_route, neuron_route, background_route
        self.bus_cycles, self.part_offsets, self.part_driver = bus_cycles, part_offsets, part_driver
        self.drivers, self.decay = drivers, decay

    cdef void fill(self, bss2_delivery *out):
        out.loss, out.keep_passed, out.actions, out.first_neuron = self.loss, self.keep_passed, self.actions, self.first_neuron
        out.neuron_queue, out.event_queue = self.neuron_queue, self.event_queue
        out.return_queue, out.link_labels = self.return_queue, self.link_labels
        out.routes = <const bss2_route *>&self.routes[0] if self.routes.shape[0] else NULL
        out.label_route, out.neuron_route = &self.label_route[0], &self.neuron_route[0]
        out.background_route, out.bus_cycles = &self.background_route[0, 0], &self.bus_cycles[0]
        out.sources = <const bss2_source *>&self.sources[0]
        out.stp = NULL
        if self.part_driver.shape[0]:
            self.stp.part_offsets, self.stp.part_driver = &self.part_offsets[0], &self.part_driver[0]
            self.stp.zero, self.stp.slope, self.stp.utilization = &self.drivers[0, 0], &self.drivers[1, 0], &self.drivers[2, 0]
            self.stp.charge, self.stp.recover, self.stp.decay = &self.drivers[3, 0], &self.drivers[4, 0], &self.decay[0, 0]
            out.stp = &self.stp


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


class Segment(NamedTuple):
    """What holds from one write of registers to the next.

    ``start``: step from which it holds; ``active``: neurons n in their order, padded; ``own``, ``led``: where each was
    under the segment before, and where what led its membrane was (-1: it leads none), None in the first segment;
    ``trace_index``: place of the neuron whose membrane is kept, -1 none. All else as in plan.h.
    """

    start: int
    tables: np.ndarray
    exc: np.ndarray
    inh: np.ndarray
    spans: np.ndarray
    active: np.ndarray
    reset_cycles: np.ndarray
    refractory_cycles: np.ndarray
    circuits: Circuits
    delivery: Delivery
    top: object
    bottom: object
    trace_index: int
    own: object
    led: object


cdef fill(bss2_plan *plan, segment, const real[:, ::1] tables, const real[:, ::1] exc, const real[:, ::1] inh):
    """Point to the arrays of a segment, which the caller keeps alive."""
    cdef const int32_t[:, ::1] spans = segment.spans
    cdef const uint32_t[::1] neuron = segment.active
    cdef const int32_t[::1] reset_cycles = segment.reset_cycles, refractory_cycles = segment.refractory_cycles
    cdef const int32_t[::1] own, led
    cdef Circuits circuits = segment.circuits
    cdef Delivery delivery = segment.delivery
    cdef Readout top = segment.top, bottom = segment.bottom
    check_segment(segment, TABLES, LANES, MOST, delivery.actions + <int>delivery.part_driver.shape[0])
    need(circuits.unit_end.shape[0] == tables.shape[1], "circuits that are not the neurons")
    plan.width = <int>tables.shape[1]
    plan.tables, plan.exc, plan.inh, plan.spans = &tables[0, 0], &exc[0, 0], &inh[0, 0], &spans[0, 0]
    plan.neuron = &neuron[0]
    plan.reset_cycles, plan.refractory_cycles = &reset_cycles[0], &refractory_cycles[0]
    circuits.fill(plan, real is float)
    delivery.fill(&plan.delivery)
    plan.cadc[0].count = plan.cadc[1].count = 0
    if top is not None:
        top.fill(&plan.cadc[0])
    if bottom is not None:
        bottom.fill(&plan.cadc[1])
    plan.trace_index = segment.trace_index
    plan.own = plan.led = NULL
    if segment.own is not None:
        own, led = segment.own, segment.led
        plan.own, plan.led = &own[0], &led[0]


cdef class Plan:
    """All that a run is but its events, its noise and where it writes: looked at once, run as often as one likes."""

    cdef bss2_plan *plans
    cdef Py_ssize_t count
    cdef bint single
    cdef object segments

    def __cinit__(self, int64_t runtime, int neurons, bint saturating, double compliance, bint noisy, tuple wander not None,
                  double rail_low, double rail_high, tuple segments not None):
        cdef Py_ssize_t i
        cdef int k
        cdef bss2_plan *plan
        self.segments, self.count = segments, len(segments)
        self.single = segments[0].tables.dtype == np.float32
        self.plans = <bss2_plan *>calloc(self.count, sizeof(bss2_plan))
        if self.plans == NULL:
            raise MemoryError
        for i in range(self.count):
            segment, plan = segments[i], &self.plans[i]
            if self.single:
                fill[float](plan, segment, segment.tables, segment.exc, segment.inh)
            else:
                fill[double](plan, segment, segment.tables, segment.exc, segment.inh)
            plan.runtime, plan.neurons = runtime, neurons
            plan.to = segments[i + 1].start if i + 1 < self.count else (runtime + STEP - 1) // STEP
            plan.saturating, plan.noisy, plan.rail_low, plan.rail_high = saturating, noisy, rail_low, rail_high
            plan.compliance = compliance
            for k in range(4):
                plan.wander[k] = wander[k]
            need(plan.width == self.plans[0].width and neurons <= plan.width, "segments of different neurons")

    def __dealloc__(self):
        free(self.plans)


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
    if batch < 1 or not is_batch(event_offsets, batch, event_times.shape[0]) or event_labels.shape[0] != event_times.shape[0]:
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
                f"engine: got more in {no_room} of {batch} batch entries than its lists are made for, wanted what a chip can do; "
                "this is a fault of the emulator: please report it with the registers of the run")
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
