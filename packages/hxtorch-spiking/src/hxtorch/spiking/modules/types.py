"""The two kinds of modules that the chip sees: populations of neurons and projections between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from hxtorch import core
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.modules.hx_module import HXModule

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment


class Population(HXModule, ABC):
    """Neurons or sources of spikes.

    Args:
        size: Number of neurons, at least 1.
        experiment: Collects the module when it is called.
        execution_instance: Where the population runs, or None for the experiment's default.
        func: See :class:`HXModule`.
    """

    on_host = False

    descriptor: core.PopulationDescriptor | None = None
    """What the population is called in the network that is being prepared for a chip, or runs there."""

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

    def layout(self) -> tuple[Any, ...]:
        """Return what placing and routing depend on: populations whose layouts are equal need not be routed again."""
        return (self.size,)

    def state(self) -> Hashable:
        """Return what the chip is placed, routed and calibrated for."""
        return super().state(), self.layout()

    def register_hw_entity(self) -> None:
        """Ask for a place on the chip that is being prepared."""
        self.experiment.register_population(self)

    @abstractmethod
    def add_to_network_graph(self, builder: core.NetworkBuilder) -> core.PopulationDescriptor:
        """Add the population to the network on the chip and return what it is called there."""

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

    def state(self) -> Hashable:
        """Return what the chip is routed for: sizes and where there are synapses."""
        mask = self.hardware_mask()
        return super().state(), self.in_features, self.out_features, None if mask is None else mask.tobytes()

    def register_hw_entity(self) -> None:
        """Ask for synapses on the chip that is being prepared."""
        self.experiment.register_projection(self)

    def add_to_network_graph(
        self, pre: core.PopulationDescriptor, post: core.PopulationDescriptor, builder: core.NetworkBuilder
    ) -> tuple[core.ProjectionDescriptor, ...]:
        """Add the synapses to the network on the chip.

        Args:
            pre: What the source population is called there.
            post: What the target population is called there.
            builder: Collects the network.

        Returns:
            What the excitatory and the inhibitory synapses are called there: the same, as one signed projection has
            both.

        Raises:
            RoutingError: The populations are of other sizes, or ``post`` is not on the chip.
        """
        signed = builder.add(core.Projection(pre, post, self.hardware_weights(), self.hardware_mask(), self.label))
        return signed, signed

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
