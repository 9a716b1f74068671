"""The laws of the emulator in plain Python and NumPy: slow, obvious, and what the kernels are tested against.

What registers mean physically (:mod:`bss2_emulator.neurons.physics`, :mod:`bss2_emulator.readout.cadc`,
:mod:`bss2_emulator.matrix.columns`) is written once and used by both; everything that a kernel computes from there is
written again here, in float64.
"""
