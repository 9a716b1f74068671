# What plan.h and the headers that it includes declare, as far as Cython code fills or reads it, whose names the C compiler
# checks, and the records of plan.pyx that fill it.

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t
from bss2_emulator._kernels.noise.normals cimport bss2_key


cdef extern from "spiking/plan.h" nogil:
    enum:
        STEP, LANES, TABLES, MOST, GROUPS, BUSES, SOURCES, DRIVERS, NO_ROOM, STP_POWERS, QUEUE_ROOM, BSS2_PLACES

    ctypedef struct bss2_place:
        const char *name
        int value
    const bss2_place *bss2_layout

    ctypedef struct bss2_cadc:
        int count
        int in_line
        const int32_t *index
        const uint32_t *neuron
        const float *gain
        const float *offset
        float noise
        float common
        float settling
        const int64_t *times
        const int64_t *batch_offsets
        const int64_t *first
        uint8_t *values

    ctypedef struct bss2_route:
        int32_t action

    ctypedef struct bss2_source:
        int32_t on

    ctypedef struct bss2_stp:
        const int32_t *part_offsets
        const int32_t *part_driver
        const double *zero
        const double *slope
        const double *utilization
        const double *charge
        const double *recover
        const double *decay

    ctypedef struct bss2_delivery:
        int loss
        int keep_passed
        int neuron_queue
        int event_queue
        int return_queue
        int link_labels
        const bss2_route *routes
        int actions
        int first_neuron
        const int32_t *label_route
        const int32_t *neuron_route
        const int32_t *background_route
        const int32_t *bus_cycles
        const bss2_source *sources
        const bss2_stp *stp
        const int64_t *event_times
        const uint16_t *event_labels
        const int64_t *event_offsets

    ctypedef struct bss2_list:
        int64_t *times
        int32_t *numbers
        size_t count

    ctypedef struct bss2_outcome:
        bss2_list fired
        bss2_list sent
        bss2_list back
        bss2_list passed
        int64_t delivered[20]
        int64_t dropped[20]
        int64_t through[12]
        int64_t link_dropped[8]
        int64_t generated[8]

    ctypedef struct bss2_plan:
        int64_t runtime
        int64_t to
        const int32_t *own
        const int32_t *led
        int neurons
        int width
        int saturating
        double compliance
        int noisy
        double wander[4]
        double rail_low
        double rail_high
        const void *tables
        const void *columns
        size_t apart
        const void *exc
        const void *inh
        const int32_t *spans
        const uint32_t *neuron
        const int32_t *reset_cycles
        const int32_t *refractory_cycles
        bss2_delivery delivery
        int (*interrupted)(volatile int *stop) noexcept
        volatile int *stop
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


cdef class Circuits:
    cdef const int32_t[::1] group, pulse_cycles, unit_end, bypass, offsets, leads, squares
    cdef const int8_t[::1] kind, source
    cdef const float[::1] single
    cdef const double[::1] matrix
    cdef double line_rest

    cdef void fill(self, bss2_plan *out, bint single)


cdef class Readout:
    cdef const int32_t[::1] index
    cdef const uint32_t[::1] neuron
    cdef const float[::1] gain, offset
    cdef float noise, common, settling
    cdef bint in_line

    cdef void fill(self, bss2_cadc *out)


cdef class Samples:
    cdef const int64_t[::1] times, batch_offsets, first
    cdef uint8_t[:, ::1] values

    cdef int fill(self, bss2_cadc *out, Py_ssize_t batch) except -1


cdef class Delivery:
    cdef const uint8_t[::1] routes, sources
    cdef const int32_t[::1] label_route, neuron_route, bus_cycles, part_offsets, part_driver
    cdef const int32_t[:, ::1] background_route
    cdef const double[:, ::1] drivers, decay
    cdef bss2_stp stp
    cdef bint loss, keep_passed
    cdef int actions, first_neuron, neuron_queue, event_queue, return_queue, link_labels

    cdef void fill(self, bss2_delivery *out)


cdef class Plan:
    cdef bss2_plan *plans
    cdef Py_ssize_t count
    cdef bint single
    cdef object segments


cdef bint is_batch(const int64_t[::1] offsets, Py_ssize_t batch, Py_ssize_t count) noexcept
