"""Integration of neurons over time and its adjoint (see integration.h).

Arrays are given by their addresses: they are torch's, contiguous, and belong to the caller; 0 is NULL.
"""

from libc.stdint cimport int64_t, uint8_t, uintptr_t
from hxtorch.spiking._kernels.native.pool cimport parallel_for


cdef extern from "steps/integration.h" nogil:
    enum:
        HX_LANES_F32
        HX_LANES_F64

    ctypedef struct hx_job_f32:
        int64_t steps
        int64_t lanes
        int64_t width
        const float *constants
        const float *spikes_hw
        const float *membrane_hw
        const float *adaptation_hw
        const float *input
        float *spikes
        float *membrane
        float *current
        float *adaptation
        float *before
        uint8_t *events
        int64_t kept_lanes
        int64_t kept_first
        int surrogate
        float alpha
        const float *grad_spikes
        const float *grad_membrane
        const float *grad_current
        const float *grad_adaptation
        float *grad_input
        float *grad_constants

    ctypedef struct hx_job_f64:
        int64_t steps
        int64_t lanes
        int64_t width
        const double *constants
        const double *spikes_hw
        const double *membrane_hw
        const double *adaptation_hw
        const double *input
        double *spikes
        double *membrane
        double *current
        double *adaptation
        double *before
        uint8_t *events
        int64_t kept_lanes
        int64_t kept_first
        int surrogate
        double alpha
        const double *grad_spikes
        const double *grad_membrane
        const double *grad_current
        const double *grad_adaptation
        double *grad_input
        double *grad_constants

    void hx_run_f32(const hx_job_f32 *, int64_t, int64_t, int, int, void *)
    void hx_run_f64(const hx_job_f64 *, int64_t, int64_t, int, int, void *)


ctypedef fused Job:
    hx_job_f32
    hx_job_f64


cdef struct Blocks:
    void *job
    int variant, backward, wide
    int64_t size, room  # lanes of a block, scratch of a thread
    char *scratch


cdef int64_t run_block(void *context, int64_t block, int slot) noexcept nogil:
    cdef Blocks *b = <Blocks *>context
    cdef char *own = NULL if b.scratch == NULL else b.scratch + slot * b.room
    if b.wide:
        hx_run_f64(<hx_job_f64 *>b.job, block * b.size, b.size, b.variant, b.backward, own)
    else:
        hx_run_f32(<hx_job_f32 *>b.job, block * b.size, b.size, b.variant, b.backward, own)
    return 0


cdef void run(Job *job, int variant, bint backward, int64_t size, char *scratch, int threads) noexcept nogil:
    cdef Blocks blocks
    blocks.job, blocks.variant, blocks.backward, blocks.wide = job, variant, backward, Job is hx_job_f64
    blocks.size, blocks.room, blocks.scratch = size, job.steps * size * sizeof(job.before[0]), scratch
    if job.steps * job.lanes < 1 << 15:
        threads = 1  # not worth waking anybody
    parallel_for((job.lanes + size - 1) // size, threads, run_block, NULL, &blocks)


cdef int check(int64_t steps, int64_t lanes, int64_t width, uintptr_t constants, int threads) except -1:
    """Refuse sizes that do not belong together; what lies at addresses is the caller's to know."""
    if steps < 0 or lanes < 0 or width < 1 or lanes % width or threads < 1:
        raise ValueError(f"integration: got {steps} steps of {lanes} lanes, constants of {width} lanes and {threads} "
                         "threads, wanted lanes that are multiples of those of the constants")
    if steps * lanes and not constants:
        raise ValueError("integration: got no constants")
    return 0


cdef void share(Job *job, int64_t steps, int64_t lanes, int64_t width, uintptr_t constants, uintptr_t spikes_hw,
                uintptr_t membrane_hw, uintptr_t adaptation_hw) noexcept nogil:
    job.steps, job.lanes, job.width = steps, lanes, width
    job.kept_lanes, job.kept_first = lanes, 0
    if Job is hx_job_f32:
        job.constants, job.spikes_hw = <const float *>constants, <const float *>spikes_hw
        job.membrane_hw, job.adaptation_hw = <const float *>membrane_hw, <const float *>adaptation_hw
    else:
        job.constants, job.spikes_hw = <const double *>constants, <const double *>spikes_hw
        job.membrane_hw, job.adaptation_hw = <const double *>membrane_hw, <const double *>adaptation_hw


def forward(
    bint double, bint fire, bint full, int64_t steps, int64_t lanes, int64_t width, uintptr_t constants,
    uintptr_t spikes_hw, uintptr_t membrane_hw, uintptr_t adaptation_hw, uintptr_t input, uintptr_t spikes,
    uintptr_t membrane, uintptr_t current, uintptr_t adaptation, uintptr_t before, uintptr_t events, int threads,
):
    """Integrate ``lanes`` neurons for ``steps`` steps."""
    cdef hx_job_f32 single
    cdef hx_job_f64 wide
    cdef int variant = 4 * fire + 2 * full + (spikes_hw != 0 or membrane_hw != 0 or adaptation_hw != 0)
    check(steps, lanes, width, constants, threads)
    if steps * lanes and not input:
        raise ValueError("integration: got no input")
    if double:
        share(&wide, steps, lanes, width, constants, spikes_hw, membrane_hw, adaptation_hw)
        wide.input, wide.spikes, wide.membrane = <const double *>input, <double *>spikes, <double *>membrane
        wide.current, wide.adaptation = <double *>current, <double *>adaptation
        wide.before, wide.events = <double *>before, <uint8_t *>events
        with nogil:
            run(&wide, variant, False, HX_LANES_F64, NULL, threads)
    else:
        share(&single, steps, lanes, width, constants, spikes_hw, membrane_hw, adaptation_hw)
        single.input, single.spikes, single.membrane = <const float *>input, <float *>spikes, <float *>membrane
        single.current, single.adaptation = <float *>current, <float *>adaptation
        single.before, single.events = <float *>before, <uint8_t *>events
        with nogil:
            run(&single, variant, False, HX_LANES_F32, NULL, threads)


cdef int64_t lanes_at_once(bint double, int64_t steps) noexcept nogil:
    """Return how many lanes have their membranes in the second cache while they go back."""
    cdef int64_t size = HX_LANES_F64 if double else HX_LANES_F32
    while size > 64 and steps * size * (8 if double else 4) > 1 << 19:
        size //= 2
    return size


def scratch_size(bint double, int64_t steps, int threads):
    """Return how many bytes the way back needs to compute membranes again."""
    return threads * steps * lanes_at_once(double, steps) * (8 if double else 4)


def backward(
    bint double, bint fire, bint full, int64_t steps, int64_t lanes, int64_t width, uintptr_t constants,
    uintptr_t input, uintptr_t membrane_hw, uintptr_t before, uintptr_t events, uintptr_t current,
    uintptr_t adaptation, int surrogate, double alpha, uintptr_t grad_spikes, uintptr_t grad_membrane, uintptr_t grad_current, uintptr_t grad_adaptation,
    uintptr_t grad_input, uintptr_t grad_constants, uintptr_t scratch,
    int threads,
):
    """Go back through what :func:`forward` did."""
    cdef hx_job_f32 single
    cdef hx_job_f64 wide
    cdef int variant = 4 * fire + 2 * full + (grad_constants != 0)
    check(steps, lanes, width, constants, threads)
    if steps * lanes and (
            (scratch != 0) != (input != 0) or (fire and not scratch and not events)
            or ((fire or full or grad_constants) and not scratch and not before)
            or (grad_constants and (not current or (full and not adaptation)))):
        raise ValueError("integration: got less than the way back reads: input and scratch, or before, events, current "
                         "and adaptation")
    cdef int64_t size = HX_LANES_F64 if double else HX_LANES_F32
    if scratch:
        size = lanes_at_once(double, steps)
    if double:
        share(&wide, steps, lanes, width, constants, 0, membrane_hw, 0)
        wide.input = <const double *>input
        wide.before, wide.events, wide.current = <double *>before, <uint8_t *>events, <double *>current
        wide.adaptation, wide.surrogate, wide.alpha = <double *>adaptation, surrogate, alpha
        wide.grad_spikes, wide.grad_membrane = <const double *>grad_spikes, <const double *>grad_membrane
        wide.grad_current, wide.grad_adaptation = <const double *>grad_current, <const double *>grad_adaptation
        wide.grad_input, wide.grad_constants = <double *>grad_input, <double *>grad_constants
        with nogil:
            run(&wide, variant, True, size, <char *>scratch, threads)
    else:
        share(&single, steps, lanes, width, constants, 0, membrane_hw, 0)
        single.input = <const float *>input
        single.before, single.events, single.current = <float *>before, <uint8_t *>events, <float *>current
        single.adaptation, single.surrogate, single.alpha = <float *>adaptation, surrogate, <float>alpha
        single.grad_spikes, single.grad_membrane = <const float *>grad_spikes, <const float *>grad_membrane
        single.grad_current, single.grad_adaptation = <const float *>grad_current, <const float *>grad_adaptation
        single.grad_input, single.grad_constants = <float *>grad_input, <float *>grad_constants
        with nogil:
            run(&single, variant, True, size, <char *>scratch, threads)
