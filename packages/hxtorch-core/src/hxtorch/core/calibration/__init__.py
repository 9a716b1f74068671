"""Calibration of a chip: targets, measured register codes, files.

``for_target(connection, SpikingCalibTarget(...))`` returns the calibration of a chip, measuring only if there is none
yet; ``calibration.apply(configuration)`` writes it into the registers of a program. ``load`` and ``save`` read and
write files; after ``load``, ``calibration.require_chip(connection)`` refuses one that belongs to another chip.
"""

from hxtorch.core.calibration.bench.procedure import CalibrationOptions, Calibrator
from hxtorch.core.calibration.calibrate import nominal_calibration
from hxtorch.core.calibration.local import moved_to
from hxtorch.core.calibration.nominal.codes import capacitance, nominal_registers
from hxtorch.core.calibration.provider import calibrate, for_target, path_for_target
from hxtorch.core.calibration.stored.comparison import Difference, check_parameters, differences
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.stored.store import dumps, load, loads, save
from hxtorch.core.calibration.targets import (
    CADCCalibTarget,
    Calibrated,
    CalibratedMatching,
    CalibTarget,
    CorrelationCalibTarget,
    HagenCalibTarget,
    HagenNeuronCalibTarget,
    HagenSyninCalibTarget,
    SpikingCalibTarget,
    STPCalibTarget,
    SynapseDriverCalibTarget,
    Uncalibrated,
    preset,
)
from hxtorch.core.calibration.targets.ranges import CalibrationRangeWarning
from hxtorch.core.files import write_whole

__all__ = [
    "CADCCalibTarget",
    "CalibTarget",
    "Calibrated",
    "CalibratedMatching",
    "Calibration",
    "CalibrationOptions",
    "CalibrationRangeWarning",
    "Calibrator",
    "CorrelationCalibTarget",
    "Difference",
    "HagenCalibTarget",
    "HagenNeuronCalibTarget",
    "HagenSyninCalibTarget",
    "STPCalibTarget",
    "SpikingCalibTarget",
    "SynapseDriverCalibTarget",
    "Uncalibrated",
    "calibrate",
    "capacitance",
    "check_parameters",
    "differences",
    "dumps",
    "for_target",
    "load",
    "loads",
    "moved_to",
    "nominal_calibration",
    "nominal_registers",
    "path_for_target",
    "preset",
    "save",
    "write_whole",
]


def __dir__() -> list[str]:
    return sorted(__all__)
