"""What ``hxtorch fit`` runs in a process of its own: a script, with a report instead of its first run of a chip."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from traceback import walk_stack
from typing import Any, NoReturn

from hxtorch import core
from hxtorch.core.compat.__main__ import run_script
from hxtorch.core.fit import ExperimentFit, FitReport, fit_report
from hxtorch.core.interfaces import FitsOnChips
from hxtorch.core.networks.network import Network
from hxtorch.core.sessions.session import Session


class FirstRun(BaseException):
    """The script has come to its first run of a chip; no exception that a script would catch by itself.

    Attributes:
        report: What it would take, or None for matrix products, which share the whole chip one after another.
    """

    def __init__(self, report: FitReport | ExperimentFit | None) -> None:
        super().__init__(report)
        self.report = report


def _routed(network: Network, *_: Any, **__: Any) -> NoReturn:
    raise FirstRun(_report(network))


def _multiplied(*_: Any) -> NoReturn:
    raise FirstRun(None)


def _report(network: Network) -> FitReport | ExperimentFit:
    """Report on the experiment that wants to run ``network``, which knows what would fit, if there is one.

    That one is the last on the stack, and the largest model there names its layers by their attributes.
    """
    experiments, models = [], [(0, None)]
    for frame, _ in walk_stack(None):
        for value in list(frame.f_locals.values()):
            if hasattr(type(value), "chip_networks") and isinstance(value, FitsOnChips):
                experiments.append(value)
            elif hasattr(type(value), "named_modules"):
                models.append((len(list(value.named_modules())), value))
    if not experiments:
        return fit_report(network)
    return fit_report(experiments[0], model=max(models, key=lambda one: one[0])[1])


def main(arguments: Sequence[str]) -> int:
    """Run the script up to its first run of a chip; return 0 where the network fits, else 1."""
    # Every way onto the chip asks here for a routing or a graph, and this process does nothing else.
    for place, name, value in (
        (core, "build_routing", _routed),
        (core, "build_network_graph", _routed),
        (Session, "run_matrix", _multiplied),
    ):
        setattr(place, name, value)
    script, *rest = arguments
    try:
        run_script(Path(script), rest)
    except FirstRun as first:
        print(
            first.report
            or "The first run multiplies matrices: these take the whole chip, part by part, and always fit."
        )
        return int(first.report is not None and not first.report.fits)
    except ModuleNotFoundError as error:
        print(f"{script} ended before it ran a chip: {error}", file=sys.stderr)
        return 1
    print(
        f"{script} ended without a run of a chip; networks with mock=True take nothing of it; "
        "hxtorch.core.fit_report(experiment, model=model) says what they would take, before their run"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
