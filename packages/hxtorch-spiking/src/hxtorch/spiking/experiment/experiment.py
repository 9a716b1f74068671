"""An experiment: a network that is collected while handles pass through modules, and the chip that it runs on."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from hxtorch import core
from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.errors import ExperimentError, ParameterError
from hxtorch.spiking.network.graph import ModuleManager
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables

if TYPE_CHECKING:
    from hxtorch.core import ExecutionInfo, Network, Routing
    from hxtorch.spiking.lowering.lower import ChipNetwork
    from hxtorch.spiking.modules.hx_module import HXModule
    from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
    from hxtorch.spiking.modules.types import Population, Projection

HardwareResults = tuple["dict[HXModule, HardwareObservables]", "tuple[ExecutionInfo, ...]"]
"""What was recorded, by module, and what the chip did."""


class BaseExperiment(ABC):
    """What collects modules and runs them."""

    @abstractmethod
    def connect(self, module: HXModule, input_handles: Sequence[TensorHandle], output_handle: TensorHandle) -> None:
        """Add a call of a module."""

    @abstractmethod
    def get_hw_results(self, runtime: int | None) -> HardwareResults:
        """Run what was collected on the chip, for ``runtime`` steps."""

    @abstractmethod
    def clear(self) -> None:
        """Forget what was collected."""


class Experiment(BaseExperiment):
    """Collects a network and runs it, on a chip or in the numerics alone.

    Args:
        mock: Run the numerics alone, without a chip.
        dt: Step of the numerics and of all tensors over time, in seconds.
        calib_path: Calibration for the default execution instance, see :meth:`ExecutionInstance.load_calib`.
        hw_routing_func: Routes a network, or None for ``hxtorch.core.build_routing``.
        execution_instance: The default execution instance, or None for a new one.

    Attributes:
        modules: Calls of modules since the last run.
        execution_info: What the chip did in the last run, one entry per execution instance; empty in mock mode.
        hw_populations, hw_projections: What goes on the chip that is being prepared.

    Raises:
        ParameterError: ``dt`` is no positive number.
        CalibrationFormatError: ``calib_path`` is no spiking calibration.
    """

    def __init__(
        self,
        mock: bool = False,
        dt: float = 1e-6,
        calib_path: str | PathLike[str] | None = None,
        hw_routing_func: Callable[[Network], Routing] | None = None,
        execution_instance: ExecutionInstance | None = None,
    ) -> None:
        try:
            legal = math.isfinite(dt) and dt > 0
        except TypeError:
            legal = False
        if not legal:
            raise ParameterError(f"dt: got {dt!r}, wanted a positive number of seconds")
        self.mock = mock
        self.dt = dt
        self.hw_routing_func = hw_routing_func or core.build_routing
        self._default_execution_instance = execution_instance or ExecutionInstance()
        if calib_path is not None:
            self.load_calib(calib_path)
        self.modules = ModuleManager()
        self.execution_info: tuple[ExecutionInfo, ...] = ()
        self.hw_populations: list[Population] = []
        self.hw_projections: list[Projection] = []
        self._wrappers: list[HXModuleWrapper] = []
        self._chips: dict[ExecutionInstance, ChipNetwork] = {}

    @property
    def default_execution_instance(self) -> ExecutionInstance:
        """Where modules run that name no other."""
        return self._default_execution_instance

    def load_calib(self, calib_path: str | PathLike[str]) -> None:
        """Load a calibration into the default execution instance, see :meth:`ExecutionInstance.load_calib`."""
        self.default_execution_instance.load_calib(calib_path)

    def connect(self, module: HXModule, input_handles: Sequence[TensorHandle], output_handle: TensorHandle) -> None:
        """Add a call of a module to the network; modules do this when they are called.

        Args:
            module: What was called.
            input_handles: What it reads.
            output_handle: What it fills.

        Raises:
            ExperimentError: The module was called in this pass already, or nothing fills an input.
        """
        self.modules.add_node(module, input_handles, output_handle)

    def connect_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let a wrapper compute its modules in this pass; wrappers do this when they are called.

        Raises:
            ExperimentError: Another wrapper has one of the modules, together with others.
        """
        self.modules.add_wrapper(wrapper)

    def wrap_modules(self, modules: Sequence[HXModule], func: Callable[..., Any] | None = None) -> HXModuleWrapper:
        """Compute several modules by one function, in this pass and all that follow.

        Modules that depend on each other in a circle can not be computed one by one. They are called one by one all
        the same: that is the network on the chip.

        Args:
            modules: What to wrap.
            func: See :class:`~hxtorch.spiking.HXModuleWrapper`.

        Returns:
            The wrapper. Its modules can be changed by ``update``.

        Raises:
            ExperimentError: There is no module, or another wrapper has one of them, together with others.
        """
        from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper  # modules need this file

        wrapper = HXModuleWrapper(self, modules, func)
        self.modules.add_wrapper(wrapper)
        self._wrappers = [old for old in self._wrappers if set(old.wrapped) != set(wrapper.wrapped)] + [wrapper]
        return wrapper

    def register_population(self, module: Population) -> None:
        """Put a population on the chip that is being prepared; populations do this when they are told to register."""
        self.hw_populations.append(module)

    def register_projection(self, module: Projection) -> None:
        """Put a projection on the chip that is being prepared; projections do this when they are told to register."""
        self.hw_projections.append(module)

    def clear(self) -> None:
        """Forget the calls of modules since the last run."""
        self.modules.clear()
        for wrapper in self._wrappers:
            self.modules.add_wrapper(wrapper)

    def get_hw_results(self, runtime: int | None) -> HardwareResults:
        """Run the network on the chip.

        Args:
            runtime: Length of the run in steps of ``dt``.

        Returns:
            What was recorded by module, empty in mock mode; and what the chip did.

        Raises:
            NoConnectionError: No chip is connected.
            PlacementError, RoutingError, RecordingError: The network does not fit.
        """
        if self.mock:
            return {}, ()
        if runtime is None:
            raise ExperimentError(
                "runtime: got None, wanted a number of steps; only mock mode takes it from the inputs"
            )
        from hxtorch.spiking.lowering.lower import run_on_chip  # modules need this file

        return run_on_chip(self, runtime, self._chips)
