"""The emulated chip behind the seam; the only room that imports ``bss2_emulator``."""

from hxtorch.core.backends.emulator.connection import connect as connect
