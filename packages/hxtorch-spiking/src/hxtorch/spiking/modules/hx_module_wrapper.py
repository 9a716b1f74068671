"""Several modules that are computed as one, because they depend on each other in a circle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hxtorch.spiking.errors import ExperimentError, TensorTypeError
from hxtorch.spiking.modules.base import HXBaseExperimentModule
from hxtorch.spiking.modules.hx_module import HXModule
from hxtorch.spiking.modules.types import Population, Projection
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.tensors import check_axes

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment


class HXModuleWrapper(HXBaseExperimentModule):
    """Modules that one function computes together; on the chip they stay what they are.

    Two spellings. A function for modules that are called one by one::

        experiment.wrap_modules([recurrent, neuron], func)
        spikes = NeuronHandle()
        neuron(synapse(inputs), recurrent(spikes), output=spikes)

    Or a subclass with an own :meth:`forward_func`, called in the place of its modules::

        layer = MyLayer(experiment, neuron=neuron, recurrent=recurrent)
        spikes = layer(synapse(inputs))

    Args:
        experiment: Collects the modules when they are called.
        modules: What is wrapped, in the order of outputs.
        func: Function of the main tensors of all handles that the modules read and do not fill themselves. It returns
            one value per module, each as :class:`HXModule` takes them. Arguments of the names ``params``, ``hw_data``
            (a tuple, one entry per module), ``modules`` and ``dt`` are given if it has them.
        **named: More modules; each becomes an attribute.

    Attributes:
        wrapped: The modules.

    Raises:
        ExperimentError: There is no module, or one is there twice.
        TensorTypeError: One is no module.
    """

    wrapped: tuple[HXModule, ...]

    def __init__(
        self,
        experiment: Experiment,
        modules: Sequence[HXModule] = (),
        func: Callable[..., Any] | None = None,
        **named: HXModule,
    ) -> None:
        super().__init__(experiment, func)
        self._names = tuple(named)
        for name, module in named.items():
            setattr(self, name, module)
        self.update([*modules, *named.values()], func)

    def contains(self, modules: HXModule | Sequence[HXModule]) -> bool:
        """Return whether a module, or all of several, are wrapped."""
        asked = [modules] if isinstance(modules, HXModule) else modules
        return all(any(module is mine for mine in self.wrapped) for module in asked)

    def update(self, modules: Sequence[HXModule], func: Callable[..., Any] | None = None) -> None:
        """Wrap other modules.

        Args:
            modules: In the order of outputs.
            func: Computes them, or None to leave that as it is.

        Raises:
            ExperimentError: There is no module, or one is there twice.
            TensorTypeError: One is no module.
        """
        for module in modules:
            if not isinstance(module, HXModule):
                raise TensorTypeError(f"{type(self).__name__}: got {type(module).__name__}, wanted modules to wrap")
        if not modules or len({id(module) for module in modules}) != len(modules):
            raise ExperimentError(f"{type(self).__name__}: got {len(modules)} modules, wanted some, each once")
        self.wrapped = tuple(modules)
        if func is not None:
            self._func = func

    def forward(self, *input: TensorHandle) -> TensorHandle:
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
        populations = [module for module in self.wrapped if isinstance(module, Population)]
        return self.experiment.modules.output_data((populations or self.wrapped)[-1])

    def wire(self, *input: TensorHandle) -> TensorHandle:
        """Call the modules with each other's handles; override this for other networks than a row or a ring.

        The modules form a row in their order, and the first one reads the inputs. A projection at the end leads back
        to the first population.

        Args:
            *input: What the wrapper was called with.

        Returns:
            What the wrapper returns.
        """
        populations = [module for module in self.wrapped if isinstance(module, Population)]
        *row, last = self.wrapped
        back: tuple[TensorHandle, ...] = ()
        end: TensorHandle | None = None
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

    def forward_func(self, *input: TensorHandle, hw_data: tuple[HardwareObservables | None, ...] = ()) -> Any:
        """Compute all outputs.

        Args:
            *input: Filled handles: those that the modules read and do not fill themselves.
            hw_data: What the chip recorded of each module, None where it recorded nothing.

        Returns:
            One value per module, each as :class:`HXModule` takes them, or None to leave a handle empty: in a tuple, or
            by the names of the modules; or the value of the last population alone.
        """
        params = tuple(module.params for module in self.wrapped)
        return self._call_func(input, params=params, hw_data=hw_data, modules=self.wrapped, dt=self.experiment.dt)

    def exec_forward(
        self,
        input: TensorHandle | tuple[TensorHandle, ...],
        output: tuple[TensorHandle, ...],
        hw_map: Mapping[HXModule, HardwareObservables],
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
        for handle in inputs:
            check_axes(handle.observable_state, f"input of {self.label}")
        hw_data = tuple(hw_map.get(module) for module in self.wrapped)
        results = self._by_module(self.forward_func(*inputs, hw_data=hw_data))
        for module, handle, result, shown in zip(self.wrapped, output, results, hw_data, strict=True):
            if result is not None:
                self._fill(handle, result)
            if shown is not None:
                module.show(handle, shown)

    def extra_repr(self) -> str:
        """Return the modules."""
        return ", ".join(type(module).__name__ for module in self.wrapped)

    def _by_module(self, result: Any) -> Sequence[Any]:
        """Return one value per module."""
        if isinstance(result, Mapping):
            unknown = sorted(set(result) - set(self._names))
            if unknown:
                raise ExperimentError(f"{self.label}: returned {unknown[0]!r}, wanted names of {self._names}")
            values = {id(getattr(self, name)): value for name, value in result.items()}
            return [values.get(id(module)) for module in self.wrapped]
        if isinstance(result, TensorHandle):
            populations = [module for module in self.wrapped if isinstance(module, Population)]
            told = (populations or self.wrapped)[-1]
            return [result if module is told else None for module in self.wrapped]
        values_in_order = result if isinstance(result, tuple) else (result,)
        if len(values_in_order) != len(self.wrapped):
            raise ExperimentError(
                f"{self.label}: returned {len(values_in_order)} values, wanted {len(self.wrapped)}: one per module"
            )
        return values_in_order
