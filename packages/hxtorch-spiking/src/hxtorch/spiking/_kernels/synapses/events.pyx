"""Products of spikes with weights that only look at spikes (see events.h).

Arrays are given by their addresses: they are torch's, contiguous, and belong to the caller.
"""

from libc.stdint cimport int32_t, int64_t, uint16_t, uint64_t, uintptr_t
from libc.string cimport memset
from hxtorch.spiking._kernels.native.pool cimport parallel_for


cdef extern from "synapses/events.h" nogil:
    enum:
        HX_PADDING
        HX_BLOCK

    ctypedef struct hx_events_f32:
        int64_t rows
        int64_t sources
        int64_t targets
        int64_t words
        const float *spikes
        uint64_t *bits
        const float *weights
        int64_t padded
        float *output
        const float *grad_output
        float *grad_input
        int graded
        int32_t *lists
        int64_t *begins
        uint16_t *counts

    ctypedef struct hx_events_f64:
        int64_t rows
        int64_t sources
        int64_t targets
        int64_t words
        const double *spikes
        uint64_t *bits
        const double *weights
        int64_t padded
        double *output
        const double *grad_output
        double *grad_input
        int graded
        int32_t *lists
        int64_t *begins
        uint16_t *counts

    int64_t hx_scan_f32(const hx_events_f32 *, int64_t, int64_t)
    int64_t hx_scan_f64(const hx_events_f64 *, int64_t, int64_t)
    void hx_weigh_f32(const hx_events_f32 *, int64_t, int64_t)
    void hx_weigh_f64(const hx_events_f64 *, int64_t, int64_t)
    void hx_tile_f32(const float *, int64_t, int64_t, int64_t, float *)
    void hx_tile_f64(const double *, int64_t, int64_t, int64_t, double *)
    int64_t hx_begin_f32(const hx_events_f32 *)
    int64_t hx_begin_f64(const hx_events_f64 *)
    void hx_list_blocks_f32(const hx_events_f32 *, int64_t, int64_t)
    void hx_list_blocks_f64(const hx_events_f64 *, int64_t, int64_t)
    void hx_collect_share_f32(const hx_events_f32 *, float *, int64_t, int64_t, int)
    void hx_collect_share_f64(const hx_events_f64 *, double *, int64_t, int64_t, int)
    void hx_spread_f32(const hx_events_f32 *, int64_t, int64_t)
    void hx_spread_f64(const hx_events_f64 *, int64_t, int64_t)


cdef enum:
    PARTS = 8  # of the rows; fixed, so that sums do not depend on the number of threads
    FEW = 1 << 18  # numbers on both sides for which it does not pay to wake other threads
    FEW_PRODUCTS = 1 << 20

ctypedef fused Job:
    hx_events_f32
    hx_events_f64


cdef inline int64_t edge(int64_t total, int64_t part) noexcept nogil:
    return total * part // PARTS


cdef struct Parts:
    void *job
    bint wide
    void *counts  # of spikes, or sums
    int64_t parts
    bint by_rows


cdef int64_t scan_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Parts *p = <Parts *>context
    cdef hx_events_f32 *a = <hx_events_f32 *>p.job
    cdef hx_events_f64 *b = <hx_events_f64 *>p.job
    if p.wide:
        (<int64_t *>p.counts)[part] = hx_scan_f64(b, edge(b.rows, part), edge(b.rows, part + 1))
    else:
        (<int64_t *>p.counts)[part] = hx_scan_f32(a, edge(a.rows, part), edge(a.rows, part + 1))
    return 0


cdef int64_t weigh_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Parts *p = <Parts *>context
    cdef hx_events_f32 *a = <hx_events_f32 *>p.job
    cdef hx_events_f64 *b = <hx_events_f64 *>p.job
    if p.wide:
        hx_weigh_f64(b, edge(b.rows, part), edge(b.rows, part + 1))
    else:
        hx_weigh_f32(a, edge(a.rows, part), edge(a.rows, part + 1))
    return 0


cdef int64_t collect_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Parts *p = <Parts *>context
    if p.wide:
        hx_collect_share_f64(<hx_events_f64 *>p.job, <double *>p.counts, part, p.parts, p.by_rows)
    else:
        hx_collect_share_f32(<hx_events_f32 *>p.job, <float *>p.counts, part, p.parts, p.by_rows)
    return 0


cdef int64_t list_block(void *context, int64_t block, int slot) noexcept nogil:
    cdef Parts *p = <Parts *>context
    if p.wide:
        hx_list_blocks_f64(<hx_events_f64 *>p.job, block, block + 1)
    else:
        hx_list_blocks_f32(<hx_events_f32 *>p.job, block, block + 1)
    return 0


cdef int64_t spread_part(void *context, int64_t part, int slot) noexcept nogil:
    cdef Parts *p = <Parts *>context
    cdef hx_events_f32 *a = <hx_events_f32 *>p.job
    cdef hx_events_f64 *b = <hx_events_f64 *>p.job
    if p.wide:
        hx_spread_f64(b, edge(b.rows, part), edge(b.rows, part + 1))
    else:
        hx_spread_f32(a, edge(a.rows, part), edge(a.rows, part + 1))
    return 0


cdef Parts parts_of(Job *job, void *counts, int64_t parts, bint by_rows) noexcept nogil:
    cdef Parts p
    p.job, p.wide, p.counts, p.parts, p.by_rows = job, Job is hx_events_f64, counts, parts, by_rows
    return p


cdef int worth(Job *job, int threads) noexcept nogil:
    return threads if job.rows * (job.sources + job.targets) >= FEW else 1


cdef int64_t scan(Job *job, int threads) noexcept nogil:
    cdef int64_t count[PARTS]
    cdef int64_t part, total = 0
    cdef int graded = 0
    cdef Parts p = parts_of(job, count, PARTS, True)
    parallel_for(PARTS, worth(job, threads), scan_part, NULL, &p)
    for part in range(PARTS):
        if count[part] < 0:
            graded = 1
        total += count[part] if count[part] > 0 else -count[part]
    return -total if graded else total


cdef void weigh(Job *job, int threads) noexcept nogil:
    cdef Parts p = parts_of(job, NULL, PARTS, True)
    parallel_for(PARTS, worth(job, threads), weigh_part, NULL, &p)


cdef inline int64_t blocks_of(int64_t rows) noexcept nogil:
    return (rows + HX_BLOCK - 1) // HX_BLOCK


cdef void list_rows(Job *job, char *room, int64_t number, int threads) noexcept nogil:
    """Write lists of rows once for all threads, which each collect for some targets, if there are no more spikes."""
    cdef Parts p = parts_of(job, NULL, PARTS, True)
    cdef int64_t found
    job.begins = <int64_t *>room
    job.counts = <uint16_t *>(room + blocks_of(job.rows) * <int64_t>sizeof(int64_t))
    if Job is hx_events_f32:
        found = hx_begin_f32(job)
    else:
        found = hx_begin_f64(job)
    if found > number:
        return
    job.lists = <int32_t *>(job.counts + blocks_of(job.rows) * job.words * 64)
    parallel_for(blocks_of(job.rows), threads, list_block, NULL, &p)


cdef void collect(Job *job, uintptr_t sums, bint by_rows, uintptr_t room, int64_t number, int threads) noexcept nogil:
    cdef Parts p
    threads = worth(job, threads)
    if room and threads > 1:
        list_rows(job, <char *>room, number, threads)
    p = parts_of(job, <void *>sums, PARTS if by_rows else threads if threads == 1 else 2 * threads, by_rows)
    parallel_for(p.parts, threads, collect_part, NULL, &p)


cdef void spread(Job *job, int threads) noexcept nogil:
    cdef Parts p = parts_of(job, NULL, PARTS, True)
    if job.rows * job.sources * job.targets < FEW_PRODUCTS:
        threads = 1
    parallel_for(PARTS, threads, spread_part, NULL, &p)


cdef inline int64_t padded(int64_t targets) noexcept nogil:
    return (targets + HX_PADDING - 1) // HX_PADDING * HX_PADDING


cdef hx_events_f32 single(int64_t rows, int64_t sources, int64_t targets, uintptr_t spikes, uintptr_t bits, bint graded) noexcept:
    cdef hx_events_f32 job
    job.rows, job.sources, job.targets, job.words, job.graded = rows, sources, targets, (sources + 63) // 64, graded
    job.padded = padded(targets)
    job.spikes, job.bits, job.weights, job.output = <const float *>spikes, <uint64_t *>bits, NULL, NULL
    job.grad_output, job.grad_input = NULL, NULL
    job.lists, job.begins, job.counts = NULL, NULL, NULL
    return job


cdef hx_events_f64 wide(int64_t rows, int64_t sources, int64_t targets, uintptr_t spikes, uintptr_t bits, bint graded) noexcept:
    cdef hx_events_f64 job
    job.rows, job.sources, job.targets, job.words, job.graded = rows, sources, targets, (sources + 63) // 64, graded
    job.padded = padded(targets)
    job.spikes, job.bits, job.weights, job.output = <const double *>spikes, <uint64_t *>bits, NULL, NULL
    job.grad_output, job.grad_input = NULL, NULL
    job.lists, job.begins, job.counts = NULL, NULL, NULL
    return job


cdef int check(int64_t rows, int64_t sources, int64_t targets, bint present, int threads) except -1:
    """Refuse sizes that there are not; what lies at addresses is the caller's to know."""
    if rows < 0 or sources < 0 or targets < 0 or threads < 1:
        raise ValueError(f"events: got {rows} rows of {sources} sources and {targets} targets for {threads} threads")
    if not present:
        raise ValueError("events: got no memory for one of the operands")
    return 0


cdef int check_bits(int64_t rows, int64_t sources, uintptr_t bits) except -1:
    """Refuse bits of sources that there are not: they would be read as places in memory."""
    cdef int64_t row, words = (sources + 63) // 64
    cdef uint64_t beyond = 0
    if sources % 64 == 0:
        return 0
    for row in range(1, rows + 1):
        beyond |= (<uint64_t *>bits)[row * words - 1] >> (sources % 64)
    if beyond:
        raise ValueError(f"bits: got some of sources beyond the {sources}")
    return 0


def find(bint double, int64_t rows, int64_t sources, uintptr_t spikes, uintptr_t bits, int threads):
    """Write the bits of spikes, and behind them what is returned: their number, and whether some are graded."""
    cdef hx_events_f32 a
    cdef hx_events_f64 b
    cdef int64_t count
    check(rows, sources, 0, bits != 0 and (spikes != 0 or rows * sources == 0), threads)
    cdef int64_t *behind = <int64_t *>bits + rows * ((sources + 63) // 64)
    if double:
        b = wide(rows, sources, 0, spikes, bits, False)
        with nogil:
            count = scan(&b, threads)
    else:
        a = single(rows, sources, 0, spikes, bits, False)
        with nogil:
            count = scan(&a, threads)
    behind[0], behind[1] = abs(count), count < 0
    return behind[0], count < 0


def weigh_spikes(bint double, int64_t rows, int64_t sources, int64_t targets, uintptr_t spikes, uintptr_t bits,
                 bint graded, uintptr_t weights, uintptr_t tiles, uintptr_t output, int threads):
    """Write the product of spikes with weights, [targets][sources]; without ``bits`` of all numbers. ``tiles`` is memory for
    [sources][targets filled up to PADDING]."""
    cdef hx_events_f32 a
    cdef hx_events_f64 b
    check(rows, sources, targets, ((weights and tiles) or sources * targets == 0) and (output or rows * targets == 0), threads)
    if (graded or not bits) and not spikes and rows * sources:
        raise ValueError("spikes: got none, wanted those that are graded, or all without bits")
    if bits:
        check_bits(rows, sources, bits)
    if sources == 0:
        raise ValueError("sources: got 0, wanted at least one")
    if double:
        b = wide(rows, sources, targets, spikes, bits, graded)
        b.weights, b.output = <const double *>tiles, <double *>output
        with nogil:
            hx_tile_f64(<const double *>weights, sources, targets, b.padded, <double *>tiles)
            weigh(&b, threads)
    else:
        a = single(rows, sources, targets, spikes, bits, graded)
        a.weights, a.output = <const float *>tiles, <float *>output
        with nogil:
            hx_tile_f32(<const float *>weights, sources, targets, a.padded, <float *>tiles)
            weigh(&a, threads)


def list_size(int64_t rows, int64_t sources, int64_t number):
    """Return how many bytes of memory take lists of ``number`` spikes."""
    return blocks_of(rows) * (<int64_t>sizeof(int64_t) + (sources + 63) // 64 * 64 * <int64_t>sizeof(uint16_t)) + number * 4


def collect_weights(bint double, int64_t rows, int64_t sources, int64_t targets, uintptr_t spikes, uintptr_t bits,
                    bint graded, uintptr_t grad_output, uintptr_t sums, bint by_rows, uintptr_t room, int64_t number, int threads):
    """Write the gradient of weights to ``sums``, [sources][targets], without ``bits`` [targets][sources]; [parts] of them
    if ``by_rows``. ``room`` is memory for lists of ``number`` spikes, of :func:`list_size`, or NULL."""
    cdef hx_events_f32 a
    cdef hx_events_f64 b
    check(rows, sources, targets, (sums or sources * targets == 0) and (grad_output or rows * targets == 0), threads)
    if (graded or not bits) and not spikes and rows * sources:
        raise ValueError("spikes: got none, wanted those that are graded, or all without bits")
    if sums:
        memset(<void *>sums, 0, (PARTS if by_rows else 1) * sources * targets * (8 if double else 4))
    if double:
        b = wide(rows, sources, targets, spikes, bits, graded)
        b.grad_output = <const double *>grad_output
        with nogil:
            collect(&b, sums, by_rows, room, number, threads)
    else:
        a = single(rows, sources, targets, spikes, bits, graded)
        a.grad_output = <const float *>grad_output
        with nogil:
            collect(&a, sums, by_rows, room, number, threads)


def spread_gradient(bint double, int64_t rows, int64_t sources, int64_t targets, uintptr_t grad_output,
                    uintptr_t weights, uintptr_t grad_input, int threads):
    """Write the product of a gradient with weights, [targets][sources filled up to PADDING]."""
    cdef hx_events_f32 a
    cdef hx_events_f64 b
    check(rows, sources, targets,
          (grad_output or rows * targets == 0) and (weights or sources * targets == 0) and (grad_input or rows * sources == 0),
          threads)
    if double:
        b = wide(rows, sources, targets, 0, 0, False)
        b.padded = padded(sources)
        b.grad_output, b.weights, b.grad_input = <const double *>grad_output, <const double *>weights, <double *>grad_input
        with nogil:
            spread(&b, threads)
    else:
        a = single(rows, sources, targets, 0, 0, False)
        a.padded = padded(sources)
        a.grad_output, a.weights, a.grad_input = <const float *>grad_output, <const float *>weights, <float *>grad_input
        with nogil:
            spread(&a, threads)


PARTS_OF_ROWS = <int>PARTS
PADDING = <int>HX_PADDING
