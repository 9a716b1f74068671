"""Calibrate the correlation sensors: biases of each quadrant, and trims of every synapse.

An event at each driver comes a known time before or after a spike of each neuron, many times over; causal or acausal
sensors add up. Two distances show time constant and amplitude of every sensor. Neurons are made to fire at once by an
event that bypasses their membrane. Both sensors of a synapse share its trims, which are chosen to suit both.

Source:
    chip facts 6.2, 7.1.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS, HEMISPHERES, NEURONS, ROWS
from hxtorch.core.backends.exchange import run_spiking
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, progress_bar, signed
from hxtorch.core.calibration.bench.stimuli import stimulus_registers
from hxtorch.core.calibration.nominal.codes import code, correlation_registers
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import CorrelationCalibTarget
from hxtorch.core.errors import CalibrationError
from hxtorch.core.interfaces import Connection
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE, InputEvents, Recording, SpikingProgram

CAUSAL, ACAUSAL = 0, 1
TRIGGERS = (0, 127)  # drivers; each is measured while the other one triggers
TRIM = 1 + 0.5 * np.arange(4)  # what the codes of a trim make of time constant and amplitude
MIDDLE = 1  # trim from which there is room on both sides
NEAR, APART = 0.2, 1.2  # time constants from event to spike, and more for the second distance
PERIOD = 12.0  # time constants from pair to pair
WANTED = 40.0  # code that a typical sensor reaches
LEAST, MOST = 2, 254  # codes that say something


class CorrelationCalibrator:
    """Calibrates causal and acausal sensors."""

    def calibrate(
        self, connection: Connection, target: CorrelationCalibTarget, options: CalibrationOptions | None = None
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        wanted = {"tau": float(np.asarray(target.time_constant)), "amplitude": float(np.asarray(target.amplitude))}
        registers = correlation_registers(target)
        registers["i_correlation_ramp"] = code(registers["i_correlation_ramp"] * TRIM[MIDDLE])
        registers["i_correlation_store"] = code(registers["i_correlation_store"] / TRIM[MIDDLE])
        for name in ("correlation_time", "correlation_amplitude"):
            registers[name] = np.full((HEMISPHERES, ROWS, COLUMNS), MIDDLE)
        with progress_bar(options, f"calibrate {connection.identifier}", 2) as progress:
            progress.stage("biases")
            tau, amplitude = sensors(connection, registers, wanted, TRIGGERS[:1])
            ratio = _quadrants(tau) / wanted["tau"], wanted["amplitude"] / _quadrants(amplitude)
            for name, factor in zip(("i_correlation_ramp", "i_correlation_store"), ratio, strict=True):
                registers[name] = np.clip(code(registers[name] * factor), 1, None)
            progress.stage("trims")
            tau, amplitude = sensors(connection, registers, wanted)
            registers["correlation_time"] = _trims(tau / wanted["tau"])
            registers["correlation_amplitude"] = _trims(amplitude / wanted["amplitude"])
        measured = {}
        for name, values, trims in (
            ("time_constant", tau, "correlation_time"),
            ("amplitude", amplitude, "correlation_amplitude"),
        ):
            trimmed = values * TRIM[registers[trims]] / TRIM[MIDDLE]
            measured[name] = np.nanmedian(trimmed, axis=2).reshape(2, NEURONS)
        near = [
            np.abs(np.log2(measured[name] / np.asarray(getattr(target, name)))).max(axis=0) < 1 for name in measured
        ]
        return signed(connection, target, registers, near[0] & near[1], measured, "measured")


def sensors(
    connection: Connection,
    registers: dict[str, np.ndarray],
    expected: dict[str, float],
    triggers: tuple[int, ...] = TRIGGERS,
) -> tuple[np.ndarray, np.ndarray]:
    """Return time constants (s) and amplitudes (LSB) of all sensors, both (causal or acausal, 2, 256, 256).

    Args:
        connection: The chip.
        registers: Biases and trims.
        expected: Time constant and amplitude of a typical sensor.
        triggers: Drivers that make neurons fire; with one of them its own rows are not seen.

    Returns:
        NaN where a sensor is out of range.

    Raises:
        CalibrationError: The backend reads no sensors.
    """
    near, apart = (max(round(share * expected["tau"] / CYCLE), 1) for share in (NEAR, APART))
    period = round(PERIOD * expected["tau"] / CYCLE) + 2 * DRIVERS
    pairs = int(np.clip(np.rint(WANTED / expected["amplitude"] * np.exp(NEAR)), 1, 400))
    taus, amplitudes = [], []
    for sensor in (CAUSAL, ACAUSAL):
        found = []
        for distance in (near, near + apart):
            codes = np.full((NEURONS, COLUMNS), np.nan)
            for trigger in triggers:
                seen = np.arange(NEURONS) % COLUMNS // 2 != trigger
                codes[seen] = _codes(connection, registers, trigger, sensor, distance, period, pairs)[seen]
            found.append(
                np.where((codes >= LEAST) & (codes <= MOST), codes, np.nan).reshape(HEMISPHERES, ROWS, COLUMNS)
            )
        first, second = found
        with np.errstate(divide="ignore", invalid="ignore"):
            tau = apart * CYCLE / np.log(first / second)
            taus.append(np.where(np.isfinite(tau) & (tau > 0), tau, np.nan))
            distances = np.repeat(_distances(sensor, near), 2)[:, np.newaxis]
            amplitudes.append(first / pairs * np.exp(distances * CYCLE / taus[-1]))
    return np.stack(taus), np.stack(amplitudes)


def _distances(sensor: int, distance: int) -> np.ndarray:
    """Return cycles between the event of each driver and the spike, (128,): two drivers a cycle get theirs."""
    later = np.arange(DRIVERS) // 2
    return np.asarray(distance + (later if sensor == ACAUSAL else later[-1] - later))


def _codes(
    connection: Connection,
    registers: dict[str, np.ndarray],
    trigger: int,
    sensor: int,
    distance: int,
    period: int,
    pairs: int,
) -> np.ndarray:
    """Return the codes of one kind of sensors after ``pairs`` pairs of events and spikes, (512, 256)."""
    times = _distances(sensor, distance) * (1 if sensor == ACAUSAL else -1)
    times[trigger] = 0
    order = np.argsort(times, kind="stable")
    labels = ((order % 4) << 14 | (order // 4) << 6).astype(np.uint16)
    starts = distance + DRIVERS + period * np.arange(pairs)
    events = InputEvents(
        (starts[:, np.newaxis] + times[order]).reshape(-1), np.tile(labels, pairs), np.array([0, pairs * DRIVERS])
    )
    fires = np.arange(ROWS) // 2 == trigger
    configuration = ChipConfiguration().replace(
        **{
            **stimulus_registers((0, 0)),
            **registers,
            "row_mode": np.tile(np.where(fires, 1, 2), (2, 1)),
            "weight": np.broadcast_to(np.where(fires, 63, 0)[:, np.newaxis], (HEMISPHERES, ROWS, COLUMNS)),
            "enable_bypass_exc": True,
            "enable_threshold": True,
        }
    )
    recording = Recording(correlation_rows=np.arange(NEURONS))
    result = run_spiking(connection, SpikingProgram(configuration, int(starts[-1]) + period, events, recording))
    if result.correlation is None:
        raise CalibrationError(f"{connection.identifier}: its backend reads no correlation sensors")
    return result.correlation.values[0, ..., sensor].astype(np.float64)


def _quadrants(values: np.ndarray) -> np.ndarray:
    """Return the median of each quadrant over both sensors, (4,)."""
    halves = values.reshape(2, HEMISPHERES, ROWS, 2, COLUMNS // 2).transpose(1, 3, 0, 2, 4).reshape(4, -1)
    return np.asarray(np.nanmedian(halves, axis=1))


def _trims(relative: np.ndarray) -> np.ndarray:
    """Return the trims that come closest for both sensors, given values at the middle trim relative to the target."""
    known = np.log(np.where(np.isfinite(relative), relative, 1.0)).mean(axis=0)
    off = np.abs(known[..., np.newaxis] + np.log(TRIM / TRIM[MIDDLE]))
    return np.asarray(np.argmin(off, axis=-1))
