"""What an experiment collects: calls of modules, and who keeps them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hxtorch.spiking.network.handle import Handle

if TYPE_CHECKING:
    from hxtorch.spiking.modules.base import HXBaseExperimentModule
    from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper


class Step(NamedTuple):
    """One thing to execute: a call of a module, or of all modules of a wrapper.

    Attributes:
        module: The module or wrapper.
        sources: Handles that it reads; of a wrapper those that its modules do not fill themselves, each once.
        target: The handle that it fills; of a wrapper one for each of its modules.
    """

    module: Any
    sources: tuple[Handle, ...]
    target: Any

    def execute(self, hw_map: Mapping[Any, Any]) -> None:
        """Compute the output; ``hw_map`` is what the chip recorded, by module."""
        self.module.exec_forward(self.sources, self.target, hw_map)


class BaseModuleManager(ABC):
    """What an experiment collects: calls of modules, and wrappers that stand for several of them."""

    @abstractmethod
    def clear(self) -> None:
        """Forget everything."""

    @abstractmethod
    def add_node(self, module: HXBaseExperimentModule, sources: Sequence[Handle], target: Handle) -> Any:
        """Note that ``module`` turns ``sources`` into ``target``."""

    @abstractmethod
    def add_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let ``wrapper`` compute its modules."""

    @abstractmethod
    def done(self) -> list[Step]:
        """Return what was collected in an order in which it can be executed."""

    def __str__(self) -> str:
        return f"{type(self).__name__}()"
