"""The laws of the emulator in plain Python and NumPy: slow, obvious, and what the kernels are tested against.

What registers mean physically (:mod:`bss2_emulator.neurons`, :mod:`bss2_emulator.cadc`, :mod:`bss2_emulator.columns`)
is written once and used by both; everything that a kernel computes from there is written again here, in float64.
"""
