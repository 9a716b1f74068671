"""The threads of this package's kernels: one pool in this module, which the others cimport (see pool.h)."""

from libc.stdint cimport int64_t


cdef extern from "native/pool.h" nogil:
    int64_t pool_run(int64_t, int, pool_body, pool_idle, void *)
    int pool_workers()
    void pool_join(void *, void *)


cdef int64_t parallel_for(int64_t count, int threads, pool_body body, pool_idle idle, void *context) noexcept nogil:
    """Call ``body`` for 0 to ``count`` - 1 on at most ``threads`` threads; return the sum of what it returns."""
    return pool_run(count, threads, body, idle, context)


def workers():
    """Return how many threads were started; see pool.pyi."""
    return pool_workers()


def join(size_t team, size_t limit):
    """Run loops on OpenMP's threads; see pool.pyi."""
    pool_join(<void *>team, <void *>limit)
