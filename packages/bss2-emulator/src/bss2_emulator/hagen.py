"""Multiply-accumulate in hagen mode: pulse lengths times weights, collected on membranes (facts 2.4, 2.5)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator import cadc, madc
from bss2_emulator import constants as c
from bss2_emulator._kernels.hagen import PACK, add_tile, clamp, pack_weights
from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import OperandRangeError, RunError
from bss2_emulator.memo import Memo
from bss2_emulator.neurons import REGISTERS, NeuronPhysics, neuron_physics, synin_strength, tau_syn
from bss2_emulator.noise import HAGEN, HAGEN_MADC, RunNoise
from bss2_emulator.results import MadcSamples, MatrixRun
from bss2_emulator.silicon import FloatArray, Silicon

# Operands are rounded to these fractions of an LSB: then every product and sum is an integer below 2**24 and exact in
# float32, so that the bytes of a result do not depend on the order of sums: not on the processor, nor on how a batch is split.
PULSE_STEPS = 8
WEIGHT_STEPS = 4


class Operands(NamedTuple):
    """A checked product: weights int8 (rows, columns), activations uint8 (batch, rows)."""

    weights: NDArray[np.int8]
    activations: NDArray[np.uint8]
    num_sends: int
    wait_between_events: int


class Columns(NamedTuple):
    """Constants of the 256 columns of a hemisphere.

    Attributes:
        ratio: Gain of (inhibitory, excitatory) rows over the larger one, in fractions of a weight LSB, float32 (2, 256).
        gain: The larger gain, LSB per weight and activation, (256,).
        baseline: What a read at rest gives, LSB, float32 (256,).
        limit: Where the negative side flattens, LSB, float32 (256,).
        noise_baseline, noise_result: rms of the two reads, LSB.
    """

    ratio: NDArray[np.float32]
    gain: FloatArray
    baseline: NDArray[np.float32]
    limit: NDArray[np.float32]
    noise_baseline: float
    noise_result: float


def check_operands(weights: Any, activations: Any, num_sends: Any, wait_between_events: Any) -> Operands:
    """Return operands as the kernels take them.

    Raises:
        RunError: Shapes or types do not fit.
        OperandRangeError: A weight is outside -63..63 or an activation outside 0..31.
    """
    weights, activations = np.asarray(weights), np.asarray(activations)
    if weights.ndim != 2 or activations.ndim != 2 or weights.shape[0] != activations.shape[1] or 0 in weights.shape:
        raise RunError(
            f"matrix product: got activations {activations.shape} times weights {weights.shape}, "
            "wanted (batch, rows) times (rows, columns)"
        )
    limits = (("weights", weights, -c.MAX_WEIGHT, c.MAX_WEIGHT), ("activations", activations, 0, c.MAX_ACTIVATION))
    for name, values, low, high in limits:
        if values.dtype.kind not in "iu":
            raise RunError(f"{name}: got type {values.dtype}, wanted integers")
        if values.size and (values.min() < low or values.max() > high):
            bad = values[(values < low) | (values > high)].flat[0]
            raise OperandRangeError(f"{name}: got {bad}, wanted {low} to {high}")
    for name, number in (("num_sends", num_sends), ("wait_between_events", wait_between_events)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
            raise RunError(f"{name}: got {number!r}, wanted an integer of at least 1")
    return Operands(
        np.ascontiguousarray(weights, np.int8), np.ascontiguousarray(activations, np.uint8),
        int(num_sends), int(wait_between_events),
    )  # fmt: skip


class HagenEngine:
    """Multiplies on one silicon.

    Args:
        silicon: The chip.
    """

    def __init__(self, silicon: Silicon) -> None:
        self.silicon = silicon
        self._memo = Memo()

    def run(
        self, config: ChipConfig, operands: Operands, madc_column: int | None, noise: RunNoise, threads: int
    ) -> MatrixRun:
        """Multiply; arguments are legal.

        Tiles of 128 rows and 256 columns are numbered columns first; tile k runs on hemisphere k % 2, row i of a tile on
        driver i. Each tile gives int8; tiles are added digitally.
        """
        weights, activations, num_sends, _ = operands
        batch, (rows, columns) = len(activations), weights.shape
        total = np.zeros((batch, columns), np.int32)
        row_starts = range(0, rows, c.TILE_ROWS)
        sent = 0
        for x, left in enumerate(range(0, columns, c.COLUMNS)):
            for y, top in enumerate(row_starts):
                tile = x * len(row_starts) + y
                hemisphere = tile % 2
                vectors = activations[:, top : top + c.TILE_ROWS]
                constants = self._columns(config, hemisphere)
                gain = constants.gain * self._leaked(config, hemisphere, operands, top)
                add_tile(
                    vectors, self._pulse_offset(config, hemisphere), PULSE_STEPS, c.MAX_PULSE * PULSE_STEPS,
                    self._packed(weights[top : top + c.TILE_ROWS, left : left + c.COLUMNS], hemisphere, constants),
                    (gain * (num_sends / PULSE_STEPS / WEIGHT_STEPS)).astype(np.float32), constants.baseline, constants.limit,
                    constants.noise_baseline, constants.noise_result, self.silicon.fidelity == "ideal", noise.key,
                    HAGEN + tile * c.COLUMNS, noise.first_entry, noise.run, total[:, left : left + c.COLUMNS], threads,
                )  # fmt: skip
                sent += int(np.count_nonzero(vectors)) * num_sends
        values = np.empty((batch, columns), np.int8)
        clamp(total, values)
        return MatrixRun(values, self._madc(config, operands, madc_column, noise), sent)

    def _columns(self, config: ChipConfig, hemisphere: int) -> Columns:
        registers = tuple(getattr(config, name) for name in REGISTERS)
        readout = (config.cadc_ramp_slope, config.cadc_ramp_offset, config.cadc_offset, config.enable_cadc_debug, config.debug_voltage)
        return self._memo.get(
            f"columns{hemisphere}", registers + readout, lambda: _columns(config, self.silicon, hemisphere, self._physics(config))
        )

    def _physics(self, config: ChipConfig) -> NeuronPhysics:
        registers = tuple(getattr(config, name) for name in REGISTERS)
        return self._memo.get("physics", registers, lambda: neuron_physics(config, self.silicon))

    def _pulse_offset(self, config: ChipConfig, hemisphere: int) -> NDArray[np.float32]:
        """Return what each driver adds to a pulse, in fractions of an activation LSB, (128,)."""
        step = c.HAGEN_DAC_STEP * (config.hagen_dac_offset[hemisphere].astype(np.float64) - c.HAGEN_DAC_CENTER)
        return np.rint((self.silicon.driver_offset[hemisphere] + step) * PULSE_STEPS).astype(np.float32)

    def _packed(self, block: NDArray[np.int8], hemisphere: int, columns: Columns) -> NDArray[np.float32]:
        """Return what the synapses of a tile really weigh, in fractions of an LSB, (packs, rows, 16)."""
        rows, width = block.shape
        packed = np.zeros((-(-width // (2 * PACK)) * 2, rows, PACK), np.float32)
        pack_weights(block, self.silicon.synapse[hemisphere], columns.ratio[0], columns.ratio[1], packed)
        return packed

    def _leaked(self, config: ChipConfig, hemisphere: int, operands: Operands, top: int) -> FloatArray:
        """Return the share of the charge that is still there at the read, mean over the events of a run, (256,)."""
        here = slice(c.COLUMNS * hemisphere, c.COLUMNS * (hemisphere + 1))
        if not config.enable_leak[here].any():
            return np.ones(c.COLUMNS)
        physics = self._physics(config)
        rate = physics.leak[here] / physics.capacitance[here]
        events = min(operands.weights.shape[0] - top, c.TILE_ROWS) * operands.num_sends
        duration = events * operands.wait_between_events * c.CYCLE
        share = -np.expm1(-duration * rate) / (duration * rate) * np.exp(-c.HAGEN_READ_DELAY * rate)
        return np.asarray(np.where(config.enable_leak[here], share, 1.0))

    def _madc(
        self, config: ChipConfig, operands: Operands, column: int | None, noise: RunNoise
    ) -> MadcSamples | None:
        """Record the membrane of a column while the first tile's events arrive."""
        if column is None:
            return None
        limit = min(operands.weights.shape[1], c.COLUMNS)
        if isinstance(column, bool) or not isinstance(column, (int, np.integer)) or not 0 <= column < limit:
            raise RunError(f"madc_column: got {column!r}, wanted a column from 0 to {limit - 1}")
        constants = self._columns(config, 0)
        physics = self._physics(config)
        rows = slice(0, c.TILE_ROWS)
        vectors = operands.activations[:, rows]
        offset = self._pulse_offset(config, 0)[: vectors.shape[1]]
        pulses = np.clip(vectors * np.float64(PULSE_STEPS) + offset, 0, c.MAX_PULSE * PULSE_STEPS) * (vectors > 0)
        effective = self._packed(operands.weights[rows], 0, constants)[column // PACK, :, column % PACK]
        step = pulses * effective * (constants.gain[column] / (PULSE_STEPS * WEIGHT_STEPS))
        volts = c.CADC_LSB * max(int(config.cadc_ramp_slope[column // 128]), 1) / c.CADC_NOMINAL_SLOPE
        rest = float(physics.leak_potential[column] + self.silicon.readout_offset[column])
        instants = madc.sample_instants(vectors.shape[1] * operands.num_sends * operands.wait_between_events + 125)
        codes = []
        for b, entry in enumerate(step):
            present = np.flatnonzero(vectors[b])
            order = np.tile(present, operands.num_sends)
            arrival = (np.arange(len(order)) + 1) * operands.wait_between_events
            height = np.concatenate(([0.0], np.cumsum(entry[order])))[np.searchsorted(arrival, instants, side="right")]
            lsb = noise.normals(HAGEN_MADC, b, len(instants)) * np.float32(c.MADC_NOISE * self.silicon.imperfections.madc_noise)
            codes.append(madc.convert(np.clip(rest + height * volts, *c.RAILS), lsb))
        times = np.tile(np.floor(instants).astype(np.int64), len(step))
        offsets = np.arange(len(step) + 1, dtype=np.int64) * len(instants)
        return MadcSamples(times, np.concatenate(codes) if codes else np.empty(0, np.uint16), offsets)


def _columns(config: ChipConfig, silicon: Silicon, hemisphere: int, physics: NeuronPhysics) -> Columns:
    """Translate registers to column constants: gain is charge per pulse over capacitance and ADC step."""
    neurons = np.arange(c.COLUMNS) + c.COLUMNS * hemisphere
    transfer, offset = cadc.transfer(config, silicon, neurons, acausal=False)
    nominal_charge = (c.HAGEN_GM / c.GM_REFERENCE) ** c.GM_EXPONENT * (c.HAGEN_DAC / c.DAC_REFERENCE)
    strength = synin_strength(config, silicon)[:, neurons] / nominal_charge
    time = tau_syn(config, silicon)[:, neurons] / (c.TAU_SYN / c.HAGEN_TAU_CODE * c.SMALL_CAPACITANCE)
    slope = transfer * c.CADC_LSB * c.HAGEN_SLOPE / c.CADC_NOMINAL_SLOPE
    size = c.CAPACITANCE / physics.capacitance[neurons]
    gain = c.HAGEN_GAIN * strength * time * slope * size * physics.connected[:, neurons]
    largest = np.maximum(gain.max(axis=0), 1e-30)
    switches = silicon.imperfections
    limit = (c.HAGEN_LIMIT + silicon.hagen_limit[neurons]) * slope if switches.saturation else np.full(c.COLUMNS, np.inf)
    read = c.CADC_NOISE * switches.cadc_noise
    return Columns(
        ratio=(gain[::-1] / largest * WEIGHT_STEPS).astype(np.float32, order="C"),
        gain=largest,
        baseline=(physics.leak_potential[neurons] * transfer + offset).astype(np.float32),
        limit=np.maximum(limit, 1.0).astype(np.float32),
        noise_baseline=read,
        noise_result=float(np.hypot(read, c.HAGEN_NOISE * switches.cadc_noise)),
    )
