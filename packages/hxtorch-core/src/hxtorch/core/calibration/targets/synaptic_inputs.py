"""How the strength of synaptic inputs may be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.ranges import Values


@checked
@dataclass(frozen=True, eq=False)
class CalibratedMatching:
    """Strength of synaptic inputs: all of them are brought to what a typical one has at a code.

    Attributes:
        i_synin_gm: The code, () or (512,).
    """

    i_synin_gm: Values = 500


@checked
@dataclass(frozen=True, eq=False)
class Calibrated:
    """Strength of synaptic inputs: excitatory and inhibitory ones are brought to what typical ones have at two codes.

    Attributes:
        i_synin_gm: The codes, (2,) or (2, 512): excitatory, inhibitory.
    """

    i_synin_gm: Values


@checked
@dataclass(frozen=True, eq=False)
class Uncalibrated:
    """Strength of synaptic inputs: codes that are written as they are, mismatch and all.

    Attributes:
        i_synin_gm: The codes, (), (512,), (2,) or (2, 512).
    """

    i_synin_gm: Values
