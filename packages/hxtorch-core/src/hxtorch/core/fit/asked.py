"""Ask what a network, or an experiment, takes of chips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, overload

from hxtorch.core.arguments import checked
from hxtorch.core.errors import PlacementError, ProgramError
from hxtorch.core.fit.report import FitReport, has_way, network_report
from hxtorch.core.fit.traffic import Rates
from hxtorch.core.interfaces import FitsOnChips
from hxtorch.core.networks.network import Network


@dataclass(frozen=True, eq=False)
class ExperimentFit:
    """What an experiment takes of its chips; ``str`` gives it as text.

    Attributes:
        reports: By the name of the chip; empty if not all neurons find a place.
        problem: Why they do not, or None.
        proposal: Code with which the experiment fits, or None if none is needed or known.
    """

    reports: Mapping[str, FitReport]
    problem: str | None
    proposal: str | None

    @property
    def fits(self) -> bool:
        """Whether all networks find their way onto chips."""
        return self.problem is None and all(report.fits for report in self.reports.values())

    def __str__(self) -> str:
        parts = [f"The network does not fit: {self.problem}"] if self.problem else []
        several = len(self.reports) > 1
        parts += [f"{name}\n{report}" if several else str(report) for name, report in self.reports.items()]
        if self.proposal:
            parts.append(f"It fits with\n\n{self.proposal}")
        return "\n\n".join(parts)


@overload
def fit_report(network: Network, rates: Rates | None = None, *, exact: bool = False) -> FitReport: ...


@overload
def fit_report(network: FitsOnChips, *, exact: bool = False, model: Any = None) -> ExperimentFit: ...


@checked
def fit_report(
    network: Network | FitsOnChips, rates: Rates | None = None, *, exact: bool = False, model: Any = None
) -> FitReport | ExperimentFit:
    """Say what a network takes of the chip, whether or not it fits; or what an experiment takes of its chips.

    Args:
        network: Any network; or an experiment whose modules were called, also in mock mode, or that has run on a chip.
        rates: Expected mean rate of each source in Hz, a scalar or (size,), by population; those that are missing are
            silent. Without it nothing is said about event rates. For networks only.
        exact: Where greedy routers find no way, search for one, or for a proof that there is none, for 10 s at most, as
            a run does.
        model: Has the layers of an experiment as attributes, whose paths name them in the report and in its proposal.

    Returns:
        The report, which tells the smallest change with which a greedy router finds a way where none does; on an
        experiment one for each chip, and code with which it fits.

    Raises:
        ProgramError: A rate is negative or not finite, has the wrong shape, or its population is unknown; or there are
            rates for an experiment.
        MissingPackageError: ``exact`` is set and scipy is not installed.
    """
    if isinstance(network, Network):
        return network_report(network, rates, exact)
    if not isinstance(network, FitsOnChips):
        raise ProgramError(f"fit_report: got {type(network).__name__}, wanted a Network or an Experiment")
    if rates is not None:
        raise ProgramError("rates: got some for an experiment, wanted None; they are those of a network's populations")
    reports: dict[str, FitReport] = {}
    problem = proposal = None
    try:
        reports = {name: network_report(one, None, exact) for name, one in network.chip_networks(model).items()}
    except PlacementError as error:
        problem = str(error)
    if problem or not all(report.fits for report in reports.values()):
        for code, networks in network.chip_changes(model):
            if all(map(has_way, networks.values())):
                proposal = code
                break
    return ExperimentFit(reports, problem, proposal)
