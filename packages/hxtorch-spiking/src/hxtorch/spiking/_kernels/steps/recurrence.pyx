"""Integration of recurrent neurons over time and its adjoint (see recurrence.h).

Arrays are given by their addresses: they are torch's, contiguous, and belong to the caller; 0 is NULL.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uintptr_t
from hxtorch.spiking._kernels.native.pool cimport parallel_for


cdef extern from "steps/recurrence.h" nogil:
    enum:
        HX_PADDING
        WORK

    ctypedef struct hx_ring_f32:
        int64_t steps
        int64_t batch
        int64_t size
        int64_t width
        const float *constants
        const float *spikes_hw
        const float *membrane_hw
        const float *adaptation_hw
        const float *weight
        int64_t padded
        float *work
        int32_t *lists
        const float *input
        float *spikes
        float *membrane
        float *current
        float *adaptation
        float *before
        uint8_t *events
        int64_t parts
        int surrogate
        float alpha
        const float *grad_spikes
        const float *grad_membrane
        const float *grad_current
        const float *grad_adaptation
        float *grad_input
        float *grad_constants

    ctypedef struct hx_ring_f64:
        int64_t steps
        int64_t batch
        int64_t size
        int64_t width
        const double *constants
        const double *spikes_hw
        const double *membrane_hw
        const double *adaptation_hw
        const double *weight
        int64_t padded
        double *work
        int32_t *lists
        const double *input
        double *spikes
        double *membrane
        double *current
        double *adaptation
        double *before
        uint8_t *events
        int64_t parts
        int surrogate
        double alpha
        const double *grad_spikes
        const double *grad_membrane
        const double *grad_current
        const double *grad_adaptation
        double *grad_input
        double *grad_constants

    void hx_ring_run_f32(const hx_ring_f32 *, int64_t, int)
    void hx_ring_run_f64(const hx_ring_f64 *, int64_t, int)


cdef enum:
    PARTS = 8  # of a batch, for threads

PADDING = HX_PADDING
ROWS_OF_WORK = WORK


ctypedef fused Ring:
    hx_ring_f32
    hx_ring_f64


cdef struct Parts:
    void *ring
    int variant


cdef int64_t part_single(void *context, int64_t part, int slot) noexcept nogil:
    hx_ring_run_f32(<hx_ring_f32 *>(<Parts *>context).ring, part, (<Parts *>context).variant)
    return 0


cdef int64_t part_wide(void *context, int64_t part, int slot) noexcept nogil:
    hx_ring_run_f64(<hx_ring_f64 *>(<Parts *>context).ring, part, (<Parts *>context).variant)
    return 0


cdef void run(Ring *ring, int variant, int threads) noexcept nogil:
    cdef Parts parts
    parts.ring, parts.variant = ring, variant
    if ring.steps * ring.batch * ring.size < 1 << 14:
        threads = 1  # not worth waking anybody
    parallel_for(ring.parts, threads, part_single if Ring is hx_ring_f32 else part_wide, NULL, &parts)


cdef int check(int64_t steps, int64_t batch, int64_t size, int64_t width, int variant, int64_t padded, int threads) except -1:
    """Refuse sizes that do not belong together; what lies at addresses is the caller's to know."""
    if steps < 0 or batch < 0 or size < 0 or size >= 1 << 31 or threads < 1:
        raise ValueError(f"recurrence: got {steps} steps of {batch} entries with {size} neurons and {threads} threads")
    if width != batch * size and (width != 1 or variant & 3):
        raise ValueError(f"recurrence: got constants of {width} lanes, wanted {batch * size}, or one without other terms, "
                         "recordings and gradients of constants")
    if padded < size or padded % HX_PADDING:
        raise ValueError(f"recurrence: got rows of {padded} weights, wanted multiples of {HX_PADDING} from {size} on")
    return 0


cdef void share(Ring *ring, int64_t steps, int64_t batch, int64_t size, int64_t width, uintptr_t constants,
                uintptr_t membrane_hw, uintptr_t weight, int64_t padded, uintptr_t work, uintptr_t lists,
                uintptr_t spikes, uintptr_t current, uintptr_t adaptation, uintptr_t before,
                uintptr_t events) noexcept nogil:
    ring.steps, ring.batch, ring.size, ring.width, ring.parts = steps, batch, size, width, min(<int64_t>PARTS, batch)
    ring.events, ring.padded, ring.lists = <uint8_t *>events, padded, <int32_t *>lists
    if Ring is hx_ring_f32:
        ring.constants, ring.membrane_hw = <const float *>constants, <const float *>membrane_hw
        ring.weight, ring.work, ring.spikes = <const float *>weight, <float *>work, <float *>spikes
        ring.current, ring.adaptation, ring.before = <float *>current, <float *>adaptation, <float *>before
    else:
        ring.constants, ring.membrane_hw = <const double *>constants, <const double *>membrane_hw
        ring.weight, ring.work, ring.spikes = <const double *>weight, <double *>work, <double *>spikes
        ring.current, ring.adaptation, ring.before = <double *>current, <double *>adaptation, <double *>before


def forward(
    bint double, bint full, int64_t steps, int64_t batch, int64_t size, int64_t width, uintptr_t constants,
    uintptr_t weight, int64_t padded, uintptr_t spikes_hw, uintptr_t membrane_hw, uintptr_t adaptation_hw,
    uintptr_t work, uintptr_t lists, uintptr_t input, uintptr_t spikes, uintptr_t membrane, uintptr_t current,
    uintptr_t adaptation, uintptr_t before, uintptr_t events, int threads,
):
    """Integrate ``size`` neurons for ``steps`` steps, for each entry of the batch."""
    cdef hx_ring_f32 single
    cdef hx_ring_f64 wide
    cdef int variant = 2 * full + (spikes_hw != 0 or membrane_hw != 0 or adaptation_hw != 0)
    check(steps, batch, size, width, variant, padded, threads)
    if steps * batch * size and not (constants and weight and work and lists and input and spikes):
        raise ValueError("recurrence: got no constants, weight, work, lists, input or spikes")
    if double:
        share(&wide, steps, batch, size, width, constants, membrane_hw, weight, padded, work, lists, spikes, current,
              adaptation, before, events)
        wide.spikes_hw, wide.adaptation_hw = <const double *>spikes_hw, <const double *>adaptation_hw
        wide.input, wide.membrane = <const double *>input, <double *>membrane
        with nogil:
            run(&wide, variant, threads)
    else:
        share(&single, steps, batch, size, width, constants, membrane_hw, weight, padded, work, lists, spikes, current,
              adaptation, before, events)
        single.spikes_hw, single.adaptation_hw = <const float *>spikes_hw, <const float *>adaptation_hw
        single.input, single.membrane = <const float *>input, <float *>membrane
        with nogil:
            run(&single, variant, threads)


def backward(
    bint double, bint full, int64_t steps, int64_t batch, int64_t size, int64_t width, uintptr_t constants,
    uintptr_t weight, int64_t padded, uintptr_t membrane_hw, uintptr_t work, uintptr_t lists, uintptr_t spikes,
    uintptr_t before, uintptr_t events, uintptr_t current, uintptr_t adaptation, int surrogate, double alpha,
    uintptr_t grad_spikes, uintptr_t grad_membrane, uintptr_t grad_current, uintptr_t grad_adaptation,
    uintptr_t grad_input, uintptr_t grad_constants, int threads,
):
    """Go back through what :func:`forward` did."""
    cdef hx_ring_f32 single
    cdef hx_ring_f64 wide
    cdef int variant = 4 + 2 * full + (grad_constants != 0)
    check(steps, batch, size, width, variant, padded, threads)
    if steps * batch * size and (
            not (constants and weight and work and lists and spikes and before and events and grad_input)
            or (grad_constants and (not current or (full and not adaptation)))):
        raise ValueError("recurrence: got less than the way back reads: constants, weight, work, lists, spikes, before, "
                         "events, current and adaptation")
    if double:
        share(&wide, steps, batch, size, width, constants, membrane_hw, weight, padded, work, lists, spikes, current,
              adaptation, before, events)
        wide.surrogate, wide.alpha = surrogate, alpha
        wide.grad_spikes, wide.grad_membrane = <const double *>grad_spikes, <const double *>grad_membrane
        wide.grad_current, wide.grad_adaptation = <const double *>grad_current, <const double *>grad_adaptation
        wide.grad_input, wide.grad_constants = <double *>grad_input, <double *>grad_constants
        with nogil:
            run(&wide, variant, threads)
    else:
        share(&single, steps, batch, size, width, constants, membrane_hw, weight, padded, work, lists, spikes, current,
              adaptation, before, events)
        single.surrogate, single.alpha = surrogate, <float>alpha
        single.grad_spikes, single.grad_membrane = <const float *>grad_spikes, <const float *>grad_membrane
        single.grad_current, single.grad_adaptation = <const float *>grad_current, <const float *>grad_adaptation
        single.grad_input, single.grad_constants = <float *>grad_input, <float *>grad_constants
        with nogil:
            run(&single, variant, threads)
