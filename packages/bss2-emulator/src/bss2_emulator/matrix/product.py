"""Multiply-accumulate in hagen mode: pulse lengths times weights (facts 2.4, 2.5, 7.1).

Charge is collected on membranes, or stays on the synaptic lines where these are what the column ADC sees
(``readout_source``): a line drops with the events of its sign and recovers with the synaptic time constant.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.matrix.hagen import (
    FARTHEST,
    FRACTION,
    PULSE_FRACTION,
    Constants,
    best_instructions,
    multiply,
    pack_weights,
)
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.matrix.columns import (
    MAX_PULSE,
    PULSE_STEPS,
    WEIGHT_STEPS,
    Columns,
    column_constants,
    hagen_tau,
    kept,
    line_capacity,
    noise_of_events,
    share_of_shift,
)
from bss2_emulator.matrix.madc import record_column
from bss2_emulator.matrix.operands import Operands
from bss2_emulator.memo import Memo
from bss2_emulator.neurons.physics import REGISTERS, NeuronPhysics, neuron_physics
from bss2_emulator.results import MatrixRun
from bss2_emulator.silicon.noise import HAGEN, RunNoise
from bss2_emulator.silicon.serial import FloatArray, Silicon

NOISE_STEPS: Final = 512  # factors of the kernel's noise in an LSB
MOST_SHIFT: Final = 1000  # LSB, beyond FARTHEST
MOST_NOISE: Final = 48 * NOISE_STEPS  # what is beyond has no limit that matters: the ADC ends long before
UNUSED: Final = np.zeros(c.TILE_ROWS + 1, np.float32)
NOTHING_LOST: Final = np.zeros((0, 0, 0), np.float32)
_PHYSICS: Final = attrgetter(*REGISTERS)
_COLUMNS: Final = attrgetter(
    *REGISTERS, "cadc_ramp_slope", "cadc_ramp_offset", "cadc_offset", "enable_cadc_debug", "debug_voltage",
    "readout_source", "v_adapt_ref",
)  # fmt: skip


class _Reads(NamedTuple):
    """Constants of the columns as the kernel takes them, see ``_kernels/matrix/hagen.pyi``."""

    gain: FloatArray
    shift: NDArray[np.int16]
    baseline: NDArray[np.int16]
    bent: NDArray[np.int16]
    lowest: NDArray[np.float32]
    inverse_limit: NDArray[np.float32]
    bend: NDArray[np.float32]
    noise_rest: int
    noise_common: int
    leaks: bool


class _Ready(NamedTuple):
    """A product under registers and a way to send, but for its operands and its noise.

    Attributes:
        columns: What the columns make of charge.
        drivers: Pulses, see :meth:`HagenEngine._drivers`.
        capacity: What a synaptic line takes after so many events, or ``UNUSED`` where it recovers between them.
        lines: Signs of weights that are collected apart, 0 for both together.
        constants: What the kernel takes.
    """

    columns: Columns
    drivers: tuple[NDArray[np.int16], NDArray[np.int16]]
    capacity: NDArray[np.float32]
    lines: tuple[int, ...]
    constants: Constants


class HagenEngine:
    """Multiplies on one silicon.

    Args:
        silicon: The chip.

    Attributes:
        instructions: Instruction set of the kernel, see ``_kernels/matrix/hagen.pyi``, or None for the best; results do
            not depend on it.
    """

    def __init__(self, silicon: Silicon) -> None:
        self.silicon = silicon
        self.instructions: int | None = None
        self._memo = Memo()

    def run(self, config: ChipConfig, operands: Operands, noise: RunNoise, threads: int) -> MatrixRun:
        """Multiply.

        Tiles of 128 rows and 256 columns are numbered columns first; tile k runs on hemisphere k % 2, row i of a tile
        on driver i. Each tile gives int8; tiles are added digitally.
        """
        silicon, sends, wait = self.silicon, operands.num_sends, operands.wait_between_events
        ready = self._memo.get("ready", (config, sends, wait), lambda: self._prepare(config, sends, wait))
        instructions = best_instructions() if self.instructions is None else self.instructions
        values = np.empty((operands.batch, operands.weights.shape[1]), np.int8)
        ratio = ready.columns.ratio
        packed = [
            pack_weights(operands.weights, silicon.synapse, silicon.dac, ratio, line, threads, instructions)
            for line in ready.lines
        ]
        sent = multiply(
            ready.constants,
            operands.activations,
            operands.starts,
            operands.offsets,
            tuple(packed),
            noise.key,
            HAGEN,
            noise.first_entry,
            noise.run,
            values,
            threads,
            instructions,
        )
        madc = None
        if operands.madc_column is not None:
            lines = None if ready.capacity is UNUSED else ready.capacity
            madc = record_column(config, silicon, ready.columns, ready.drivers, operands, lines, noise)
        return MatrixRun(values, madc, sent * sends)

    def _prepare(self, config: ChipConfig, sends: int, wait: int) -> _Ready:
        """Return all that a product is but its operands and its noise."""
        columns, reads = self._columns(config)
        short = wait < c.HAGEN_WAIT and self.silicon.imperfections.saturation
        capacity = line_capacity(sends, wait, hagen_tau(self.silicon)) if short else UNUSED
        drivers = self._drivers(config)
        constants = self._constants(columns, reads, drivers, capacity, sends, wait)
        return _Ready(columns, drivers, capacity, (1, -1) if short else (0,), constants)

    def _columns(self, config: ChipConfig) -> tuple[Columns, _Reads]:
        return self._memo.get("columns", _COLUMNS(config), lambda: self._derive_columns(config))

    def _derive_columns(self, config: ChipConfig) -> tuple[Columns, _Reads]:
        columns = column_constants(config, self.silicon, self._physics(config))
        ideal, limit = self.silicon.fidelity == "ideal", columns.limit * FRACTION
        farthest = FARTHEST * FRACTION
        reads = _Reads(
            gain=columns.gain / (PULSE_STEPS * WEIGHT_STEPS) * (1 if ideal else FRACTION),
            shift=_shorts(np.clip(columns.shift, -MOST_SHIFT, MOST_SHIFT) * FRACTION),
            baseline=_shorts(np.clip(columns.baseline, -FARTHEST, FARTHEST) * FRACTION),
            bent=_shorts(np.where(limit > 0, np.maximum(-0.7 * limit, -farthest), -farthest)),
            lowest=np.maximum(np.where(limit > 0, -1.3 * limit, -np.inf), -farthest).astype(np.float32),
            inverse_limit=np.divide(1, limit, out=np.zeros_like(limit), where=limit > 0).astype(np.float32),
            bend=(limit / 1.2).astype(np.float32),
            noise_rest=round(columns.read_noise * NOISE_STEPS),
            noise_common=round(columns.common_noise * NOISE_STEPS),
            leaks=bool(columns.decay.any()),
        )
        return columns, reads

    def _physics(self, config: ChipConfig) -> NeuronPhysics:
        return self._memo.get("physics", _PHYSICS(config), lambda: neuron_physics(config, self.silicon))

    def _drivers(self, config: ChipConfig) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Return the length of a pulse per activation of each driver and what it adds, as the kernel takes them."""

        def build() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
            step = self.silicon.mean("hagen_dac_step") * (config.hagen_dac_offset.astype(float) - c.HAGEN_DAC_CENTER)
            gain, offset = self.silicon.drivers
            scale, added = (np.rint(x * (PULSE_STEPS * PULSE_FRACTION)).astype(np.int16) for x in (gain, offset + step))
            return scale, added

        return self._memo.get("drivers", (config.hagen_dac_offset,), build)

    def _constants(
        self,
        columns: Columns,
        reads: _Reads,
        drivers: tuple[NDArray[np.int16], NDArray[np.int16]],
        capacity: NDArray[np.float32],
        sends: int,
        wait: int,
    ) -> Constants:
        """Return what the kernel takes from the registers and from how events are sent."""

        def build() -> Constants:
            shifted = share_of_shift(sends, self.silicon.mean("hagen_offset_events")) * 2**15
            noise = noise_of_events(columns, sends) * NOISE_STEPS
            return Constants(
                *drivers,
                MAX_PULSE,
                capacity,
                np.asarray(reads.gain * sends, np.float32),
                kept(columns.decay, sends * wait) if reads.leaks else NOTHING_LOST,
                reads.shift,
                _shorts(np.minimum(shifted, 2**15 - 1)),
                reads.baseline,
                reads.bent,
                reads.lowest,
                reads.inverse_limit,
                reads.bend,
                reads.noise_rest,
                reads.noise_common,
                _shorts(np.minimum(noise, MOST_NOISE)),
                self.silicon.imperfections.event_noise,
                self.silicon.fidelity == "ideal",
            )

        inputs = *reads, columns.event_noise, columns.decay, *drivers, sends, wait
        return self._memo.get("constants", inputs, build)


def _shorts(values: FloatArray | NDArray[np.float32]) -> NDArray[np.int16]:
    """Return rounded ``values``, int16."""
    return np.rint(values).astype(np.int16)
