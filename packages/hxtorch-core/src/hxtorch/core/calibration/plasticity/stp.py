"""Calibrate short-term plasticity: the offset of every synapse driver, so that all of them send equal amplitudes.

Without utilisation a driver's amplitude stays where it is. Halfway between none and full, each driver alone moves all
membranes of its hemisphere; their mean shows its amplitude relative to that of the others.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import COLUMNS, DRIVERS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, progress_bar, signed
from hxtorch.core.calibration.bench.searches import LinearPrediction, predictive_search
from hxtorch.core.calibration.bench.stimuli import stimulus_registers
from hxtorch.core.calibration.bench.trains import Train
from hxtorch.core.calibration.nominal.codes import STP_OFFSET_STEP, STP_RANGE, STP_ZERO, code, stp_registers
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import CalibTarget, SpikingCalibTarget, STPCalibTarget
from hxtorch.core.interfaces import Connection
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE, InputEvents

AMPLITUDE = 0.5  # of a full pulse, at which drivers are compared
AMPLITUDE_LSB = 32  # of a full pulse
WEIGHT = 63
PERIOD = 60e-6  # seconds from pulse to pulse
REPETITIONS = 6
STEPS = 3


class STPCalibrator:
    """Calibrates the drivers with neurons that are calibrated for spiking."""

    needs: CalibTarget = SpikingCalibTarget()

    def calibrate_on(
        self,
        connection: Connection,
        target: STPCalibTarget,
        ready: Calibration,
        options: CalibrationOptions | None = None,
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        bench = Bench(connection, SpikingCalibTarget())
        bench.configuration = ready.apply(ChipConfiguration())
        registers = stp_registers(target)
        with progress_bar(options, f"calibrate {connection.identifier}", 1) as progress:
            progress.stage("synapse drivers")
            comparing = _comparing(bench.configuration, registers)

            def measure(codes: np.ndarray) -> np.ndarray:
                return amplitudes(bench, comparing.replace(stp_offset=codes))

            found = predictive_search(
                measure,
                np.full((2, DRIVERS), AMPLITUDE),
                registers["stp_offset"],
                LinearPrediction(1 / STP_OFFSET_STEP),
                high=15,
                steps=STEPS,
                keep=2,
            )
        measured = {"stp_amplitude": found.values * AMPLITUDE_LSB}
        return signed(connection, target, {**registers, "stp_offset": found.codes}, ready.success, measured, "measured")


def amplitudes(bench: Bench, configuration: ChipConfiguration) -> np.ndarray:
    """Return the amplitude of each driver, its hemisphere's median taken as :data:`AMPLITUDE`, (hemisphere, 128)."""
    train = Train.of(PERIOD, REPETITIONS)
    entries = DRIVERS * train.entries
    driver = np.tile(np.arange(DRIVERS), train.entries)
    labels = (driver % 4) << 14 | (driver // 4) << 6
    times = np.rint(train.times / CYCLE).astype(np.int64)
    offsets = np.minimum(np.arange(entries + 2), entries) * len(times)  # the last entry is silent
    events = InputEvents(np.tile(times, entries), np.repeat(labels, len(times)).astype(np.uint16), offsets)
    result = bench.run(configuration, train.runtime, events)
    response = np.empty((2, DRIVERS))
    for samples in result.cadc:
        ends = samples.batch_offsets
        sums = np.add.reduceat(samples.values.mean(axis=1, dtype=np.float64), ends[:-1])
        means = sums / np.diff(ends)
        moved = np.abs(means[:-1] - means[-1]).reshape(train.entries, DRIVERS).mean(axis=0)
        # drivers at odd positions are inhibitory: they are compared among themselves
        for sign in (0, 1):
            mine = np.flatnonzero(np.arange(DRIVERS) // 4 % 2 == sign)
            response[samples.neurons[0] // COLUMNS, mine] = AMPLITUDE * moved[mine] / np.median(moved[mine])
    return response


def _comparing(neurons: ChipConfiguration, registers: dict[str, np.ndarray]) -> ChipConfiguration:
    """Return registers with which each event has the same amplitude, about :data:`AMPLITUDE`."""
    reach = AMPLITUDE * STP_RANGE * int(registers["i_stp_ramp"][0]) / 600
    level = int(code(int(registers["v_stp"][0]) + STP_ZERO - reach))
    return neurons.replace(
        **{
            **stimulus_registers((WEIGHT, WEIGHT)),
            **registers,
            "v_stp_charge": level,
            "v_stp_recover": level,
            "enable_stp": True,
            "stp_utilization": 0,
            "enable_threshold": False,
        }
    )
