"""Compiled inner loops; :mod:`bss2_emulator.reference` says in plain NumPy what they compute."""
