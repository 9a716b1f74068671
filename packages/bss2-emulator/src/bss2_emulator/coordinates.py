"""Path of user scripts; see :mod:`bss2_emulator.facts.coordinates`."""

from bss2_emulator.facts.coordinates import *  # noqa: F403
