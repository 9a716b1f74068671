"""What the column ADC shall read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.base import Target, declare
from hxtorch.core.calibration.targets.ranges import Values
from hxtorch.core.errors import CalibrationTargetError

_VOLTAGE: dict[str, Any] = {"checked": (70, 550), "hard": (0, 1022), "shapes": (), "integer": True}
_READING: dict[str, Any] = {"checked": (20, 220), "hard": (0, 255), "shapes": ()}


@checked
@dataclass(frozen=True, eq=False)
class CADCCalibTarget(Target):
    """Transfer of the column ADC alone: two codes of the test voltage and what all channels shall read there.

    Attributes:
        v_low, v_high: Codes of the test voltage, ().
        read_low, read_high: Readings, LSB, ().

    Raises:
        CalibrationTargetError: A field is out of its hard range, or the two points are less than 20 LSB or codes apart.

    Source:
        chip facts 7.1.
    """

    kind: ClassVar[str] = "cadc"

    v_low: Values = declare(70, **_VOLTAGE)
    v_high: Values = declare(550, **_VOLTAGE)
    read_low: Values = declare(20, **_READING)
    read_high: Values = declare(220, **_READING)

    def _check(self) -> None:
        for low, high in (("v_low", "v_high"), ("read_low", "read_high")):
            if float(np.asarray(getattr(self, high))) - float(np.asarray(getattr(self, low))) < 20:
                raise CalibrationTargetError(f"{high}: wanted at least 20 above {low}")
