"""Experiments: a network that is collected while handles pass through modules, and its runs."""

from typing import TYPE_CHECKING

from hxtorch import core
from hxtorch.spiking.experiment.experiment import BaseExperiment, Experiment, log

if TYPE_CHECKING:
    from hxtorch.core import NeuronPlacement
else:

    def __getattr__(name: str) -> object:
        """Give neuron placement under the path that user scripts know."""
        if name == "NeuronPlacement":
            return core.NeuronPlacement
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["BaseExperiment", "Experiment", "NeuronPlacement", "log"]
