"""Several modules that are computed as one, because they depend on each other in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ExperimentError, TensorTypeError
from hxtorch.spiking.functional.recorded import apart
from hxtorch.spiking.modules.base import HXBaseExperimentModule, recorded, show
from hxtorch.spiking.modules.calling import arguments_of, call
from hxtorch.spiking.modules.hx_module import HXFunctionalModule
from hxtorch.spiking.modules.types import BasePopulation, Projection
from hxtorch.spiking.network.handle import Handle, TensorHandle
from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["HXModuleWrapper"]


class _ByName(dict[str, Any]):
    """The modules of a wrapper by their names; called, all modules below it, as torch calls ``modules()``."""

    below: Callable[[], Iterator[torch.nn.Module]]

    def __call__(self) -> Iterator[torch.nn.Module]:
        return self.below()


class _InOrder(list[Any]):
    """The modules of a wrapper in their order; called, all modules below it, as torch calls ``modules()``."""

    below: Callable[[], Iterator[torch.nn.Module]]

    def __call__(self) -> Iterator[torch.nn.Module]:
        return self.below()


@checked
class HXModuleWrapper(HXFunctionalModule):
    """Modules that one function computes together; on the chip they stay what they are.

    Two spellings. A function for modules that are called one by one::

        experiment.wrap_modules([recurrent, neuron], func)
        spikes = NeuronHandle()
        neuron(synapse(inputs), recurrent(spikes), output=spikes)

    Or a subclass with an own :meth:`forward_func`, called in the place of its modules, or after them without handles::

        layer = MyLayer(experiment, neuron=neuron, recurrent=recurrent)
        spikes = layer(synapse(inputs))

    Args:
        experiment: Collects the modules when they are called.
        modules: What is wrapped, in the order of outputs.
        func: Function of the main tensors of all handles that the modules read and do not fill themselves, and of the
            ``extra_args`` of all modules. It returns one value per module, each as :class:`HXModule` takes them.
            Keywords of the modules (``params`` and their ``extra_kwargs``) are given if it has them; one that several
            modules have is told apart by a suffix: ``b_0, b_1``, or ``b1, b2``, as the function has it. So are
            ``params`` as a tuple where several modules have some, ``hw_data`` (a tuple, one entry per module),
            ``modules`` and ``dt``.
        **named: More modules; each becomes an attribute.

    Attributes:
        wrapped: The modules.
        modules: The modules: by name if they were given by name, else in their order.

    Raises:
        ExperimentError: There is no module, or one is there twice.
        TensorTypeError: One is no module.
    """

    wrapped: tuple[Any, ...]

    def __init__(
        self,
        experiment: BaseExperiment,
        modules: Sequence[Any] = (),
        func: Callable[..., Any] | None = None,
        **named: Any,
    ) -> None:
        super().__init__(experiment)
        self._names: tuple[str, ...] = ()
        self.update(modules, func, **named)

    @property
    def modules(self) -> Any:  # called, it is torch's
        """The modules: by name if they were given by name, else in their order."""
        if self._names:
            found: _ByName | _InOrder = _ByName((name, getattr(self, name)) for name in self._names)
        else:
            found = _InOrder(self.wrapped)
        found.below = super().modules
        return found

    def contains(self, modules: Any) -> bool:
        """Return whether a module, or all of several, are wrapped."""
        asked = [modules] if isinstance(modules, torch.nn.Module) else modules
        return all(any(module is mine for mine in self.wrapped) for module in asked)

    def update(self, modules: Sequence[Any] = (), func: Callable[..., Any] | None = None, **named: Any) -> None:
        """Wrap other modules.

        Args:
            modules: In the order of outputs.
            func: Computes them, or None to leave that as it is.
            **named: More modules; each becomes an attribute.

        Raises:
            ExperimentError: There is no module, or one is there twice.
            TensorTypeError: One is no module.
        """
        every = [*modules, *named.values()]
        for module in every:
            if not isinstance(module, HXBaseExperimentModule):
                raise TensorTypeError(f"{type(self).__name__}: got {type(module).__name__}, wanted modules to wrap")
        if not every or len({id(module) for module in every}) != len(every):
            raise ExperimentError(f"{type(self).__name__}: got {len(every)} modules, wanted some, each once")
        for name in self._names:
            if name not in named:
                delattr(self, name)
        for name, module in named.items():
            setattr(self, name, module)
        self._names = tuple(named)
        self.wrapped = tuple(every)
        self.on_host = all(module.on_host for module in every)
        self.update_args(every)
        if func is not None:
            self.func = func

    def update_args(self, modules: Sequence[Any]) -> None:
        """Take over what the functions of modules get beside their inputs.

        ``extra_args`` become those of all modules; of ``extra_kwargs``, keywords that several modules have get their
        number behind: ``b_0, b_1``.

        Args:
            modules: What is represented.
        """
        self.extra_args = tuple(arg for module in modules for arg in getattr(module, "extra_args", ()))
        self.extra_kwargs = self._keywords(modules)

    def forward(self, *input: Handle) -> Any:  # type: ignore[override]  # it fills handles of its modules
        """Join the experiment with all modules.

        Args:
            *input: Handles, filled or promised by other modules of the same experiment. Without any, the wrapper only
                takes over the computation in this pass of modules that are called one by one.

        Returns:
            The handle of the last population, or of the last module if there is none.

        Raises:
            ExperimentError: A module is in another wrapper; without input, the last population was not called yet.
            ExperimentError, TensorTypeError, TensorShapeError, TensorValueError: See :meth:`HXModule.forward`.
        """
        self.experiment.connect_wrapper(self)
        if input:
            return self.wire(*input)
        return self.experiment.output_of((self._populations() or self.wrapped)[-1])

    def wire(self, *input: Handle) -> Any:
        """Call the modules with each other's handles; override this for other networks than a row or a ring.

        The modules form a row in their order, and the first one reads the inputs. A projection at the end leads back
        to the first population.

        Args:
            *input: What the wrapper was called with.

        Returns:
            What the wrapper returns.
        """
        populations = self._populations()
        *row, last = self.wrapped
        back: tuple[Handle, ...] = ()
        end: Handle | None = None
        if populations and isinstance(last, Projection):
            end = (populations[-1].output_type or TensorHandle)()
            back = (last(end),)
        else:
            row.append(last)
        handles = input
        for module in row:
            closing = back if populations and module is populations[0] else ()
            output = end if end is not None and module is populations[-1] else None
            handles = (module(*handles, *closing, output=output),)
        return handles[0]

    def forward_func(self, *input: Any, hw_data: Any = None) -> Any:
        """Compute all outputs.

        Args:
            *input: Filled handles: those that the modules read and do not fill themselves.
            hw_data: What the chip recorded of each module, None where it recorded nothing.

        Returns:
            One value per module, each as :class:`HXModule` takes them, or None to leave a handle empty: in a tuple, or
            by the names of the modules; or the value of the last population alone.
        """
        if len(input) > 1:
            input, hw_data = apart(input, hw_data)
        function = self.func
        if function is None:
            raise ExperimentError(f"{self.label}: has nothing to compute; hand in func or override forward_func")
        self.update_args(self.wrapped)
        every = tuple(getattr(module, "params", None) for module in self.wrapped)
        offered = {"params": every, "hw_data": hw_data, "modules": self.wrapped, "dt": self.experiment.dt}
        offered |= self._suffixed(every)
        keywords = dict(self.extra_kwargs)
        for name, value in self.extra_kwargs.items():
            base, _, number = name.rpartition("_")
            if base and number.isdigit():
                keywords[f"{base}{int(number) + 1}"] = value
                if number == "0":
                    keywords.setdefault(base, value)
        wants = arguments_of(function)
        tensors = tuple(handle.observable_state for handle in input)
        following = wants.names[len(tensors) : wants.positions]
        room = next((at for at, name in enumerate(following) if name in offered or name in keywords), len(following))
        extra = self.extra_args if wants.any_number else self.extra_args[:room]
        keywords = {name: value for name, value in keywords.items() if name in wants.names}
        return call(function, (*tensors, *extra), keywords, offered)

    def exec_forward(
        self,
        input: Handle | tuple[Handle, ...],
        output: Any,
        hw_map: Mapping[Any, Any],
    ) -> None:
        """Compute all outputs and fill their handles.

        Args:
            input: Filled handles.
            output: The handles to fill, one per module.
            hw_map: What the chip recorded, by module.

        Raises:
            ExperimentError: There is another number of values than modules.
        """
        inputs = input if isinstance(input, tuple) else (input,)
        hw_data = tuple(recorded(hw_map, module) for module in self.wrapped)
        results = self._by_module(self._forward(inputs, hw_data))
        for module, handle, result, shown in zip(self.wrapped, output, results, hw_data, strict=True):
            if result is not None:
                module._fill(handle, result)
            handle._events = self.experiment.dt
            if shown is not None:
                show(handle, shown, module)

    def extra_repr(self) -> str:
        """Return the modules."""
        return ", ".join(type(module).__name__ for module in self.wrapped)

    def _populations(self) -> list[Any]:
        return [module for module in self.wrapped if isinstance(module, BasePopulation)]

    def _keywords(self, modules: Sequence[Any]) -> dict[str, Any]:
        each = [dict(getattr(module, "extra_kwargs", {})) for module in modules]
        names = [name for own in each for name in own]
        found = {}
        for name in dict.fromkeys(names):
            values = [own[name] for own in each if name in own]
            if len(values) == 1:
                found[name] = values[0]
            else:
                found |= {f"{name}_{number}": value for number, value in enumerate(values)}
        return found

    def _suffixed(self, params: Sequence[Any]) -> dict[str, Any]:
        """Return the parameters of the modules that have some, by both kinds of suffix; of a single one, plainly."""
        there = [one for one in params if one is not None]
        found = {f"params_{number}": one for number, one in enumerate(there)}
        found |= {f"params{number}": one for number, one in enumerate(there, 1)}
        return found | ({"params": there[0]} if len(there) == 1 else {})

    def _by_module(self, result: Any) -> Sequence[Any]:
        """Return one value per module."""
        if isinstance(result, Mapping):
            unknown = sorted(set(result) - set(self._names))
            if unknown:
                raise ExperimentError(f"{self.label}: returned {unknown[0]!r}, wanted names of {self._names}")
            values = {id(getattr(self, name)): value for name, value in result.items()}
            return [values.get(id(module)) for module in self.wrapped]
        if isinstance(result, Handle) and len(self.wrapped) > 1:
            told = (self._populations() or self.wrapped)[-1]
            return [result if module is told else None for module in self.wrapped]
        values_in_order = result if isinstance(result, tuple) else (result,)
        if len(values_in_order) != len(self.wrapped):
            raise ExperimentError(
                f"{self.label}: returned {len(values_in_order)} values, wanted {len(self.wrapped)}: one per module"
            )
        return values_in_order
