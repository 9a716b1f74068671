"""What a calibration shall reach. Voltages in CADC LSB (raw), times in seconds, currents in register codes."""

from __future__ import annotations

from typing import TypeAlias

from hxtorch.core.calibration.targets.cadc import CADCCalibTarget
from hxtorch.core.calibration.targets.hagen import (
    HagenCalibTarget,
    HagenNeuronCalibTarget,
    IntegratorTarget,
    SynapseDriverCalibTarget,
)
from hxtorch.core.calibration.targets.hagen_synin import HagenSyninCalibTarget
from hxtorch.core.calibration.targets.plasticity import CorrelationCalibTarget, STPCalibTarget
from hxtorch.core.calibration.targets.presets import PRESETS, preset
from hxtorch.core.calibration.targets.spiking import SpikingCalibTarget
from hxtorch.core.calibration.targets.synaptic_inputs import Calibrated, CalibratedMatching, Uncalibrated

__all__ = [
    "PRESETS",
    "TARGETS",
    "CADCCalibTarget",
    "CalibTarget",
    "Calibrated",
    "CalibratedMatching",
    "CorrelationCalibTarget",
    "HagenCalibTarget",
    "HagenNeuronCalibTarget",
    "HagenSyninCalibTarget",
    "IntegratorTarget",
    "NeuronCalibTarget",
    "STPCalibTarget",
    "SpikingCalibTarget",
    "SynapseDriverCalibTarget",
    "Uncalibrated",
    "preset",
]

NeuronCalibTarget: TypeAlias = SpikingCalibTarget | HagenCalibTarget | HagenNeuronCalibTarget
CalibTarget: TypeAlias = (
    NeuronCalibTarget
    | HagenSyninCalibTarget
    | SynapseDriverCalibTarget
    | STPCalibTarget
    | CADCCalibTarget
    | CorrelationCalibTarget
)

TARGETS: dict[str, type[CalibTarget]] = {
    "spiking": SpikingCalibTarget,
    "hagen": HagenCalibTarget,
    "hagen_synin": HagenSyninCalibTarget,
    "hagen_neuron": HagenNeuronCalibTarget,
    "synapse_driver": SynapseDriverCalibTarget,
    "stp": STPCalibTarget,
    "cadc": CADCCalibTarget,
    "correlation": CorrelationCalibTarget,
}
