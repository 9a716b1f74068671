"""Targets of the calibrations that ship with the default chip."""

from __future__ import annotations

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.hagen import HagenCalibTarget
from hxtorch.core.calibration.targets.hagen_synin import HagenSyninCalibTarget
from hxtorch.core.calibration.targets.spiking import SpikingCalibTarget
from hxtorch.core.errors import CalibrationTargetError

PRESETS = ("spiking", "spiking2", "neuron", "hagen", "hagen_synin")


@checked
def preset(name: str) -> SpikingCalibTarget | HagenCalibTarget | HagenSyninCalibTarget:
    """Return the target of a calibration that ships with the default chip.

    Args:
        name: ``spiking`` (also what readout neurons ask for by default), ``spiking2``, ``neuron`` (what spiking neurons
            ask for by default), ``hagen`` or ``hagen_synin``.

    Raises:
        CalibrationTargetError: There is none of that name.
    """
    if name == "spiking":
        return SpikingCalibTarget()
    if name == "spiking2":
        return SpikingCalibTarget(reset=80, threshold=150, tau_mem=6e-6, tau_syn=6e-6, synapse_dac_bias=1000)
    if name == "neuron":
        return SpikingCalibTarget(reset=80, refractory_time=1e-6)
    if name == "hagen":
        return HagenCalibTarget()
    if name == "hagen_synin":
        return HagenSyninCalibTarget()
    raise CalibrationTargetError(f"calibration preset: got {name!r}, wanted one of {', '.join(PRESETS)}")
