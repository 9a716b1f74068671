"""What short-term plasticity and correlation sensors shall be like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.base import Target, declare
from hxtorch.core.calibration.targets.ranges import Values

_CODE: dict[str, Any] = {"checked": (0, 1022), "hard": (0, 1022), "shapes": (), "integer": True}


@checked
@dataclass(frozen=True, eq=False)
class STPCalibTarget(Target):
    """Short-term plasticity of the synapse drivers: the voltages behind it, and equal amplitudes of all drivers.

    Set 0 facilitates by default, set 1 depresses; each driver selects one of them (``stp_target``).

    Attributes:
        v_charge_0, v_recover_0: Codes of the voltages of set 0: where events take a driver, where it recovers to, ().
        v_charge_1, v_recover_1: Those of set 1, ().
        i_ramp: Code of the current behind the slope of the amplitude, ().
        v_stp: Code of the voltage behind its zero, ().

    Raises:
        CalibrationTargetError: A field is no code.

    Source:
        chip facts 2.3 and 7.1.
    """

    kind: ClassVar[str] = "stp"

    v_charge_0: Values = declare(100, **_CODE)
    v_recover_0: Values = declare(400, **_CODE)
    v_charge_1: Values = declare(330, **_CODE)
    v_recover_1: Values = declare(50, **_CODE)
    i_ramp: Values = declare(600, **_CODE)
    v_stp: Values = declare(180, **_CODE)


@checked
@dataclass(frozen=True, eq=False)
class CorrelationCalibTarget(Target):
    """Correlation sensors of the synapses.

    Attributes:
        amplitude: What a coincidence adds, LSB, ().
        time_constant: Over which it is forgotten, seconds, ().

    Raises:
        CalibrationTargetError: A field is out of its hard range.

    Source:
        chip facts 7.1.
    """

    kind: ClassVar[str] = "correlation"

    amplitude: Values = declare(0.5, checked=(0.2, 2.0), hard=(0.01, 20), shapes=())
    time_constant: Values = declare(5e-6, checked=(2e-6, 30e-6), hard=(0.5e-6, 400e-6), shapes=())
