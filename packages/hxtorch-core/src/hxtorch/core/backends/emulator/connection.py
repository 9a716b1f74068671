"""A connection to the emulated chip."""

from __future__ import annotations

import bss2_emulator
from hxtorch.core.backends.emulator.link import Link, chip_of
from hxtorch.core.backends.emulator.matrix import EmulatedMatrix
from hxtorch.core.backends.emulator.spiking import EmulatedSpiking
from hxtorch.core.backends.setup import Setup
from hxtorch.core.seam.configuration import ChipConfiguration


def connect(setup: Setup) -> EmulatorConnection:
    """Open the emulated chip of ``setup``.

    Raises:
        BackendError: The fidelity or the name of an imperfection is unknown, or the sheet of the silicon or the
            temperature is not legal.
    """
    return EmulatorConnection(chip_of(setup), setup)


class EmulatorConnection:
    """One emulated chip; runs both kinds of programs."""

    def __init__(self, chip: bss2_emulator.Chip, setup: Setup) -> None:
        self._link = Link(chip, setup)
        self._spiking = EmulatedSpiking(self._link)
        self._matrix = EmulatedMatrix(self._link)

    @property
    def identifier(self) -> str:
        return self._link.setup.serial

    @property
    def configuration(self) -> ChipConfiguration:
        """What the registers hold now: what the last program left, or their defaults."""
        return self._link.held

    @property
    def spiking(self) -> EmulatedSpiking:
        return self._spiking

    @property
    def matrix(self) -> EmulatedMatrix:
        return self._matrix

    @property
    def run_counter(self) -> int:
        """Number of the next run, which keys its noise; set it to repeat or to resume a sequence of runs."""
        return int(self._link.open_chip().run_counter)

    @run_counter.setter
    def run_counter(self, value: int) -> None:
        self._link.open_chip().run_counter = value

    def describe(self) -> dict[str, str]:
        """Return backend, serial, fidelity and the emulator's version."""
        setup = self._link.setup
        description = {
            "backend": "emulator",
            "serial": setup.serial,
            "fidelity": setup.fidelity,
            "version": bss2_emulator.__version__,
        }
        if setup.imperfections:  # another chip: what is calibrated on one does not hold on the other
            switches = sorted(setup.imperfections.items())
            description["imperfections"] = ", ".join(f"{name} {'on' if on else 'off'}" for name, on in switches)
        if setup.sheet is not None:
            description["sheet"] = self._link.sheet
        if setup.temperature is not None:
            description["temperature"] = f"{setup.temperature:g}"
        return description

    def close(self) -> None:
        """Forget the chip; closing twice is harmless."""
        self._link.chip = None
