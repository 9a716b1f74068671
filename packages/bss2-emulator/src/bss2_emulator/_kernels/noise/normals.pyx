"""Counter-based normal numbers (see normals.h)."""

import numpy as np

from libc.stdint cimport uint32_t, uint64_t
from bss2_emulator._kernels.noise.normals cimport bss2_key


cdef extern from "noise/stream.h" nogil:
    ctypedef struct bss2_word4:
        uint32_t w[4]
    bss2_word4 bss2_philox(bss2_key, uint32_t, uint32_t, uint32_t, uint32_t)
    void bss2_fill_normals(bss2_key, uint64_t, uint32_t, uint32_t, uint32_t, float *, size_t)
    void bss2_fill_uniform(bss2_key, uint64_t, uint32_t, uint32_t, uint32_t, float *, size_t)


cdef extern from "noise/coarse.h" nogil:
    enum:
        BSS2_COARSE
    int bss2_instructions()
    void bss2_coarse_normals(int, bss2_key, uint32_t, const uint32_t *, uint32_t, uint32_t, uint32_t, float *, int)


INSTRUCTIONS = bss2_instructions()  # the best set of this processor


def philox(uint64_t key, counter):
    """Return the four words of one counter (four words)."""
    cdef bss2_key k
    cdef bss2_word4 word
    k.low, k.high = <uint32_t>key, <uint32_t>(key >> 32)
    word = bss2_philox(k, counter[0], counter[1], counter[2], counter[3])
    return word.w[0], word.w[1], word.w[2], word.w[3]


def fill_normals(uint64_t key, uint64_t first, uint32_t c1, uint32_t c2, uint32_t c3, float[::1] out):
    """Write normals ``first, first + 1, ...`` of the stream (c1, c2, c3) to ``out``."""
    cdef bss2_key k
    k.low, k.high = <uint32_t>key, <uint32_t>(key >> 32)
    if out.shape[0]:
        with nogil:
            bss2_fill_normals(k, first, c1, c2, c3, &out[0], <size_t>out.shape[0])


def fill_uniform(uint64_t key, uint64_t first, uint32_t c1, uint32_t c2, uint32_t c3, float[::1] out):
    """Write uniform numbers in (0, 1), ``first, first + 1, ...`` of the stream (c1, c2, c3), to ``out``."""
    cdef bss2_key k
    k.low, k.high = <uint32_t>key, <uint32_t>(key >> 32)
    if out.shape[0]:
        with nogil:
            bss2_fill_uniform(k, first, c1, c2, c3, &out[0], <size_t>out.shape[0])


def coarse_normals(
    uint64_t key, uint32_t c0, const uint32_t[::1] c1, uint32_t c2, uint32_t c3, int instructions=INSTRUCTIONS
):
    """Return the coarse normals of some identifiers as (8, count), drawn with an instruction set."""
    cdef bss2_key k
    if instructions < 0:
        raise ValueError(f"instructions: got {instructions}, wanted 0 to {INSTRUCTIONS}")
    out = np.empty((BSS2_COARSE, c1.shape[0]), np.float32)
    cdef float[:, ::1] values = out
    k.low, k.high = <uint32_t>key, <uint32_t>(key >> 32)
    if c1.shape[0]:
        bss2_coarse_normals(min(instructions, INSTRUCTIONS), k, c0, &c1[0], 0, c2, c3, &values[0, 0], <int>c1.shape[0])
    return out
