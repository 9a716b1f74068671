"""The instruction sets of this package's kernels (see instructions.h)."""

import os


cdef extern from "native/instructions.h" nogil:
    enum:
        BSS2_SETS
    const char **bss2_set_names
    int bss2_instructions()


NAMES = tuple(bss2_set_names[i].decode() for i in range(BSS2_SETS))

_wanted = os.environ.get("BSS2_INSTRUCTIONS", "")
if _wanted and _wanted not in NAMES:
    raise ValueError(
        f"BSS2_INSTRUCTIONS: got {_wanted!r}, wanted one of {', '.join(NAMES)}; without it the best set of the processor "
        "runs")


def in_use():
    """Return the name of the set that runs; see instructions.pyi."""
    return NAMES[bss2_instructions()]
