"""A fast, faithful emulator of the BrainScaleS-2 neuromorphic chip.

>>> from bss2_emulator import Chip, ChipConfig
>>> chip = Chip(serial="emulated-1", fidelity="ideal")
>>> run = chip.run_spiking(ChipConfig(), runtime=1000, cadc_neurons=[0, 1])
>>> run.cadc[0].values.shape
(5, 2)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bss2_emulator._version import __version__

if TYPE_CHECKING:
    from bss2_emulator.chip import Chip, Scheduled
    from bss2_emulator.config import ChipConfig
    from bss2_emulator.errors import (
        ConfigError,
        EmulatorError,
        EngineError,
        EventError,
        MemoryLimitError,
        OperandRangeError,
        ReadoutWarning,
        RunError,
        SheetError,
    )
    from bss2_emulator.facts.sheet import Row, Sheet
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
    "MemoryLimitError",
    "OperandRangeError",
    "ReadoutWarning",
    "Row",
    "RunError",
    "Scheduled",
    "Sheet",
    "SheetError",
    "SpikeCounters",
    "SpikingRun",
    "__version__",
]

_HOMES = {
    "chip": "Chip Scheduled",
    "config": "ChipConfig",
    "errors": "ConfigError EmulatorError EngineError EventError MemoryLimitError OperandRangeError ReadoutWarning "
    "RunError SheetError",
    "facts.sheet": "Row Sheet",
    "results": "CadcSamples MadcSamples MatrixRun SpikeCounters SpikingRun",
    "silicon.imperfections": "Fidelity Imperfections",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

if not TYPE_CHECKING:  # a type checker knows all names, and complains about others

    def __getattr__(name: str) -> object:
        """Import a part when it is first asked for: facts are read without loading a kernel."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
