"""The threads of this package's kernels: one pool in this module, which the others cimport (see pool.h)."""

from libc.stdint cimport int64_t, uintptr_t


cdef extern from "native/pool.h" nogil:
    int64_t pool_run(int64_t, int, pool_body, pool_idle, void *)
    int pool_workers()
    ctypedef void (*pool_team)(void (*)(void *), void *, unsigned, unsigned)
    void pool_calm(pool_team)


cdef int64_t parallel_for(int64_t count, int threads, pool_body body, pool_idle idle, void *context) noexcept nogil:
    """Call ``body`` for 0 to ``count`` - 1 on at most ``threads`` threads; return the sum of what it returns."""
    return pool_run(count, threads, body, idle, context)


def workers():
    """Return how many threads were started; see pool.pyi."""
    return pool_workers()


def calm(library):
    """Have threads of a library of OpenMP's sleep between its loops; see pool.pyi."""
    import ctypes

    team = getattr(ctypes.CDLL(library), "GOMP_parallel", None)
    if team is not None:
        pool_calm(<pool_team><uintptr_t>ctypes.cast(team, ctypes.c_void_p).value)
    return team is not None
