"""A fast, faithful emulator of the BrainScaleS-2 neuromorphic chip.

>>> from bss2_emulator import Chip, ChipConfig
>>> chip = Chip(serial="emulated-1", fidelity="ideal")
>>> run = chip.run_spiking(ChipConfig(), runtime=1000, cadc_neurons=[0, 1])
>>> run.cadc[0].values.shape
(5, 2)
"""

from bss2_emulator._version import __version__
from bss2_emulator.chip import Chip
from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import (
    ConfigError,
    EmulatorError,
    EngineError,
    EventError,
    OperandRangeError,
    ReadoutWarning,
    RunError,
)
from bss2_emulator.results import CadcSamples, MadcSamples, MatrixRun, SpikeCounters, SpikingRun
from bss2_emulator.silicon.imperfections import Fidelity, Imperfections

__all__ = [
    "CadcSamples",
    "Chip",
    "ChipConfig",
    "ConfigError",
    "EmulatorError",
    "EngineError",
    "EventError",
    "Fidelity",
    "Imperfections",
    "MadcSamples",
    "MatrixRun",
    "OperandRangeError",
    "ReadoutWarning",
    "RunError",
    "SpikeCounters",
    "SpikingRun",
    "__version__",
]
