"""Path of user scripts; see :mod:`bss2_emulator.facts.constants`."""

from bss2_emulator.facts.constants import *  # noqa: F403
