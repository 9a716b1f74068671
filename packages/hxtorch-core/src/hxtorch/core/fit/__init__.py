"""Before a run: what of the chip a network takes, whether it fits, and what would."""

from hxtorch.core.fit.asked import ExperimentFit, fit_report
from hxtorch.core.fit.remedy import Remedy, smallest_change
from hxtorch.core.fit.report import FitReport, Usage
from hxtorch.core.fit.traffic import Load, Rates, expected_traffic

__all__ = [
    "ExperimentFit",
    "FitReport",
    "Load",
    "Rates",
    "Remedy",
    "Usage",
    "expected_traffic",
    "fit_report",
    "smallest_change",
]
