"""Calibrate neurons, or neurons and synapse drivers, for analog matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, Progress, progress_bar, signed
from hxtorch.core.calibration.cadc import calibrate_cadc
from hxtorch.core.calibration.matrix.columns import calibrate_gains, measure_noise
from hxtorch.core.calibration.matrix.drivers import calibrate_drivers
from hxtorch.core.calibration.neurons.potentials import calibrate_leak, calibrate_reset
from hxtorch.core.calibration.neurons.references import calibrate_references
from hxtorch.core.calibration.neurons.synapses import calibrate_tau_syn
from hxtorch.core.calibration.neurons.threshold import calibrate_threshold
from hxtorch.core.calibration.neurons.time_constants import calibrate_tau_mem
from hxtorch.core.calibration.nominal.codes import nominal_registers
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import HagenCalibTarget, HagenNeuronCalibTarget, SynapseDriverCalibTarget
from hxtorch.core.interfaces import Connection

STAGES = 7  # of the integrators
STRENGTHS = ("i_synin_exc_gm", "i_synin_inh_gm", "i_synapse_dac_bias")
THRESHOLD = 150.0  # LSB; neurons fire only to show their membrane time constant


class HagenCalibrator:
    """Calibrates all that matrix products need.

    What products show is calibrated on products: the offset of every synapse driver, then the gain of every column for
    weights of both signs.
    """

    def calibrate(
        self, connection: Connection, target: HagenCalibTarget, options: CalibrationOptions | None = None
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        bench = Bench(connection, target)
        with progress_bar(options, f"calibrate {connection.identifier}", STAGES + 2) as progress:
            calibrate_integrators(bench, progress)
            progress.stage("synapse drivers")
            calibrate_drivers(bench, SynapseDriverCalibTarget())
            progress.stage("gain")
            calibrate_gains(bench)
        return signed(connection, target, bench.found, bench.success, bench.measured, "measured")


class HagenNeuronCalibrator:
    """Calibrates neurons alone; gains are means over all drivers of a hemisphere, whose offsets cancel in them."""

    def calibrate(
        self, connection: Connection, target: HagenNeuronCalibTarget, options: CalibrationOptions | None = None
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        bench = Bench(connection, target)
        limit = float(np.asarray(target.target_noise))
        with progress_bar(options, f"calibrate {connection.identifier}", STAGES + 2) as progress:
            calibrate_integrators(bench, progress)
            progress.stage("gain")
            calibrate_gains(bench)
            progress.stage("noise")
            measure_noise(bench, None if np.isnan(limit) else limit)
        return signed(connection, target, bench.found, bench.success, bench.measured, "measured")


@contextmanager
def strong_inputs(bench: Bench) -> Iterator[None]:
    """Take the usual strength of synapses and inputs for a while: weak ones are hard to see, and as fast."""
    target, before, usual = bench.target, bench.configuration, HagenCalibTarget()
    assert isinstance(target, HagenCalibTarget | HagenNeuronCalibTarget)  # noqa: S101 - for the type checker
    strong = {"i_synin_gm": usual.i_synin_gm, "synapse_dac_bias": usual.synapse_dac_bias}
    bench.target = type(target).restore({**target.values(), **strong})
    registers = nominal_registers(bench.target)
    bench.configuration = before.replace(**{name: registers[name] for name in STRENGTHS})
    try:
        yield
    finally:
        bench.target = target
        bench.set(**{name: getattr(before, name) for name in STRENGTHS})


def calibrate_integrators(bench: Bench, progress: Progress) -> None:
    """Calibrate neurons as for spiking, then switch their leak off.

    During a product the leak is off, so offset currents of the synaptic inputs have no time to move the baseline: the
    leak must not make up for them.
    """
    threshold = np.full(NEURONS, THRESHOLD)
    progress.stage("CADC")
    calibrate_cadc(bench)
    progress.stage("synaptic references")
    calibrate_references(bench)
    progress.stage("leak")
    calibrate_leak(bench, steps=1)
    progress.stage("tau_mem")
    calibrate_threshold(bench, threshold, steps=2)
    calibrate_tau_mem(bench, threshold)
    progress.stage("tau_syn")
    with strong_inputs(bench):
        calibrate_tau_syn(bench, steps=3)
    progress.stage("reset")
    bench.require(calibrate_reset(bench, np.asarray(bench.target.per_neuron("leak"))))
    progress.stage("leak again")
    bench.require(calibrate_leak(bench, steps=3, entries=128, inputs=False))
    bench.set(enable_leak=False)
    del bench.found["v_threshold"]  # served the calibration only
