"""Experiments: a network that is collected while handles pass through modules, and its runs."""

from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["Experiment"]
