"""The threads of this package's kernels, for all of them (see pool.h)."""

from libc.stdint cimport int64_t

ctypedef int64_t (*pool_body)(void *context, int64_t index, int slot) noexcept nogil
ctypedef void (*pool_idle)(void *context) noexcept nogil

cdef int64_t parallel_for(int64_t count, int threads, pool_body body, pool_idle idle, void *context) noexcept nogil
