"""Calibrate spiking neurons: every register of a :class:`SpikingCalibTarget`, by measuring."""

from __future__ import annotations

import numpy as np

from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, progress_bar, signed
from hxtorch.core.calibration.cadc import calibrate_cadc
from hxtorch.core.calibration.neurons.coba import calibrate_coba
from hxtorch.core.calibration.neurons.compartments import calibrate_icc
from hxtorch.core.calibration.neurons.potentials import calibrate_leak, calibrate_reset
from hxtorch.core.calibration.neurons.references import calibrate_references
from hxtorch.core.calibration.neurons.synapses import calibrate_synaptic_inputs
from hxtorch.core.calibration.neurons.threshold import calibrate_threshold
from hxtorch.core.calibration.neurons.time_constants import calibrate_tau_mem
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import SpikingCalibTarget
from hxtorch.core.interfaces import Connection

STAGES = 10


class SpikingCalibrator:
    """Calibrates for spiking experiments.

    Each stage needs only what is calibrated before it: readout; offsets of the synaptic inputs, which else move the
    rest; leak; threshold; membrane, which fires to show its time constant; synaptic inputs, seen through the membrane;
    conductance-based inputs, if any, by comparison with current-based ones; reset, which works against the leak; leak
    again, now with all currents as they will be; conductances between compartments, if asked for, against the leak.
    """

    def calibrate(
        self, connection: Connection, target: SpikingCalibTarget, options: CalibrationOptions | None = None
    ) -> Calibration:
        """Return register codes that bring the chip behind ``connection`` to ``target``."""
        bench = Bench(connection, target)
        threshold = np.asarray(target.per_neuron("threshold"))
        with progress_bar(options, f"calibrate {connection.identifier}", STAGES) as progress:
            progress.stage("CADC")
            calibrate_cadc(bench)
            progress.stage("synaptic references")
            calibrate_references(bench)
            progress.stage("leak")
            calibrate_leak(bench, steps=1)
            progress.stage("threshold")
            bench.require(calibrate_threshold(bench, threshold))
            progress.stage("tau_mem")
            calibrate_tau_mem(bench, threshold)
            progress.stage("synaptic inputs")
            calibrate_synaptic_inputs(bench)
            progress.stage("conductance-based inputs")
            calibrate_coba(bench)
            progress.stage("reset")
            bench.require(calibrate_reset(bench, np.asarray(target.per_neuron("reset"))))
            progress.stage("leak again")
            bench.require(calibrate_leak(bench, steps=3, entries=128))
            progress.stage("compartments")
            calibrate_icc(bench)
        return signed(connection, target, bench.found, bench.success, bench.measured, "measured")
