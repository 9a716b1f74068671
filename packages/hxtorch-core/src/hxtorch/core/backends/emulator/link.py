"""The emulated chip of a connection, the registers that it holds, and its errors as those of this package."""

from __future__ import annotations

from operator import is_
from time import perf_counter
from typing import Any, Literal

import bss2_emulator
from bss2_emulator.threads import join_team
from hxtorch.core.backends.setup import Setup
from hxtorch.core.errors import (
    BackendError,
    ConfigurationError,
    MemoryLimitError,
    NoConnectionError,
    OperandRangeError,
    ProgramError,
)
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.results import ExecutionInfo
from hxtorch.core.threads import ThreadTeam, thread_count, thread_team

_FIDELITIES: dict[str, Literal["ideal", "calibrated", "full"]] = {
    "ideal": "ideal",
    "calibrated": "calibrated",
    "full": "full",
}

_WRITTEN = 8  # configurations of which the emulator's registers are kept


def chip_of(setup: Setup) -> bss2_emulator.Chip:
    """Return the emulated chip of ``setup``, see :func:`connect`."""
    fidelity = _FIDELITIES.get(setup.fidelity)
    if fidelity is None:
        raise BackendError(f"fidelity: got {setup.fidelity!r}, wanted {', '.join(_FIDELITIES)}")
    imperfections = None
    if setup.imperfections:
        known = bss2_emulator.Imperfections.names()
        unknown = sorted(set(setup.imperfections) - set(known))
        if unknown:
            raise BackendError(f"imperfections: got {unknown[0]!r}, wanted {', '.join(known)}")
        imperfections = bss2_emulator.Imperfections(**setup.imperfections)
    try:
        return bss2_emulator.Chip(
            setup.serial, fidelity, setup.seed, imperfections, sheet=setup.sheet, temperature=setup.temperature
        )
    except (bss2_emulator.SheetError, bss2_emulator.RunError) as error:
        raise BackendError(str(error)) from error


class Link:
    """The chip and the registers that it holds now."""

    def __init__(self, chip: bss2_emulator.Chip, setup: Setup) -> None:
        self.chip: bss2_emulator.Chip | None = chip
        self._threads = chip.threads
        self._team: ThreadTeam | None = None
        self.sheet = chip.silicon.sheet.digest
        self.setup = setup
        self._copies: list[bss2_emulator.Chip] = []
        self._written = [(ChipConfiguration(), bss2_emulator.ChipConfig())]
        self.held = ChipConfiguration()

    def open_chip(self) -> bss2_emulator.Chip:
        if self.chip is None:
            raise NoConnectionError(f"the connection to {self.setup.serial!r} is closed")
        return self.chip

    def ready_chip(self) -> bss2_emulator.Chip:
        """Return the chip for a run, on as many threads as it was made for or, if for none, as the frontends want."""
        chip = self.open_chip()
        chip.threads = thread_count() if self._threads is None else self._threads
        if (team := thread_team()) is not None and team is not self._team:
            self._team = team
            join_team(*team)
        return chip

    def copies(self, count: int) -> list[bss2_emulator.Chip]:
        """Return as many chips that are this one, for runs at the same time."""
        while len(self._copies) < count:
            self._copies.append(chip_of(self.setup))
        return self._copies[:count]

    def configure(self, configuration: ChipConfiguration) -> bss2_emulator.ChipConfig:
        """Return the emulator's registers for ``configuration``.

        They are made of those written before that share most arrays with it, which are neither checked nor copied
        again: networks that take turns on the chip have their own.
        """
        written = self._written
        for i, (known, config) in enumerate(written):
            if known is configuration:  # one object never changes
                if i:
                    written.insert(0, written.pop(i))
                return config
        registers = configuration.registers()
        likeness = [sum(map(is_, known.registers().values(), registers.values())) for known, _ in written]
        config = written[likeness.index(max(likeness))][1].update(registers)
        written.insert(0, (configuration, config))
        del written[_WRITTEN:]
        return config

    def info(self, run: int, started: float, emulated_time: float, events_sent: int, **more: Any) -> ExecutionInfo:
        return ExecutionInfo(
            backend="emulator",
            serial=self.setup.serial,
            fidelity=self.setup.fidelity,
            run=run,
            emulated_time=emulated_time,
            wall_time=perf_counter() - started,
            events_sent=events_sent,
            **more,
        )


class _TypedErrors:
    """Turns what the emulator refuses into errors of this package."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, bss2_emulator.ConfigError):
            raise ConfigurationError(str(error)) from error
        if isinstance(error, bss2_emulator.OperandRangeError):
            raise OperandRangeError(str(error)) from error
        if isinstance(error, bss2_emulator.MemoryLimitError):
            raise MemoryLimitError(str(error)) from error
        if isinstance(error, bss2_emulator.EmulatorError):
            raise ProgramError(str(error)) from error


TYPED = _TypedErrors()
