"""The two kinds of modules that the chip sees: populations of neurons and projections between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.modules.module import HXModule

if TYPE_CHECKING:
    from hxtorch.spiking.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment import Experiment


class Population(HXModule):
    """Neurons or sources of spikes.

    Args:
        size: Number of neurons, at least 1.
        experiment: Collects the module when it is called.
        execution_instance: Where the population runs, or None for the experiment's default.
        func: See :class:`HXModule`.
    """

    on_host = False

    def __init__(
        self,
        size: int,
        experiment: Experiment,
        execution_instance: ExecutionInstance | None = None,
        func: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(experiment, func)
        self.size = legal_size("size", size)
        self.execution_instance = execution_instance or experiment.default_execution_instance

    @property
    def in_size(self) -> int | None:
        return self.size

    @property
    def out_size(self) -> int | None:
        return self.size

    def extra_repr(self) -> str:
        """Return the size."""
        return f"size={self.size}"


class Projection(HXModule, ABC):
    """Synapses between two populations.

    Args:
        in_features, out_features: Sizes of the populations, at least 1.
        experiment: Collects the module when it is called.
        func: See :class:`HXModule`.
        execution_instance: Where the target population runs, or None to leave that to the population.
    """

    on_host = False
    single_input = True

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Experiment,
        func: Callable[..., Any] | None = None,
        execution_instance: ExecutionInstance | None = None,
    ) -> None:
        super().__init__(experiment, func)
        self.in_features = legal_size("in_features", in_features)
        self.out_features = legal_size("out_features", out_features)
        self.execution_instance = execution_instance

    @property
    def in_size(self) -> int | None:
        return self.in_features

    @property
    def out_size(self) -> int | None:
        return self.out_features

    @abstractmethod
    def hardware_weights(self) -> np.ndarray:
        """Return the weights for the chip in LSB, int8 (in_features, out_features)."""

    def hardware_mask(self) -> np.ndarray | None:
        """Return where there are synapses on the chip, bool (in_features, out_features), or None for everywhere."""
        return None

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}"


def legal_size(name: str, value: int) -> int:
    """Return ``value`` if it is a whole number of at least 1.

    Raises:
        ParameterError: It is not.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ParameterError(f"{name}: got {value!r}, wanted a whole number of at least 1")
    return int(value)
