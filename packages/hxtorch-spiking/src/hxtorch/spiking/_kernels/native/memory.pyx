"""Memory that is used again instead of being given back (see memory.h)."""

from cpython.buffer cimport PyBuffer_FillInfo
from libc.stddef cimport size_t


cdef extern from "native/memory.h" nogil:
    char *hx_take(size_t, size_t)
    void hx_return(char *, size_t, size_t)
    size_t hx_total()


cdef size_t LIMIT = 1 << 30  # bytes that are kept at most: a training step of 500 neurons, batch 500, uses 600 MB again
cdef size_t SPARE = 128 << 20  # bytes that are kept when something of another size is asked for


cdef class Block:
    """Bytes with undefined values, writable through the buffer protocol; kept for others when it is gone."""

    cdef char *start
    cdef size_t size

    def __cinit__(self, size_t size):
        self.start = hx_take(size, SPARE)
        if self.start == NULL:
            raise MemoryError(f"no memory for {size} bytes")
        self.size = size

    def __dealloc__(self):
        if self.start != NULL:
            hx_return(self.start, self.size, LIMIT)

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.start, <Py_ssize_t>self.size, 0, flags)


def kept():
    """Return how many bytes are kept for others."""
    return hx_total()
