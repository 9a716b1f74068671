"""The generator of normals.h, for other kernels."""

from libc.stdint cimport uint32_t


cdef extern from "noise/normals.h" nogil:
    ctypedef struct bss2_key:
        uint32_t low
        uint32_t high
