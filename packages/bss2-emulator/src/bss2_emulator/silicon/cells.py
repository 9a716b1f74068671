"""Analog cells do not land on their codes: error of a write, crosstalk of the neighbours, drift.

The capacitive memory holds 24 cells of each neuron, a quadrant's in one block (facts 3.2). A cell that is written lands
beside its code, another time elsewhere, and stays there until it is written again; cells beside it pull at it; slowly
it moves. All of it is a function of (seed, serial, cell), of the run before which the cell was written, and of the time
that a session has emulated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import attrgetter, is_
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.noise.normals import fill_normals, fill_uniform
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts.constants import NEURONS, QUADRANTS
from bss2_emulator.facts.coordinates import QUADRANT
from bss2_emulator.silicon.mismatch import key_of
from bss2_emulator.silicon.serial import FloatArray, Silicon

CELLS: Final = tuple(
    name
    for name, register in ChipConfig.declarations().items()
    if register.metadata["capmem"] and register.metadata["shape"] == (NEURONS,)
)
CALIBRATION: Final = "calibration"  # write that a calibration has been made under
START: Final = "start"  # write at the beginning of a session
TICK: Final = 1.0  # s of emulated time in which cells do not move: they are derived anew after it
PERIODS: Final = (0.3, 1.0, 3.0)  # of the drift, in its time constant
_BLOCK: Final = np.argsort(QUADRANT, kind="stable")  # neurons by quadrant, columns ascending


_CODES = attrgetter(*CELLS)


class Written(NamedTuple):
    """What the cells of a register were last written to.

    Attributes:
        codes: (512,).
        landed: Standard normals of these writes, (512,).
    """

    codes: np.ndarray
    landed: FloatArray


Writes = Mapping[str, Written]
"""By register; a session begins with none."""


class Cells:
    """The analog cells of all neurons of one chip.

    Args:
        silicon: The chip.
        seed: Of its noise.
    """

    def __init__(self, silicon: Silicon, seed: int) -> None:
        self._silicon, self._seed = silicon, seed
        switches = silicon.imperfections
        self._drifts, self._couple = switches.cell_drift, switches.cell_crosstalk and silicon.fidelity == "full"
        self.exact = not (switches.cell_write or switches.cell_drift or self._couple)
        self._last: tuple[Writes, float, dict[str, FloatArray]] | None = None
        self._held: tuple[Writes, tuple[np.ndarray, ...]] = {}, ()
        self._landed: tuple[ChipConfig, dict[str, FloatArray], ChipConfig] | None = None
        self._drift: dict[float, dict[str, FloatArray]] = {}

    def write(self, before: Writes, config: ChipConfig, stamp: object) -> Writes:
        """Return what the cells hold once ``config`` is written; cells that keep their code are not touched.

        Args:
            before: What they held.
            config: All registers.
            stamp: Names this write.
        """
        codes_of_all = _CODES(config)
        if self._held[0] is before and before and all(map(is_, self._held[1], codes_of_all)):
            return before
        registers, new = config.registers(), {}
        for name in CELLS:
            codes, held = registers[name], before.get(name)
            if held is None:
                new[name] = Written(codes, self._normals(name, stamp))
            elif held.codes is not codes and (changed := held.codes != codes).any():
                new[name] = Written(codes, np.where(changed, self._normals(name, stamp), held.landed))
        after = {**before, **new} if new else before
        self._held = after, codes_of_all
        return after

    def land(self, config: ChipConfig, writes: Writes, time: float) -> ChipConfig:
        """Return the registers of ``config`` with the cells where they stand.

        Args:
            config: What was written last.
            writes: All that was.
            time: That the session has emulated, s.

        Returns:
            Registers whose cells are no codes but float64.
        """
        tick = TICK * (time // TICK)
        if self._last is None or self._last[0] is not writes or self._last[1] != tick:
            self._last = writes, tick, self._values(writes, tick)
        values, known = self._last[2], self._landed
        if known is None or known[0] is not config or known[1] is not values:
            landed = object.__new__(type(config))
            landed.__dict__.update(config.__dict__)
            landed.__dict__.update(values)
            self._landed = known = config, values, landed
        return known[2]

    def _values(self, writes: Writes, tick: float) -> dict[str, FloatArray]:
        """Return where the cells stand; arrays of registers that have not moved are those of the last time."""
        silicon, last = self._silicon, self._last
        pulled = self._crosstalk(writes) if self._couple else {}
        drift = self._drift_at(tick) if self._drifts else {}
        values = {}
        for name in CELLS:
            codes = writes[name].codes.astype(np.float64)
            moved = writes[name].landed
            if silicon.fidelity == "calibrated":
                moved = moved - self._normals(name, CALIBRATION) / math.sqrt(silicon.mean("calibration_writes"))
            kind = "current" if name.startswith("i_") else "voltage"
            error = self._size("write", kind, codes) * moved + pulled.get(name, 0.0)
            if drift:
                error = error + self._size("drift", kind, codes) * drift[name]
            value = np.where(codes > 0, np.maximum(codes + error, 0.5), 0.0)  # a cell at 0 is off
            if last is not None and np.array_equal(last[2][name], value):
                value = last[2][name]  # what was derived from it still holds
            value.setflags(write=False)
            values[name] = value
        return values

    def _size(self, what: str, kind: str, codes: FloatArray) -> FloatArray:
        """Return the standard deviation of a cell's error, codes."""
        sigma = self._silicon.sigma
        if kind == "voltage":
            return np.full(NEURONS, sigma(f"cell_{what}_voltage"))
        return np.hypot(sigma(f"cell_{what}_current") * codes, sigma(f"cell_{what}_floor"))

    def _crosstalk(self, writes: Writes) -> dict[str, FloatArray]:
        """Return the pull of cells beside one in its block, as far as codes are not those after a reset."""
        declared = ChipConfig.declarations()
        off = np.empty((len(CELLS), NEURONS))
        for row, name in enumerate(CELLS):
            off[row] = writes[name].codes.astype(np.float64) - declared[name].metadata["default"]
        blocks = off[:, _BLOCK].reshape(len(CELLS), QUADRANTS, -1)
        beside = np.pad(blocks, ((1, 1), (0, 0), (1, 1)), mode="edge")
        mean = (beside[:-2, :, 1:-1] + beside[2:, :, 1:-1] + beside[1:-1, :, :-2] + beside[1:-1, :, 2:]) / 4
        pull = np.empty_like(off)
        pull[:, _BLOCK] = (self._silicon.mean("cell_crosstalk") * (mean - blocks)).reshape(off.shape)
        return dict(zip(CELLS, pull, strict=True))

    def _drift_at(self, tick: float) -> dict[str, FloatArray]:
        """Return how far cells have drifted, in standard deviations; on a calibrated chip since its calibration."""
        if tick not in self._drift:
            self._drift.clear()
            now = {name: self._course(name, tick) for name in CELLS}
            if self._silicon.fidelity == "calibrated":
                age = self._silicon.mean("calibration_age")
                now = {name: course - self._course(name, -age) for name, course in now.items()}
            self._drift[tick] = now
        return self._drift[tick]

    def _course(self, name: str, time: float) -> FloatArray:
        """Return a slow random function of time of each cell, mean 0 and variance 1 over cells."""
        drawn = np.empty(2 * len(PERIODS) * NEURONS, np.float32)
        fill_uniform(key_of("drift", self._silicon.serial, self._seed, name), 0, 0, 0, 0, drawn)
        phase, pace = drawn.astype(np.float64).reshape(2, len(PERIODS), NEURONS)
        turns = time / (np.array(PERIODS)[:, np.newaxis] * self._silicon.mean("drift_time")) * (0.5 + pace) + phase
        return np.asarray(np.sqrt(2 / len(PERIODS)) * np.cos(2 * np.pi * turns).sum(axis=0))

    def _normals(self, name: str, stamp: object) -> FloatArray:
        drawn: NDArray[np.float32] = np.empty(NEURONS, np.float32)
        fill_normals(key_of("cells", self._silicon.serial, self._seed, name, stamp), 0, 0, 0, 0, drawn)
        return drawn.astype(np.float64)
