"""What spiking neurons shall be like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.base import CAPACITANCE, DAC_BIAS, GM, Target, declare, optional
from hxtorch.core.calibration.targets.ranges import INPUTS, PER_NEURON, Optionals, Values
from hxtorch.core.calibration.targets.synaptic_inputs import Calibrated, CalibratedMatching, Uncalibrated
from hxtorch.core.errors import CalibrationTargetError

_POTENTIAL: dict[str, Any] = {"checked": (50, 160), "hard": (0, 255)}


@partial(checked, missing=("e_coba_reversal", "e_coba_reference"))
@dataclass(frozen=True, eq=False)
class SpikingCalibTarget(Target):
    """Parameters of spiking neurons, scalars or one value per neuron.

    Attributes:
        leak: Resting potential, CADC LSB (raw; users see raw - 128), () or (512,).
        reset: Potential during the reset phase, CADC LSB, () or (512,).
        threshold: Firing threshold, CADC LSB, () or (512,).
        tau_mem: Membrane time constant, seconds, () or (512,).
        tau_syn: Synaptic time constants, seconds, (), (512,) or (2, 512): excitatory, inhibitory.
        i_synin_gm: Strength of the synaptic inputs: all neurons are brought to what a typical neuron has at this code,
            (), (512,), (2,) or (2, 512); or :class:`CalibratedMatching`, :class:`Calibrated`, :class:`Uncalibrated`.
        membrane_capacitance: Register code 0..63, () or (512,); 63 is about 2.2 pF.
        refractory_time: Seconds from a spike to the end of its refractory period, () or (512,).
        holdoff_time: Seconds at the end of that period during which the membrane is already released, () or (512,).
        synapse_dac_bias: Register code of the synapses' bias current, matched over the four quadrants, ().
        e_coba_reversal: Potential at which a conductance-based synaptic input has no effect, CADC LSB, (512,), (2,)
            or (2, 512): excitatory, inhibitory; None, or NaN for some neurons, leaves inputs current-based.
        e_coba_reference: Potential at which it has the strength of the current-based input, CADC LSB; None takes the
            resting potential.
        tau_icc: Time constant at which the inter-compartment conductance charges the membrane, seconds, () or (512,);
            None leaves it uncalibrated. The conductance itself is switched on by the network.
        synin_gm_calibrated: 1 if ``i_synin_gm`` is reached by calibration, 0 if its codes are written as they are.

    Raises:
        CalibrationTargetError: A field has the wrong shape, is not finite, or out of its hard range.

    Source:
        chip facts 3.4 and 7.1.
    """

    kind: ClassVar[str] = "spiking"

    leak: Values = declare(80, **_POTENTIAL)
    reset: Values = declare(70, **_POTENTIAL)
    threshold: Values = declare(125, checked=(50, 220), hard=(0, 255))
    tau_mem: Values = declare(10e-6, checked=(0.5e-6, 60e-6), hard=(0.1e-6, 2000e-6))
    tau_syn: Values = declare(10e-6, checked=(0.3e-6, 30e-6), hard=(0.1e-6, 100e-6), shapes=(PER_NEURON, INPUTS))
    i_synin_gm: Values = declare(500, checked=(30, 800), **GM)
    membrane_capacitance: Values = declare(63, **CAPACITANCE)
    refractory_time: Values = declare(2e-6, checked=(40e-9, 32e-6), hard=(16e-9, 66e-3))
    holdoff_time: Values = declare(0, checked=(0, 4e-6), hard=(0, 8e-3))
    synapse_dac_bias: Values = declare(600, **DAC_BIAS)
    e_coba_reversal: Optionals = optional(checked=(-30, 220), hard=(-180, 243), shapes=(PER_NEURON, INPUTS))
    e_coba_reference: Optionals = optional(checked=(60, 160), hard=(0, 255), shapes=(PER_NEURON, INPUTS))
    tau_icc: Optionals = optional(checked=(0.3e-6, 30e-6), hard=(0.01e-6, 1e-3))
    synin_gm_calibrated: Values = declare(1, later=True, checked=(0, 1), hard=(0, 1), shapes=(), integer=True)

    def _unwrap(self) -> None:
        kind = self.i_synin_gm
        if isinstance(kind, CalibratedMatching | Calibrated | Uncalibrated):
            object.__setattr__(self, "i_synin_gm", kind.i_synin_gm)
            object.__setattr__(self, "synin_gm_calibrated", int(not isinstance(kind, Uncalibrated)))

    def coba_reference(self) -> np.ndarray:
        """Return ``e_coba_reference``, or the resting potential where it is None, CADC LSB (2, 512)."""
        reference = self.per_input("e_coba_reference")
        return np.where(np.isnan(reference), self.per_neuron("leak"), reference)

    def _check(self) -> None:
        if (np.asarray(self.holdoff_time) > np.asarray(self.refractory_time)).any():
            raise CalibrationTargetError(
                f"holdoff_time: got up to {np.max(self.holdoff_time):g} s, wanted at most the refractory time, "
                "whose last part it is"
            )
        ahead = (self.per_input("e_coba_reversal") - self.coba_reference()) * np.array([[1], [-1]])
        if (ahead <= 0).any():
            raise CalibrationTargetError(
                "e_coba_reversal: wanted excitatory inputs above and inhibitory ones below the reference potential "
                f"{self.coba_reference()[ahead <= 0][0]:g}"
            )
