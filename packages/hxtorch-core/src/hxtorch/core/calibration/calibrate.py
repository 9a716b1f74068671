"""Which procedure calibrates to which kind of target, what it needs first, and what does without measuring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.arguments import checked
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, Calibrator, Dependent, own_runs, signed
from hxtorch.core.calibration.cadc import CADCCalibrator
from hxtorch.core.calibration.matrix.drivers import SynapseDriverCalibrator
from hxtorch.core.calibration.matrix.hagen import HagenCalibrator, HagenNeuronCalibrator
from hxtorch.core.calibration.matrix.hagen_synin import HagenSyninCalibrator
from hxtorch.core.calibration.neurons.spiking import SpikingCalibrator
from hxtorch.core.calibration.nominal.codes import nominal_registers
from hxtorch.core.calibration.plasticity.correlation import CorrelationCalibrator
from hxtorch.core.calibration.plasticity.stp import STPCalibrator
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.targets import CalibTarget
from hxtorch.core.errors import CalibrationError
from hxtorch.core.interfaces import Connection

Provide = Callable[[Connection, CalibTarget, "CalibrationOptions | None"], Calibration]
"""Gives the calibration of a chip for a target, from wherever."""

PROCEDURES: dict[str, Calibrator | Dependent] = {
    "spiking": SpikingCalibrator(),
    "hagen": HagenCalibrator(),
    "hagen_synin": HagenSyninCalibrator(),
    "hagen_neuron": HagenNeuronCalibrator(),
    "synapse_driver": SynapseDriverCalibrator(),
    "stp": STPCalibrator(),
    "cadc": CADCCalibrator(),
    "correlation": CorrelationCalibrator(),
}


def measure(
    connection: Connection, target: CalibTarget, options: CalibrationOptions | None, provide: Provide
) -> Calibration:
    """Find register codes that bring a chip to a target; ``provide`` gives what the procedure needs first.

    Raises:
        CalibrationError: Not a single neuron reached the target.
    """
    procedure = PROCEDURES[target.kind]
    with own_runs(connection):
        if isinstance(procedure, Dependent):
            ready = provide(connection, procedure.needs, options)
            found = procedure.calibrate_on(connection, target, ready, options)
        else:
            found = procedure.calibrate(connection, target, options)
    if not found.success.any():
        raise CalibrationError(
            f"{connection.identifier}: none of 512 neurons reached the target; ask for values inside of the checked "
            f"ranges, or look at the chip\n{found.report()}"
        )
    return found


@checked
def nominal_calibration(connection: Connection, target: CalibTarget) -> Calibration:
    """Return the codes for a chip without mismatch, unmeasured: right in fidelity ``ideal``, near in ``calibrated``."""
    return signed(connection, target, nominal_registers(target), np.ones(NEURONS, np.bool_), {}, "nominal")
