"""What passes between frontends, core and a chip: roles, which are structural, and the records that they exchange.

A backend is a :class:`Connection`; it need not import this file. Records are frozen and legal once constructed. Times
are cycles of 8 ns since the start of a batch entry; neurons are ``n = 256 * hemisphere + column``, 0 to 511. Batches
are flat: entry ``b`` owns ``[batch_offsets[b], batch_offsets[b + 1])``, int64 (batch + 1,).

====================  ==============================================================================================
down                  holds
====================  ==============================================================================================
`ChipConfiguration`   all registers, one array each; shapes and codes are listed in ``bss2_emulator.facts.registers``
`SpikingProgram`      registers, runtime in cycles, `InputEvents`, `Recording`, writes at a time (`TimedWrite`)
`InputEvents`         times, int64 (events,), ascending in an entry; 16-bit labels, uint16 (events,)
`Recording`           neurons of the column ADC, int64 (recorded,); the one neuron of the membrane ADC; sensor rows
`MatrixProgram`       registers; weights, int8 (rows, columns), -63..63; activations, uint8 (batch, rows), 0..31
====================  ==============================================================================================

====================  ==============================================================================================
up                    holds
====================  ==============================================================================================
`SpikingResult`       all below of one program, and `ExecutionInfo`: chip and wall time in seconds, counters of events
`SpikeEvents`         times, int64 (spikes,); neurons, int64 (spikes,)
`LabelEvents`         times, int64 (events,); 16-bit labels, uint16 (events,)
`CADCSamples`         times, int64 (samples,); codes 0..255, uint8 (samples, neurons); neurons of one hemisphere
`MADCSamples`         times, int64 (samples,); codes 0..1023, uint16 (samples,)
`CorrelationCodes`    codes 0..255, uint8 (batch, rows, 256, 2), of the (causal, acausal) sensors
`SpikeCounters`       spikes up to 255, uint8 (batch, 512), and whether there were more, bool
`MatrixResult`        products, int8 (batch, columns)
====================  ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, MatrixProgram, Recording, SpikingProgram, TimedWrite
from hxtorch.core.seam.results import (
    CADCSamples,
    CorrelationCodes,
    ExecutionInfo,
    LabelEvents,
    MADCSamples,
    MatrixResult,
    SpikeCounters,
    SpikeEvents,
    SpikingResult,
)

__all__ = [
    "CADCSamples",
    "ChipCalibration",
    "ChipConfiguration",
    "Connection",
    "CorrelationCodes",
    "CountsRuns",
    "ExecutionInfo",
    "FitsOnChips",
    "HoldsRegisters",
    "InputEvents",
    "LabelEvents",
    "MADCSamples",
    "MatrixProgram",
    "MatrixResult",
    "MatrixUnit",
    "Recording",
    "RunsTogether",
    "SpikeCounters",
    "SpikeEvents",
    "SpikingProgram",
    "SpikingResult",
    "SpikingUnit",
    "TimedWrite",
]


@runtime_checkable
class SpikingUnit(Protocol):
    """Runs spiking experiments."""

    def run(self, program: SpikingProgram) -> SpikingResult:
        """Run ``program`` once for each batch entry."""
        ...


@runtime_checkable
class RunsTogether(Protocol):
    """A spiking unit that runs several programs at once, with the results of one after the other."""

    def run_all(self, programs: Sequence[SpikingProgram]) -> list[SpikingResult]:
        """Run all ``programs``; none waits for what another one does."""
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


@runtime_checkable
class ChipCalibration(Protocol):
    """What frontends ask of a calibration: register codes for one chip, whoever found them.

    Attributes:
        kind: What it is for: ``spiking`` or ``hagen``.
        serial: The chip that they were found on.
        target: What was asked for, such as a :class:`~hxtorch.core.calibration.SpikingCalibTarget`, which gives units:
            an attribute for each calibrated parameter, () or (512,), and all of them by name from ``values()``.
        failed: Neurons that did not reach it, int64 (failed,).
    """

    @property
    def kind(self) -> str: ...

    @property
    def serial(self) -> str: ...

    @property
    def target(self) -> Any: ...

    @property
    def failed(self) -> np.ndarray: ...

    def apply(self, configuration: ChipConfiguration) -> ChipConfiguration:
        """Return ``configuration`` with the calibrated registers; all others stay."""
        ...

    def require_chip(self, connection: Connection) -> None:
        """Raise a ``CalibrationSerialError`` unless the codes are those of the chip behind ``connection``."""
        ...


@runtime_checkable
class FitsOnChips(Protocol):
    """An experiment of a frontend, which says what it would put on chips; nothing is run for that."""

    def chip_networks(self, model: Any = None) -> Mapping[str, Any]:
        """Return the :class:`~hxtorch.core.Network` of each chip by its name.

        Args:
            model: Has the layers as attributes, whose paths name them.

        Raises:
            PlacementError: Not all neurons find a place.
        """
        ...

    def chip_changes(self, model: Any = None) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield changes that may make it fit, small ones first: code to paste, and the networks that it leads to."""
        ...
