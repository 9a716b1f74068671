"""Leaky integrate-and-fire neurons: all batch entries of a run in parallel (see plan.h, entry.h)."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy
from bss2_emulator._kernels.noise cimport bss2_key


cdef extern from *:
    """
    #include "plan.h"
    #define REAL float
    #define NAME(x) x##_single
    #include "entry.h"
    #undef REAL
    #undef NAME
    #define REAL double
    #define NAME(x) x##_double
    #include "entry.h"
    """


cdef extern from "plan.h" nogil:
    enum:
        STEP, ON_CHIP_LATENCY, NOISE_STEPS, LANES, TABLES
        DECAY, DRIVE_EXC, DRIVE_INH, SYN_EXC, SYN_INH, JUMP_EXC, JUMP_INH, LATE_EXC, LATE_INH
        REST, SHIFT, NOISE, START, ORIGIN, THRESHOLD, LATENCY
        CROSSING, LINE_EXC, LINE_INH, TERMS, DECAY_HALF, DRIVE_HALF_EXC, DRIVE_HALF_INH, SYN_HALF_EXC, SYN_HALF_INH
        CHARGE_EXC, CHARGE_INH, IS_COBA, REVERSAL, ADAPT_DECAY, ADAPT_GAIN, ADAPT_BASE, ADAPT_PULSE, ADAPT_REF
        ADAPT_PULL, EXP_RATE, EXP_START, EXP_SHARPNESS, EXP_DELTA, EXP_TOP, EXP_LIMIT
        EXP_DOUBLINGS, EXP_OFFSET, EXP_STEEP
        KIND_ADAPT, KIND_COBA, KIND_EXP, KIND_JOINED

    ctypedef struct bss2_cadc:
        int count
        const int32_t *index
        const uint32_t *neuron
        const float *gain
        const float *offset
        float noise
        const int64_t *times
        const int64_t *batch_offsets
        const int64_t *first
        uint8_t *values

    ctypedef struct bss2_plan:
        int64_t runtime
        int neurons
        int width
        int saturating
        int noisy
        double rail_low
        double rail_high
        const void *tables
        const void *exc
        const void *inh
        const int32_t *spans
        const int32_t *label_action
        const uint32_t *neuron
        const int32_t *reset_cycles
        const int32_t *refractory_cycles
        const int32_t *neuron_action
        const int64_t *event_times
        const uint16_t *event_labels
        const int64_t *event_offsets
        const int32_t *group
        const int8_t *kind
        const int8_t *source
        const int32_t *pulse_cycles
        const int32_t *unit_end
        int bypasses
        const int32_t *bypass
        int sourced
        double line_rest
        int coupled
        const int32_t *coupled_offsets
        const int32_t *coupled_leads
        const int32_t *coupled_squares
        const void *coupled_matrix
        bss2_key key
        uint32_t run
        bss2_cadc cadc[2]
        int trace_index
        void *trace

    ctypedef struct bss2_spikes:
        int64_t *times
        int32_t *neurons
        size_t count
        size_t capacity


cdef extern from * nogil:
    int run_entry_single(const bss2_plan *, int64_t, uint32_t, bss2_spikes *)
    int run_entry_double(const bss2_plan *, int64_t, uint32_t, bss2_spikes *)


ctypedef fused real:
    float
    double


LAYOUT = {
    "step": STEP, "on_chip_latency": ON_CHIP_LATENCY, "noise_steps": NOISE_STEPS, "lanes": LANES,
    "tables": TABLES,
    "decay": DECAY, "drive_exc": DRIVE_EXC, "drive_inh": DRIVE_INH, "syn_exc": SYN_EXC, "syn_inh": SYN_INH,
    "jump_exc": JUMP_EXC, "jump_inh": JUMP_INH, "late_exc": LATE_EXC, "late_inh": LATE_INH, "rest": REST,
    "shift": SHIFT, "noise": NOISE, "start": START, "origin": ORIGIN, "threshold": THRESHOLD, "latency": LATENCY,
    "crossing": CROSSING, "line_exc": LINE_EXC, "line_inh": LINE_INH, "terms": TERMS, "decay_half": DECAY_HALF,
    "drive_half_exc": DRIVE_HALF_EXC, "drive_half_inh": DRIVE_HALF_INH, "syn_half_exc": SYN_HALF_EXC,
    "syn_half_inh": SYN_HALF_INH, "charge_exc": CHARGE_EXC, "charge_inh": CHARGE_INH, "is_coba": IS_COBA,
    "reversal": REVERSAL, "adapt_decay": ADAPT_DECAY, "adapt_gain": ADAPT_GAIN, "adapt_base": ADAPT_BASE,
    "adapt_pulse": ADAPT_PULSE, "adapt_ref": ADAPT_REF, "adapt_pull": ADAPT_PULL, "exp_rate": EXP_RATE,
    "exp_start": EXP_START, "exp_sharpness": EXP_SHARPNESS, "exp_delta": EXP_DELTA, "exp_top": EXP_TOP,
    "exp_limit": EXP_LIMIT, "exp_doublings": EXP_DOUBLINGS, "exp_offset": EXP_OFFSET, "exp_steep": EXP_STEEP,
    "kind_adapt": KIND_ADAPT, "kind_coba": KIND_COBA, "kind_exp": KIND_EXP,
    "kind_joined": KIND_JOINED,
}


cdef class Circuits:
    """How neurons are grouped by kind and joined (see plan.h), and what is read out of them."""

    cdef const int32_t[::1] group, pulse_cycles, unit_end, bypass, offsets, leads, squares
    cdef const int8_t[::1] kind, source
    cdef const float[::1] single
    cdef const double[::1] matrix
    cdef double line_rest

    def __init__(self, group, kind, source, pulse_cycles, unit_end, bypass, offsets, leads, squares, matrix,
                 double line_rest):
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
    """Column ADC of one hemisphere: where it samples what, and where the codes go."""

    cdef const int32_t[::1] index
    cdef const uint32_t[::1] neuron
    cdef const float[::1] gain, offset
    cdef const int64_t[::1] times, batch_offsets, first
    cdef uint8_t[:, ::1] values
    cdef float noise

    def __init__(self, index, neuron, gain, offset, float noise, times, batch_offsets, first, values):
        self.index, self.neuron, self.gain, self.offset, self.noise = index, neuron, gain, offset, noise
        self.times, self.batch_offsets, self.first, self.values = times, batch_offsets, first, values

    cdef void fill(self, bss2_cadc *out):
        if self.times.shape[0] == 0 or self.index.shape[0] == 0:
            return
        out.count = <int>self.index.shape[0]
        out.index = &self.index[0]
        out.neuron = &self.neuron[0]
        out.gain = &self.gain[0]
        out.offset = &self.offset[0]
        out.noise = self.noise
        out.times = &self.times[0]
        out.batch_offsets = &self.batch_offsets[0]
        out.first = &self.first[0]
        out.values = &self.values[0, 0]


def run_batch(
    int64_t runtime, int neurons, bint saturating, bint noisy, double rail_low, double rail_high,
    const real[:, ::1] tables, const real[:, ::1] exc, const real[:, ::1] inh, const int32_t[:, ::1] spans,
    const int32_t[::1] label_action, const uint32_t[::1] neuron, const int32_t[::1] reset_cycles,
    const int32_t[::1] refractory_cycles, Circuits circuits not None, const int32_t[::1] neuron_action, const int64_t[::1] event_times,
    const uint16_t[::1] event_labels, const int64_t[::1] event_offsets, uint64_t key, uint32_t run, uint32_t first_entry,
    Readout top, Readout bottom, int trace_index, real[:, ::1] trace, int threads,
):
    """Run all entries; returns spike times, active neurons and offsets of the entries."""
    cdef bss2_plan plan
    cdef Py_ssize_t batch = event_offsets.shape[0] - 1, b
    cdef int failed = 0
    cdef bint single = real is float
    threads = min(threads, <int>min(batch, 1 << 20))  # no more than there is work for: idle ones only spin
    plan.runtime, plan.neurons, plan.width = runtime, neurons, <int>tables.shape[1]
    plan.saturating, plan.noisy, plan.rail_low, plan.rail_high = saturating, noisy, rail_low, rail_high
    plan.tables, plan.exc, plan.inh, plan.spans = &tables[0, 0], &exc[0, 0], &inh[0, 0], &spans[0, 0]
    plan.label_action, plan.neuron = &label_action[0], &neuron[0]
    plan.reset_cycles, plan.refractory_cycles = &reset_cycles[0], &refractory_cycles[0]
    plan.neuron_action = &neuron_action[0]
    circuits.fill(&plan, single)
    plan.event_times = &event_times[0] if event_times.shape[0] else NULL
    plan.event_labels = &event_labels[0] if event_labels.shape[0] else NULL
    plan.event_offsets = &event_offsets[0]
    plan.key.low, plan.key.high = <uint32_t>key, <uint32_t>(key >> 32)
    plan.run = run
    plan.cadc[0].count = plan.cadc[1].count = 0
    if top is not None:
        top.fill(&plan.cadc[0])
    if bottom is not None:
        bottom.fill(&plan.cadc[1])
    plan.trace_index = trace_index
    plan.trace = &trace[0, 0] if trace_index >= 0 else NULL

    cdef bss2_spikes *spikes = <bss2_spikes *>calloc(batch, sizeof(bss2_spikes))
    if spikes == NULL:
        raise MemoryError
    try:
        if single:
            for b in prange(batch, nogil=True, schedule="dynamic", num_threads=threads):
                if run_entry_single(&plan, b, first_entry + <uint32_t>b, &spikes[b]):
                    failed += 1
        else:
            for b in prange(batch, nogil=True, schedule="dynamic", num_threads=threads):
                if run_entry_double(&plan, b, first_entry + <uint32_t>b, &spikes[b]):
                    failed += 1
        if failed:
            raise MemoryError(f"no memory for {failed} of {batch} batch entries")
        return collect(spikes, batch)
    finally:
        for b in range(batch):
            free(spikes[b].times)
            free(spikes[b].neurons)
        free(spikes)


cdef collect(bss2_spikes *spikes, Py_ssize_t batch):
    offsets = np.zeros(batch + 1, np.int64)
    cdef int64_t[::1] ends = offsets
    cdef Py_ssize_t b
    for b in range(batch):
        ends[b + 1] = ends[b] + <int64_t>spikes[b].count
    times, neurons = np.empty(ends[batch], np.int64), np.empty(ends[batch], np.int32)
    cdef int64_t[::1] t = times
    cdef int32_t[::1] n = neurons
    for b in range(batch):
        if spikes[b].count:
            memcpy(&t[ends[b]], spikes[b].times, spikes[b].count * sizeof(int64_t))
            memcpy(&n[ends[b]], spikes[b].neurons, spikes[b].count * sizeof(int32_t))
    return times, neurons, offsets
