"""Multiply-accumulate in hagen mode: pulse lengths times weights, collected on membranes (facts 2.4, 2.5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import constants as c
from bss2_emulator import madc
from bss2_emulator._kernels.hagen import PACK, add_tile, clamp, pack_weights
from bss2_emulator.columns import PULSE_STEPS, WEIGHT_STEPS, Columns, column_constants
from bss2_emulator.config import ChipConfig
from bss2_emulator.memo import Memo
from bss2_emulator.neurons import REGISTERS, NeuronPhysics, neuron_physics
from bss2_emulator.noise import HAGEN, HAGEN_MADC, RunNoise
from bss2_emulator.operands import Operands
from bss2_emulator.results import MadcSamples, MatrixRun
from bss2_emulator.silicon import FloatArray, Silicon


class HagenEngine:
    """Multiplies on one silicon.

    Args:
        silicon: The chip.
    """

    def __init__(self, silicon: Silicon) -> None:
        self.silicon = silicon
        self._memo = Memo()

    def run(self, config: ChipConfig, operands: Operands, noise: RunNoise, threads: int) -> MatrixRun:
        """Multiply.

        Tiles of 128 rows and 256 columns are numbered columns first; tile k runs on hemisphere k % 2, row i of a tile
        on driver i. Each tile gives int8; tiles are added digitally.
        """
        weights, activations = operands.weights, operands.activations
        total = np.zeros((len(activations), weights.shape[1]), np.int32)
        row_starts = range(0, len(weights), c.TILE_ROWS)
        sent = 0
        for x, left in enumerate(range(0, weights.shape[1], c.COLUMNS)):
            for y, top in enumerate(row_starts):
                number = x * len(row_starts) + y
                hemisphere = number % 2
                columns = self._columns(config, hemisphere)
                block = weights[top : top + c.TILE_ROWS, left : left + c.COLUMNS]
                vectors = activations[:, top : top + c.TILE_ROWS]
                gain = columns.gain * self._kept(config, hemisphere, operands, vectors.shape[1])
                add_tile(
                    vectors,
                    self._pulse_offset(config, hemisphere),
                    PULSE_STEPS,
                    c.MAX_PULSE * PULSE_STEPS,
                    self._packed(block, hemisphere, columns),
                    (gain * (operands.num_sends / PULSE_STEPS / WEIGHT_STEPS)).astype(np.float32),
                    columns.baseline,
                    columns.limit,
                    columns.inverse_limit,
                    columns.noise_baseline,
                    columns.noise_result,
                    self.silicon.fidelity == "ideal",
                    noise.key,
                    HAGEN,
                    number,
                    noise.first_entry,
                    noise.run,
                    total[:, left : left + c.COLUMNS],
                    threads,
                )
                sent += int(np.count_nonzero(vectors)) * operands.num_sends
        values = np.empty(total.shape, np.int8)
        clamp(total, values)
        return MatrixRun(values, self._madc(config, operands, noise), sent)

    def _columns(self, config: ChipConfig, hemisphere: int) -> Columns:
        readout = ("cadc_ramp_slope", "cadc_ramp_offset", "cadc_offset", "enable_cadc_debug", "debug_voltage")
        return self._memo.get(
            f"columns of hemisphere {hemisphere}",
            tuple(getattr(config, name) for name in REGISTERS + readout),
            lambda: column_constants(config, self.silicon, hemisphere, self._physics(config)),
        )

    def _physics(self, config: ChipConfig) -> NeuronPhysics:
        registers = tuple(getattr(config, name) for name in REGISTERS)
        return self._memo.get("physics", registers, lambda: neuron_physics(config, self.silicon))

    def _pulse_offset(self, config: ChipConfig, hemisphere: int) -> NDArray[np.float32]:
        """Return what each driver adds to a pulse, in fractions of an activation LSB, (128,)."""
        step = c.HAGEN_DAC_STEP * (config.hagen_dac_offset[hemisphere].astype(np.float64) - c.HAGEN_DAC_CENTER)
        steps = np.rint((self.silicon.driver_offset[hemisphere] + step) * PULSE_STEPS)
        return np.asarray(steps, np.float32)

    def _packed(self, block: NDArray[np.int8], hemisphere: int, columns: Columns) -> NDArray[np.float32]:
        """Return what the synapses of a tile really weigh, in fractions of an LSB, (packs, rows, 16)."""
        rows, width = block.shape
        packed = np.zeros((-(-width // (2 * PACK)) * 2, rows, PACK), np.float32)
        pack_weights(block, self.silicon.synapse[hemisphere], columns.ratio[0], columns.ratio[1], packed)
        return packed

    def _kept(self, config: ChipConfig, hemisphere: int, operands: Operands, rows: int) -> FloatArray:
        """Return the share of the charge that has not leaked at the read, mean over the events of a run, (256,)."""
        here = slice(c.COLUMNS * hemisphere, c.COLUMNS * (hemisphere + 1))
        if not config.enable_leak[here].any():
            return np.ones(c.COLUMNS)
        physics = self._physics(config)
        rate = physics.leak[here] / physics.capacitance[here]
        duration = rows * operands.num_sends * operands.wait_between_events * c.CYCLE
        share = -np.expm1(-duration * rate) / (duration * rate) * np.exp(-c.HAGEN_READ_DELAY * rate)
        return np.asarray(np.where(config.enable_leak[here], share, 1.0))

    def _madc(self, config: ChipConfig, operands: Operands, noise: RunNoise) -> MadcSamples | None:
        """Record the membrane of a column while the first tile's events arrive."""
        column = operands.madc_column
        if column is None:
            return None
        columns, physics = self._columns(config, 0), self._physics(config)
        vectors = operands.activations[:, : c.TILE_ROWS]
        offset = self._pulse_offset(config, 0)[: vectors.shape[1]]
        pulses = np.clip(vectors * np.float64(PULSE_STEPS) + offset, 0, c.MAX_PULSE * PULSE_STEPS) * (vectors > 0)
        effective = self._packed(operands.weights[: c.TILE_ROWS, : c.COLUMNS], 0, columns)
        weight = effective[column // PACK, :, column % PACK]
        steps = pulses * weight * (columns.gain[column] / (PULSE_STEPS * WEIGHT_STEPS))
        slope = max(int(config.cadc_ramp_slope[column // (c.COLUMNS // 2)]), 1)
        steps *= c.CADC_LSB * slope / c.CADC_NOMINAL_SLOPE
        rest = float(physics.leak_potential[column] + self.silicon.readout_offset[column])
        settle = round(c.HAGEN_READ_DELAY / c.CYCLE)
        instants = madc.sample_instants(vectors.shape[1] * operands.num_sends * operands.wait_between_events + settle)
        sigma = np.float32(c.MADC_NOISE * self.silicon.imperfections.madc_noise)
        codes = np.empty((len(vectors), len(instants)), np.uint16)
        for b, step in enumerate(steps):
            sequence = np.tile(step[vectors[b] > 0], operands.num_sends)
            arrivals = (np.arange(len(sequence)) + 1) * operands.wait_between_events
            height = np.concatenate(([0.0], np.cumsum(sequence)))[np.searchsorted(arrivals, instants, side="right")]
            lsb = noise.normals(HAGEN_MADC, b, len(instants)) * sigma
            codes[b] = madc.convert(np.clip(rest + height, *c.RAILS), lsb)
        times = np.tile(np.floor(instants).astype(np.int64), len(steps))
        return MadcSamples(times, codes.ravel(), np.arange(len(steps) + 1, dtype=np.int64) * len(instants))
