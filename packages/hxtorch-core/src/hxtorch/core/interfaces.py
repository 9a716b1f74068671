"""The roles at the seam: what core asks of a chip. Structural, so a backend need not import this file."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import MatrixResult, SpikingResult


@runtime_checkable
class SpikingUnit(Protocol):
    """Runs spiking experiments."""

    def run(self, program: SpikingProgram) -> SpikingResult:
        """Run ``program`` once for each batch entry."""
        ...


@runtime_checkable
class MatrixUnit(Protocol):
    """Runs analog matrix products."""

    def run(self, program: MatrixProgram) -> MatrixResult:
        """Multiply all activations of ``program`` with its matrix."""
        ...


@runtime_checkable
class GathersRows(Protocol):
    """A matrix unit that takes programs with patches: it gathers their rows itself, without an unfolded copy."""

    gathers_rows: bool


@runtime_checkable
class Connection(Protocol):
    """An open chip."""

    @property
    def identifier(self) -> str:
        """Serial that names this chip: calibrations belong to it."""
        ...

    @property
    def spiking(self) -> SpikingUnit: ...

    @property
    def matrix(self) -> MatrixUnit: ...

    def describe(self) -> dict[str, str]:
        """Return ``backend``, ``serial``, ``fidelity`` and ``version``."""
        ...

    def close(self) -> None:
        """Release the chip; closing twice is harmless."""
        ...


@runtime_checkable
class CountsRuns(Protocol):
    """A connection that keys its noise by the number of the run; set the number to repeat or resume a sequence."""

    run_counter: int


@runtime_checkable
class HoldsRegisters(Protocol):
    """A connection that tells what its chip's registers hold now: what was written last stays."""

    @property
    def configuration(self) -> ChipConfiguration: ...
