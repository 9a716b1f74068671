"""What modules ask of the experiment that collects them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hxtorch.spiking.network.handle import Handle

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.modules.base import HXBaseExperimentModule
    from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
    from hxtorch.spiking.modules.types import BasePopulation, Projection
    from hxtorch.spiking.network.calls import BaseModuleManager

__all__ = ["BaseExperiment"]


class BaseExperiment(ABC):
    """What collects modules and runs them.

    Args:
        modules: Notes calls of modules.
        mock: Run the numerics alone, without a chip.
        dt: Step of the numerics and of all tensors over time, in seconds.
    """

    def __init__(self, modules: BaseModuleManager, mock: bool, dt: float) -> None:
        self.modules: Any = modules
        self.mock = mock
        self.dt = dt

    @property
    @abstractmethod
    def default_execution_instance(self) -> ExecutionInstance:
        """Where modules run that name no other."""

    @abstractmethod
    def connect(self, module: HXBaseExperimentModule, input_handles: Sequence[Handle], output_handle: Handle) -> Handle:
        """Add a call of a module and return the handle that will be filled."""

    @abstractmethod
    def connect_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let a wrapper compute its modules in this pass."""

    @abstractmethod
    def output_of(self, module: HXBaseExperimentModule) -> Handle:
        """Return the handle that a module fills in this pass."""

    @abstractmethod
    def register_population(self, module: BasePopulation) -> None:
        """Put a population on the chip that is being prepared."""

    @abstractmethod
    def register_projection(self, module: Projection) -> None:
        """Put a projection on the chip that is being prepared."""

    @abstractmethod
    def get_hw_results(self, runtime: int | None) -> Any:
        """Run what was collected on the chip, for ``runtime`` steps."""

    @abstractmethod
    def clear(self) -> None:
        """Forget what was collected."""
