"""What everything that an experiment computes has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from hxtorch.spiking.chip.execution_instance import BaseExecutionInstance
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError, TensorShapeError, TensorTypeError
from hxtorch.spiking.functional.recorded import apart
from hxtorch.spiking.modules import legal
from hxtorch.spiking.modules.calling import arguments_of, call
from hxtorch.spiking.network.handle import Handle, SynapseHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.network.tensors import check_axes, check_finite
from hxtorch.spiking.network.uncompiled import uncompiled


@checked
class HXBaseExperimentModule(torch.nn.Module, ABC):
    """Base of modules, which compute one output, and of wrappers, which compute those of several modules.

    Calling a module with handles adds it to the experiment and returns an empty handle; ``hxtorch.spiking.run``
    executes all modules and fills the handles.

    Args:
        experiment: Collects the module when it is called.

    Raises:
        ExperimentError: ``experiment`` is none.
    """

    input_type: ClassVar[type[Handle]] = Handle
    """What the module reads."""

    output_type: type[Handle] | None = None
    """What the module fills; None for the type of its first input."""

    single_input: ClassVar[bool] = False
    """Whether the module reads exactly one handle."""

    adds_inputs: ClassVar[bool] = False
    """Whether the module may be called several times in a pass, and adds up all that it reads."""

    on_host: bool = True
    """Whether the chip does not see the module."""

    prepares: ClassVar[bool] = False
    """Whether :meth:`prepare` does something."""

    descriptor: Any = None
    """What the module is called in the network on a chip, if it is there."""

    _checks: ClassVar[dict[str, legal.Check]] = {"experiment": legal.legal_experiment}
    """What is looked at when it is set, by name."""

    def __init__(self, experiment: BaseExperiment) -> None:
        super().__init__()
        self.experiment = experiment

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        super().__setattr__(name, value if check is None else check(self, value))

    __call__ = uncompiled(torch.nn.Module.__call__)

    @property
    def func(self) -> Callable[..., Any] | None:
        """What computes the output, None for the own ``forward_func``."""
        return None

    @property
    def label(self) -> str:
        """What messages call the module."""
        return f"{type(self).__name__}({self.extra_repr()})"

    @property
    def numbers_per_step(self) -> int:
        """How many numbers the module makes in one step of one batch entry, at least."""
        size, targets = getattr(self, "size", None), getattr(self, "out_features", None)
        return 2 * size if isinstance(size, int) else targets if isinstance(targets, int) else 0

    @property
    def in_size(self) -> int | None:
        """Number of neurons that inputs must have, or None for any."""
        return None

    @property
    def out_size(self) -> int | None:
        """Number of neurons of the output, or None if the module does not say."""
        return None

    def forward(self, *input: Handle, output: Handle | None = None) -> Any:
        """Join the experiment.

        Args:
            *input: Handles, filled, to be filled until the run, or promised by other modules of the same experiment.
            output: An empty handle to fill, for networks in which it was handed on before; None for a new one.

        Returns:
            The handle that a run fills; of a population that was called before, that of its first call.

        Raises:
            ExperimentError: The module was called before in this pass, there are too many inputs, or ``output`` is
                filled.
            TensorTypeError, TensorShapeError, TensorValueError: An input does not fit.
        """
        if not input or (self.single_input and len(input) > 1):
            wanted = "one" if self.single_input else "at least one"
            raise ExperimentError(f"{self.label}: got {len(input)} handles, wanted {wanted}")
        for handle in input:
            self.check_input(handle)
        made = self.output_type or type(input[0])
        if output is None:
            output = made()
        elif not isinstance(output, made):
            raise TensorTypeError(f"output of {self.label}: got {type(output).__name__}, wanted {made.__name__}")
        return self.experiment.connect(self, input, output)

    @property
    def source_mask(self) -> Tensor | None:
        """Which neurons of the population that it reads may spike in this pass, bool (neuron,), or None for all."""
        return None

    def exec_forward(self, input: Handle | tuple[Handle, ...], output: Handle, hw_map: Mapping[Any, Any]) -> None:
        """Compute the output and fill its handle.

        Args:
            input: Filled handles.
            output: The handle to fill.
            hw_map: What the chip recorded, by module or by its descriptor.
        """
        inputs = input if isinstance(input, tuple) else (input,)
        if self.adds_inputs and len(inputs) > 1 and not arguments_of(self.forward_func).any_number:
            (first, *others) = (handle.filled() for handle in inputs)
            inputs = (SynapseHandle(sum(others, first)),)
        hw_data = recorded(hw_map, self) if hw_map else None
        self._fill(output, self._forward(inputs, hw_data))
        output._events = self.experiment.dt
        if hw_data is not None:
            show(output, hw_data, self)
        output._make_drawable()

    @abstractmethod
    def forward_func(self, *input: Any, hw_data: Any = None) -> Any:
        """Compute the output from filled handles."""

    def check_input(self, handle: object) -> None:
        """Check what can be known of an input when the module is called: its tensor, if it is there by then.

        Raises:
            TensorTypeError, TensorShapeError, TensorValueError: It does not fit.
        """
        if not isinstance(handle, self.input_type):
            hint = "; wrap tensors in hxtorch.spiking.NeuronHandle" if isinstance(handle, Tensor) else ""
            raise TensorTypeError(f"{self.label}: got {type(handle).__name__}, wanted {self.input_type.__name__}{hint}")
        tensor = handle.observable_state
        if tensor is not None and self.in_size is not None:
            self._check_numbers(check_axes(tensor, self, self.in_size))

    def _check_numbers(self, tensor: Tensor) -> None:
        """Check the numbers of an input that was handed in filled."""
        check_finite(tensor, f"input of {self.label}")

    def check_source(self, maker: Any) -> None:
        """Check when the module is called that it can read what another module fills.

        Args:
            maker: The module that fills an input.

        Raises:
            TensorShapeError: It has another number of neurons than this module reads.
        """
        made, wanted = getattr(maker, "out_size", None), self.in_size
        if made is not None and wanted is not None and made != wanted:
            raise TensorShapeError(f"{self.label}: got {made} neurons of {maker.label}, wanted {wanted}")

    def prepare(self, sources: tuple[Any, ...], readers: tuple[Any, ...]) -> None:
        """Get ready for a run; of modules whose class says ``prepares``, runs do this first.

        Args:
            sources: The modules that fill what this one reads, None for inputs of the network.
            readers: The modules that read what this one fills.
        """

    def _forward(self, input: tuple[Any, ...], hw_data: Any) -> Any:
        """Call ``forward_func`` with recordings if it takes them."""
        wants = arguments_of(self.forward_func)
        if "hw_data" in wants.names or wants.everything:
            return self.forward_func(*input, hw_data=hw_data)
        return self.forward_func(*input)

    def _fill(self, output: Handle, result: Any) -> None:
        """Put into a handle what a function returned: its main tensor, a tuple of its fields, or a handle."""
        if isinstance(result, Handle):
            if output._obsv_state in result._carries or not output._obsv_state:
                output.clone(result)
            else:
                output.put(**{output._obsv_state: result.observable_state})
            return
        values = result if isinstance(result, tuple) else (result,)
        if len(values) > len(output._carries):
            raise TensorShapeError(f"{self.label}: returned {len(values)} values, wanted those of {output._names()}")
        if isinstance(result, tuple):
            output.put(*values)
        else:
            output.put(**{output._obsv_state: result})


class HXTorchFunctionMixin:
    """What computes an output from tensors: the own ``forward_func``, or a function of the user.

    Attributes:
        extra_args: What the function gets behind its inputs.
        extra_kwargs: What the function gets by name.
    """

    extra_args: tuple[Any, ...] = ()
    extra_kwargs: Mapping[str, Any] = {}  # instances have their own
    _params: Any = None

    def __init__(self) -> None:
        self._func: Callable[..., Any] | None = None
        self.extra_kwargs = {}

    @property
    def func(self) -> Callable[..., Any] | None:
        """What computes the output, None for the own ``forward_func``; can be set."""
        held = self.__dict__.get("_modules", {}).get("func")  # torch keeps a module there
        return self._func if held is None else held

    @func.setter
    def func(self, function: Callable[..., Any] | None) -> None:
        self._func = function

    @property
    def params(self) -> Any:
        """Parameters that ``func`` gets, of any type, or None; can be set."""
        kept = self.__dict__.get("_modules", {}), self.__dict__.get("_parameters", {})  # as torch does
        return next((one["params"] for one in kept if "params" in one), self._params)

    @params.setter
    def params(self, value: Any) -> None:
        self._params = value

    def extra_repr(self) -> str:
        """Return the function."""
        return "" if self.func is None else f"func={getattr(self.func, '__name__', type(self.func).__name__)}"

    def forward_func(self, *input: Any, hw_data: Any = None) -> Any:
        """Compute the output.

        Args:
            *input: Filled handles.
            hw_data: What the chip recorded of this module, by name or behind the inputs; None in mock mode and for
                modules that it does not see. What is overridden need not take it.

        Returns:
            The main tensor of the output, a tuple of its fields in their order, or a handle.
        """
        if len(input) > 1:
            input, hw_data = apart(input, hw_data)
        experiment = self.experiment  # type: ignore[attr-defined]  # of the module that this is mixed into
        return self._call_func(input, params=self.params, hw_data=hw_data, dt=experiment.dt)

    def _call_func(self, input: tuple[Any, ...], **offered: Any) -> Any:
        """Call ``func`` with the main tensors of ``input`` and with those of ``offered`` that it has arguments for."""
        function = self.func
        if function is None:
            label = self.label  # type: ignore[attr-defined]  # of the module that this is mixed into
            raise ExperimentError(f"{label}: has nothing to compute; hand in func or override forward_func")
        tensors = tuple(handle.observable_state for handle in input)
        return call(function, (*tensors, *self.extra_args), self.extra_kwargs, offered)


def places(*given: Any) -> tuple[BaseExecutionInstance | None, Any, Callable[..., Any] | None]:
    """Sort arguments whose order differs between generations by what came.

    Returns:
        The execution instance, the coordinate of a chip and the function among them, each None if it is not there.
    """
    instance = coordinate = function = None
    for value in given:
        if isinstance(value, BaseExecutionInstance):
            instance = value
        elif callable(value):
            function = value
        elif value is not None:
            coordinate = value
    return instance, coordinate, function


def recorded(hw_map: Mapping[Any, Any], module: Any) -> Any:
    """Return what the chip recorded of a module, by it or by its descriptor, or None."""
    found = dict.get(hw_map, module) if isinstance(hw_map, dict) else hw_map.get(module)  # not by each descriptor
    if found is None and type(hw_map) is dict and module.descriptor is not None:
        found = hw_map.get(module.descriptor)
    return found


def show(output: Handle, hw_data: Any, module: Any) -> None:
    """Put recordings of a module into a filled handle that the model has no place for."""
    recorded_spikes = getattr(module, "_recorded_spikes", None)
    if recorded_spikes is not None:
        output._events = recorded_spikes
    if isinstance(hw_data, HardwareObservables) and hw_data.others:
        output.show(hw_data.others)
