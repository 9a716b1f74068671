"""All that a run is but its events and its noise, as the records that plan.h declares; no loop is compiled here."""

from typing import NamedTuple

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from bss2_emulator.seam import check_circuits, check_delivery, check_segment, inside, need


ctypedef fused real:
    float
    double


LAYOUT = {bss2_layout[i].name.decode().lower(): bss2_layout[i].value for i in range(BSS2_PLACES)}


cdef class Circuits:
    """How neurons are grouped by kind and joined (see plan.h), and what is read out of them."""

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
        out.loss, out.keep_passed = self.loss, self.keep_passed
        out.actions, out.first_neuron = self.actions, self.first_neuron
        out.neuron_queue, out.event_queue = self.neuron_queue, self.event_queue
        out.return_queue, out.link_labels = self.return_queue, self.link_labels
        out.routes = <const bss2_route *>&self.routes[0] if self.routes.shape[0] else NULL
        out.label_route, out.neuron_route = &self.label_route[0], &self.neuron_route[0]
        out.background_route, out.bus_cycles = &self.background_route[0, 0], &self.bus_cycles[0]
        out.sources = <const bss2_source *>&self.sources[0]
        out.stp = NULL
        if self.part_driver.shape[0]:
            self.stp.part_offsets, self.stp.part_driver = &self.part_offsets[0], &self.part_driver[0]
            self.stp.zero, self.stp.slope = &self.drivers[0, 0], &self.drivers[1, 0]
            self.stp.utilization = &self.drivers[2, 0]
            self.stp.charge, self.stp.recover, self.stp.decay = &self.drivers[3, 0], &self.drivers[4, 0], &self.decay[0, 0]
            out.stp = &self.stp


class Segment(NamedTuple):
    """What holds from one write of registers to the next.

    ``start``: step from which it holds; ``active``: neurons n in their order, padded; ``own``, ``led``: where each was
    under the segment before, and where what led its membrane was (-1: it leads none), None in the first segment;
    ``trace_index``: place of the neuron whose membrane is kept, -1 none. All else as in plan.h.
    """

    start: int
    tables: np.ndarray
    columns: np.ndarray
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


cdef fill(bss2_plan *plan, segment, const real[:, ::1] tables, const real[:, ::1] columns, const real[:, ::1] exc,
          const real[:, ::1] inh):
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
    plan.columns, plan.apart = &columns[0, 0], TABLES if columns.shape[0] > 1 else 0
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
                fill[float](plan, segment, segment.tables, segment.columns, segment.exc, segment.inh)
            else:
                fill[double](plan, segment, segment.tables, segment.columns, segment.exc, segment.inh)
            plan.runtime, plan.neurons = runtime, neurons
            plan.to = segments[i + 1].start if i + 1 < self.count else (runtime + STEP - 1) // STEP
            plan.saturating, plan.noisy, plan.rail_low, plan.rail_high = saturating, noisy, rail_low, rail_high
            plan.compliance = compliance
            for k in range(4):
                plan.wander[k] = wander[k]
            need(plan.width == self.plans[0].width and neurons <= plan.width, "segments of different neurons")

    def __dealloc__(self):
        free(self.plans)
