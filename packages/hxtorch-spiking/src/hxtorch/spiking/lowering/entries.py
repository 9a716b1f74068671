"""How long a chip rests between batch entries."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hxtorch import core
from hxtorch.spiking.errors import ExperimentWarning, ParameterError
from hxtorch.spiking.lowering.plan import Plan

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment

_ENOUGH = 10
"""Time constants after which an entry has left nothing behind."""


def entry_wait(plan: Plan, experiment: Experiment) -> int | None:
    """Return the cycles between entries that run one after the other, or None for independent ones.

    Raises:
        ParameterError: ``inter_batch_entry_wait`` is no whole number of cycles.

    Warns:
        ExperimentWarning: Entries run one after the other; once per experiment.
    """
    wait: Any = experiment.inter_batch_entry_wait
    if isinstance(wait, Mapping):
        wait = wait.get(plan.instance, wait.get(plan.instance.ID))
    if wait is None:
        return None
    if not isinstance(wait, (int, np.integer)) or isinstance(wait, bool) or wait < 0:
        raise ParameterError(f"inter_batch_entry_wait: got {wait!r}, wanted a whole number of FPGA cycles, 125 a us")
    longest = max((_longest(population) for population in plan.populations), default=0.0)
    enough = round(_ENOUGH * longest / core.CYCLE)
    if wait >= enough:
        return None
    if not experiment.said_in_sequence:
        experiment.said_in_sequence = True
        warnings.warn(
            f"inter_batch_entry_wait: {wait} cycles are less than ten time constants, so batch entries run one after "
            f"the other, and what one leaves on the membranes reaches into the next; write {enough} or more, or None, "
            "for independent entries",
            ExperimentWarning,
            stacklevel=2,
        )
    return int(wait)


def _longest(population: Any) -> float:
    """Return the longest time constant of a population, in seconds."""
    times = [population.tau_mem.hardware_value, population.tau_syn.hardware_value]
    return max((float(np.max(np.asarray(time))) for time in times if time is not None), default=0.0)
