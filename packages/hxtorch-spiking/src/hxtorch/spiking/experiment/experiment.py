"""An experiment: a network that is collected while handles pass through modules, and the chip that it runs on."""

from __future__ import annotations

import difflib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from hxtorch import core, logger
from hxtorch.core.looks import table
from hxtorch.spiking.chip.execution_info import ExecutionInfo
from hxtorch.spiking.chip.execution_instance import ExecutionInstance, ExecutionInstances
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError, ExperimentWarning, ParameterError
from hxtorch.spiking.experiment.module_manager import ModuleManager
from hxtorch.spiking.modules.hx_module_wrapper import HXModuleWrapper
from hxtorch.spiking.modules.legal import legal_flag
from hxtorch.spiking.network.handle import Handle
from hxtorch.spiking.network.roles import BaseExperiment

if TYPE_CHECKING:
    import torch

    from hxtorch.core import CADCRecording, Chip, Network, NetworkGraph, Routing
    from hxtorch.spiking.lowering.lower import ChipNetwork
    from hxtorch.spiking.modules.base import HXBaseExperimentModule
    from hxtorch.spiking.modules.hx_module import HXModule
    from hxtorch.spiking.modules.types import BasePopulation, Projection

__all__ = ["BaseExperiment", "Experiment", "log"]

log = logger.get("hxtorch.spiking.experiment")


@checked
class Experiment(BaseExperiment):
    """Collects a network and runs it, on a chip or in the numerics alone.

    From the first call of a module to the end of the run it belongs to one thread; others take one of their own.

    Args:
        mock: Run the numerics alone, without a chip.
        dt: Step of the numerics and of all tensors over time, in seconds.
        hw_routing_func: Routes a network, or None for ``hxtorch.core.build_routing``. A path in its place is taken for
            ``calib_path``.
        calib_path: Calibration for the default execution instance, see :meth:`ExecutionInstance.load_calib`.
        execution_instance: The default execution instance, or None for a new one.

    Attributes:
        modules: Calls of modules since the last run.
        execution_info: What each chip did in the last run; empty in mock mode.
        hw_populations, hw_projections: What goes on the chip that is being prepared.
        neuron_placement: Where neurons are on the chip that was prepared last, by their numbers.
        id_counter: Number of neurons on that chip.
        inter_batch_entry_wait: FPGA cycles (125 a us) between batch entries on a chip, by execution instance or its
            ``ID``, or for all. None, and ten time constants or more: entries are independent, as after an endless
            wait. Below that they run one after the other, with one warning, and what one leaves on the membranes
            reaches into the next.
        inter_batch_entry_routing_disabled: Whether events are kept from the chip between entries; there are none here.
        injection_pre_static_config, injection_pre_realtime, injection_inside_realtime_begin,
            injection_inside_realtime_end, injection_post_realtime: Those of the default execution instance.

    Raises:
        ParameterError: ``mock`` is no boolean, or ``dt`` no positive number.
        CalibrationFormatError: ``calib_path`` is no spiking calibration.
    """

    def __init__(
        self,
        mock: bool = False,
        dt: float = 1e-6,
        hw_routing_func: Callable[[Network], Routing] | str | PathLike[str] | None = None,
        calib_path: str | PathLike[str] | Callable[[Network], Routing] | None = None,
        execution_instance: ExecutionInstance | None = None,
    ) -> None:
        super().__init__(ModuleManager(), mock, dt)
        path = routing = None
        for given in (hw_routing_func, calib_path):
            if isinstance(given, (str, os.PathLike)):
                path = given
            elif isinstance(given, ExecutionInstance):
                execution_instance = given
            elif given is not None:
                routing = given
        self.hw_routing_func = routing or core.build_routing
        self._default_execution_instance = execution_instance or ExecutionInstance()
        self.execution_info: tuple[core.ExecutionInfo, ...] = ()
        self.hw_populations: list[BasePopulation] = []
        self.hw_projections: list[Projection] = []
        self.neuron_placement = core.NeuronPlacement()
        self.id_counter = 0
        self.inter_batch_entry_wait: Any = None
        self.said_in_sequence = False
        self.inter_batch_entry_routing_disabled = True
        self._wrappers: list[HXModuleWrapper] = []
        self._chips: dict[ExecutionInstance, ChipNetwork] = {}
        if path is not None:
            self.load_calib(path)

    modules: ModuleManager

    def _rows(self) -> list[tuple[str, str]]:
        calls = [step.module.label for step in self.modules]  # its representation has lines of its own
        return [
            ("dt", f"{self.dt * 1e6:g} us"),
            ("runs on", "numerics (mock=True)" if self.mock else "chip"),
            ("modules", ", ".join(calls) or "none since the last run"),
            ("last run", "; ".join(info.serial for info in self.execution_info) or "none on a chip"),
        ]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name} {text}' for name, text in self._rows())})"

    def _repr_html_(self) -> str:
        return table(type(self).__name__, ("what", "value"), self._rows())

    @property
    def default_execution_instance(self) -> ExecutionInstance:
        """Where modules run that name no other."""
        return self._default_execution_instance

    @property
    def execution_instance(self) -> ExecutionInstance:
        """The default execution instance, under the older name; can be set."""
        return self._default_execution_instance

    @execution_instance.setter
    def execution_instance(self, instance: ExecutionInstance) -> None:
        self._default_execution_instance = instance

    @property
    def execution_instances(self) -> ExecutionInstances:
        """The execution instances of the modules in this pass; without any, those of the last run, or the default."""
        found = ExecutionInstances()
        for step in self.modules:
            instance = getattr(step.module, "_execution_instance", None)
            if instance is not None:
                found.add(instance)
        if not found:
            found.update(self._chips or [self._default_execution_instance])
        return found

    @property
    def cadc_recording(self) -> CADCRecording | None:
        """How the column ADC recorded in the default execution instance, or None."""
        return self._default_execution_instance.cadc_recordings()

    @property
    def has_madc_recording(self) -> bool:
        """Whether a module of this pass, or of the last run, is recorded by the membrane ADC."""
        modules = [step.module for step in self.modules] or self._default_execution_instance.modules
        return any(getattr(module, "enable_madc_recording", False) for module in modules)

    @property
    def grenade_network(self) -> Network | None:
        """The network that the default execution instance ran last, or None."""
        graph = self.grenade_network_graph
        return None if graph is None else graph.network

    @property
    def grenade_network_graph(self) -> NetworkGraph | None:
        """The same with places and routes."""
        chip = self._chips.get(self._default_execution_instance)
        return None if chip is None else chip.graph

    @property
    def last_run_chip_configs(self) -> dict[int, Chip | None]:
        """Registers with which the chips ran last, by the ``ID`` of the execution instance."""
        return {instance.ID: instance.chip for instance in self._chips}

    def load_calib(self, calib_path: str | PathLike[str] | None = None) -> Chip:
        """Load a calibration into the default execution instance, see :meth:`ExecutionInstance.load_calib`.

        Args:
            calib_path: Its file, or None for the nightly calibration of the connected chip.

        Returns:
            The registers of the chip with the calibration.
        """
        return self._default_execution_instance.load_calib(calib_path)

    def recalibrate(self) -> None:
        """Measure in the next run again, on all chips of the experiment: see :meth:`ExecutionInstance.recalibrate`."""
        for instance in {self._default_execution_instance, *self._chips}:
            instance.recalibrate()

    def connect(self, module: HXBaseExperimentModule, input_handles: Sequence[Handle], output_handle: Handle) -> Handle:
        """Add a call of a module to the network; modules do this when they are called.

        Args:
            module: What was called.
            input_handles: What it reads.
            output_handle: What it fills.

        Returns:
            What it fills: of a population that was called before, the handle of the first call.

        Raises:
            ExperimentError: The module was called in this pass already and does not add up its inputs.
            TensorShapeError: The output of another layer has another number of neurons than this one reads.
        """
        for handle in input_handles:
            maker = self.modules.maker(handle)
            if maker is not None:
                module.check_source(maker)
        return self.modules.add_node(module, input_handles, output_handle)

    def connect_wrapper(self, wrapper: HXModuleWrapper) -> None:
        """Let a wrapper compute its modules in this pass; wrappers do this when they are called.

        Raises:
            ExperimentError: Another wrapper has one of the modules, together with others.
        """
        self.modules.add_wrapper(wrapper)

    def output_of(self, module: HXBaseExperimentModule) -> Handle:
        """Return the handle that a module fills in this pass.

        Raises:
            ExperimentError: It was not called.
        """
        return self.modules.call_of(module).target  # type: ignore[no-any-return]

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
        wrapper = HXModuleWrapper(self, modules, func)
        self.modules.add_wrapper(wrapper)
        self._wrappers = [old for old in self._wrappers if set(old.wrapped) != set(wrapper.wrapped)] + [wrapper]
        return wrapper

    def register_population(self, module: BasePopulation) -> None:
        """Put a population on the chip that is being prepared; populations do this when they are told to register."""
        self.hw_populations.append(module)

    def register_projection(self, module: Projection) -> None:
        """Put a projection on the chip that is being prepared; projections do this when they are told to register."""
        self.hw_projections.append(module)

    def clear(self) -> None:
        """Forget the calls of modules since the last run: the way out after an exception between two of them."""
        self.modules.clear()
        for wrapper in self._wrappers:
            self.modules.add_wrapper(wrapper)

    def get_hw_results(self, runtime: int | None) -> tuple[Any, ExecutionInfo | None]:
        """Run the network on the chip.

        Args:
            runtime: Length of the run in steps of ``dt``.

        Returns:
            What was recorded, by module or its descriptor, and what the chip did; empty and None in mock mode.

        Raises:
            ExperimentError: There is no runtime.
            ParameterError: It is no whole number of at least 1.
            NoConnectionError: No chip is connected.
            PlacementError, RoutingError, RecordingError: The network does not fit.
        """
        self.modules.pre_process(self)
        legal = isinstance(runtime, (int, np.integer)) and not isinstance(runtime, bool) and runtime >= 1
        if runtime is not None and not legal:
            raise ParameterError(
                f"runtime: got {runtime!r}, wanted a whole number of steps of {self.dt:g} s, at least 1"
            )
        if self.mock:
            self.execution_info = ()
            return {}, None
        if runtime is None:
            raise ExperimentError(
                "runtime: got None, wanted a number of steps; only mock mode takes it from the inputs"
            )
        from hxtorch.spiking.lowering.lower import run_on_chip  # slow to import: mock mode goes without a chip

        batch_size, steps = self._extent()
        ran = run_on_chip(self, int(runtime), batch_size, steps, self._chips)
        self.execution_info = tuple(ran.infos.values())
        return ran.recorded, ExecutionInfo.of({instance.ID: info for instance, info in ran.infos.items()})

    def chip_networks(self, model: torch.nn.Module | None = None) -> dict[str, Network]:
        """Return what the modules of this pass, or of the last run, put on chips; nothing runs, also in mock mode.

        Args:
            model: Has the modules as attributes, whose paths name them.

        Returns:
            The network of each chip by its execution instance, for ``hxtorch.core.fit_report``, which takes the
            experiment as well.

        Raises:
            ExperimentError: No module was called.
            PlacementError: Not all neurons find a place.
        """
        from hxtorch.spiking.lowering import fit  # slow to import: mock mode goes without a chip

        return fit.chip_networks(self, model)

    def chip_changes(self, model: torch.nn.Module | None = None) -> Iterator[tuple[str, dict[str, Network]]]:
        """Yield changes that may make the modules of this pass fit, small ones first.

        More circuits for neurons with more inputs than a circuit takes, layers on a second chip, or both. The modules
        stay as they are.

        Args:
            model: Has the modules as attributes, whose paths name them.

        Yields:
            Code that makes the change, and the network of each chip with it.
        """
        from hxtorch.spiking.lowering import fit  # slow to import: mock mode goes without a chip

        yield from fit.chip_changes(self, model)

    def _extent(self) -> tuple[int, int]:
        """Return the batch size and the number of steps of the inputs."""
        batch_size = steps = 1
        for handle in self.modules.input_data():
            shape = handle.filled().shape
            batch_size, steps = max(batch_size, shape[1] if len(shape) > 2 else 1), max(steps, shape[0])
        return batch_size, steps

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and not hasattr(self, name):
            known = [known for known in {*dir(type(self)), *vars(self)} if not known.startswith("_")]
            near = difflib.get_close_matches(name, known, 1, 0.8) if "_default_execution_instance" in vars(self) else []
            if near and "_chips" in vars(self):
                text = f"{type(self).__name__}: {name!r} is set, which nothing reads; did you mean {near[0]!r}?"
                warnings.warn(text, ExperimentWarning, stacklevel=2)
        legal = _LEGAL.get(name)
        super().__setattr__(name, value if legal is None else legal(name, value))


def _legal_dt(name: str, value: Any) -> Any:
    try:
        # beyond these it gets lost on the way
        legal = not isinstance(value, (str, bytes, bool)) and 1e-30 < float(value) < 1e30
    except (TypeError, ValueError, RuntimeError, OverflowError):
        legal = False
    if not legal:
        raise ParameterError(f"{name}: got {value!r:.60}, wanted a positive number of seconds, 1e-30 to 1e30")
    return value if isinstance(value, (int, float)) else float(value)


_LEGAL: dict[str, Callable[[str, Any], Any]] = {"mock": legal_flag, "dt": _legal_dt}


def _injection(name: str) -> property:
    """Return a property that reads and sets a hook of the default execution instance."""

    def read(self: Experiment) -> Any:
        return getattr(self.default_execution_instance, name)

    def write(self: Experiment, value: Any) -> None:
        setattr(self.default_execution_instance, name, value)

    return property(read, write, doc=f"``{name}`` of the default execution instance.")


for _name in ("pre_static_config", "pre_realtime", "inside_realtime_begin", "inside_realtime_end", "post_realtime"):
    setattr(Experiment, f"injection_{_name}", _injection(f"injection_{_name}"))
