"""The two kinds of modules that the chip sees: populations of neurons and projections between them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.spiking.modules.base import places
from hxtorch.spiking.modules.hx_module import HXModule
from hxtorch.spiking.modules.legal import kept_size
from hxtorch.spiking.parameter import (
    NUMBERS,
    HXBaseParameter,
    HXTransformedModelParameter,
    MixedHXModelParameter,
    as_parameter,
)

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import BaseExecutionInstance
    from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["BasePopulation", "InputPopulation", "Population", "Projection"]


class _Declared:
    """An attribute that the class names and instances have, without standing in the way of torch's parameters."""

    def __init__(self, text: str) -> None:
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        held = vars(instance).get("_parameters", {}).get(self._name)
        if held is None:
            raise AttributeError("not set yet")  # torch looks further
        return held


def _legal_instance(module: Any, value: Any) -> Any:
    """Return where a population runs, of None the experiment's default."""
    checked = HXModule._checks["execution_instance"](module, value)
    return module.experiment.default_execution_instance if checked is None else checked


class BasePopulation(HXModule, ABC):
    """Neurons or sources of spikes.

    Args:
        size: Number of neurons, at least 1.
        experiment: Collects the module when it is called.
        execution_instance: Where the population runs, or None for the experiment's default.
        chip_coordinate: Which chip of a setup the population is on.
        func: See :class:`HXModule`.
    """

    on_host = False
    size: int = 0
    _checks = HXModule._checks | {"size": kept_size("size")} | {"execution_instance": _legal_instance}

    @property
    def numbers_per_step(self) -> int:
        return 2 * self.size  # spikes and membranes

    def __init__(
        self,
        size: int,
        experiment: BaseExperiment,
        execution_instance: BaseExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: object | None = None,
        func: Callable[..., Any] | None = None,
    ) -> None:
        instance, coordinate, function = places(execution_instance, chip_coordinate, func)
        HXModule.__init__(self, experiment, instance, coordinate, function)
        self.size = size
        if instance is None:
            self._execution_instance = self.experiment.default_execution_instance

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
        return type(self), self.layout()

    def has_trainable_params(self) -> bool:
        """Return whether a parameter is trained."""
        return False

    def register_hw_entity(self) -> None:
        """Ask for a place on the chip that is being prepared."""
        self.experiment.register_population(self)

    @abstractmethod
    def add_to_network_graph(self, builder: core.NetworkBuilder) -> core.PopulationDescriptor:
        """Add the population to the network on the chip and return what it is called there."""

    def extra_repr(self) -> str:
        """Return the size."""
        return f"size={self.size}"


class InputPopulation(BasePopulation, ABC):
    """Sources of spikes."""


class Population(BasePopulation, ABC):
    """Neurons with parameters.

    Args:
        size: Number of neurons, at least 1.
        experiment: Collects the module when it is called.
        execution_instance: Where the population runs, or None for the experiment's default.
        chip_coordinate: Which chip of a setup the population is on.
        func: See :class:`HXModule`.
        **hxparams: Parameters, each becomes an attribute.
    """

    adds_inputs = True

    coordinates: tuple[Any, ...] = ()
    """Where the neurons are, once they were placed on a chip."""

    _found: tuple[dict[str, Any], dict[str, HXBaseParameter]] = {}, {}

    def __init__(
        self,
        size: int,
        experiment: BaseExperiment,
        execution_instance: BaseExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: object | None = None,
        func: Callable[..., Any] | None = None,
        **hxparams: Any,
    ) -> None:
        super().__init__(size, experiment, execution_instance, chip_coordinate, func)
        for name, value in hxparams.items():
            setattr(self, name, as_parameter(value))

    def params_dict(self) -> dict[str, HXBaseParameter]:
        """Return the parameters by their names."""
        return dict(self._parameters_by_name())

    def _parameters_by_name(self) -> dict[str, HXBaseParameter]:
        """Return the parameters by their names, looked for again only where a submodule was set."""
        known, found = self._found
        if known != self._modules:
            known = dict(self._modules)
            found = {name: value for name, value in known.items() if isinstance(value, HXBaseParameter)}
            self.__dict__["_found"] = known, found
        return found

    def has_trainable_params(self) -> bool:
        """Return whether a parameter is trained."""
        for module in self._modules.values():  # asked in each run
            if module is not None and module._parameters and isinstance(module, HXBaseParameter):
                return True
        return False

    def calib_changed_since_last_run(self) -> bool:
        """Return whether the chip has to be calibrated to other values than in the last run, or there was none."""
        before: Any = self._state_of_last_run
        return before is None or before[-1] != self.state()[-1]

    def state(self) -> tuple[Any, ...]:
        """Return what the chip is placed and routed for, and last what it is calibrated for."""
        return super().state(), self.chip_values()

    def state_in_run(self) -> tuple[Any, ...]:
        """Return :meth:`state`, and keep it for the end of the run, so that it is not put together again."""
        state = self.__dict__["_state_in_run"] = self.state()
        return state

    def forget_state(self) -> None:
        """Let the state be put together anew: a parameter got another value."""
        self.__dict__.pop("_state_in_run", None)

    def chip_values(self) -> tuple[Any, ...]:
        """Return the parameters' values for the chip: numbers, and the bytes of tensors."""
        known = self._parameters_by_name()
        values = [parameter.hardware_value for parameter in known.values() if not parameter.model_only]
        return tuple([value if type(value) in NUMBERS else _comparable(value) for value in values])

    def set_trainable_params(self, chip: object) -> None:
        """Write trained parameters to a chip, those that were given a function for that.

        Args:
            chip: What is written to.
        """
        for parameter in self.params_dict().values():
            write = getattr(parameter, "set_on_chip", None)
            if write is not None and isinstance(parameter.model_value, torch.nn.Parameter):
                write(chip, self.coordinates)

    def params_from_calibration(self, targets: Any, neurons: Sequence[Any] | np.ndarray) -> None:
        """Take over for the chip what a calibration was made for.

        Args:
            targets: Has a field for each calibrated parameter: one number, or one for each of the 512 neurons.
            neurons: Where the neurons of the population are: coordinates, or numbers of circuits.
        """
        circuits = [_circuit(neuron) for neuron in neurons]
        for name, parameter in self.params_dict().items():
            field = getattr(targets, name, None)
            if field is None or parameter.model_only:
                continue
            values = np.asarray(field, np.float64)
            own = values if values.ndim == 0 else values[circuits]
            same = own.size and (own == own.flat[0]).all()
            value: Any = float(own.flat[0]) if same else torch.as_tensor(own, dtype=torch.float32)
            if isinstance(parameter, HXTransformedModelParameter):
                self._follow(name, parameter, value)
                continue
            setattr(parameter, "hardware_value", value)  # noqa: B010  # of some kinds of parameters only

    def _follow(self, name: str, parameter: HXTransformedModelParameter, value: Any) -> None:
        """Let the chip have ``value`` where it followed the model; a trained model value goes on deciding."""
        there = torch.as_tensor(parameter.hardware_value, dtype=torch.float32)
        if parameter.is_trainable() or torch.allclose(there, torch.as_tensor(value, dtype=torch.float32), rtol=1e-4):
            return
        setattr(self, name, MixedHXModelParameter(parameter.model_value, value))

    def calibration_from_params(self, targets: Any, neurons: Sequence[Any] | np.ndarray) -> Any:
        """Write what the chip shall be calibrated to into a target.

        Args:
            targets: A spiking calibration target.
            neurons: Where the neurons of the population are: coordinates, or numbers of circuits.

        Returns:
            ``targets`` with the values of this population at its neurons.
        """
        circuits = [_circuit(neuron) for neuron in neurons]
        changed = {}
        for name, parameter in self.params_dict().items():
            if parameter.model_only or getattr(targets, name, None) is None:
                continue
            value = torch.as_tensor(parameter.hardware_value, dtype=torch.float64).detach().cpu().numpy()
            if name == "synapse_dac_bias":
                changed[name] = value.reshape(-1)[0]
                continue
            field = np.array(np.broadcast_to(np.asarray(getattr(targets, name), np.float64), (512,)))
            field[circuits] = value
            changed[name] = field
        return replace(targets, **changed)


class Projection(HXModule, ABC):
    """Synapses between two populations.

    Args:
        in_features, out_features: Sizes of the populations, at least 1.
        experiment: Collects the module when it is called.
        execution_instance: Where the target population runs, or None to leave that to the population.
        chip_coordinate: Which chip of a setup the projection is on.
        func: See :class:`HXModule`.
    """

    on_host = False
    single_input = True
    _checks = HXModule._checks | {name: kept_size(name) for name in ("in_features", "out_features")}

    in_features: int = 0
    out_features: int = 0

    @property
    def numbers_per_step(self) -> int:
        return self.out_features  # a current for each target

    weight: Any = _Declared("Weights in model units, if the synapses have such.")

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: BaseExperiment,
        execution_instance: BaseExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: object | None = None,
        func: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(experiment, *places(execution_instance, chip_coordinate, func))
        self.in_features = in_features
        self.out_features = out_features

    @property
    def in_size(self) -> int | None:
        return self.in_features

    @property
    def out_size(self) -> int | None:
        return self.out_features

    def reaches(self, target: Any) -> None:
        """Take note before a run on a chip of the population that the synapses reach."""

    @abstractmethod
    def hardware_weights(self) -> np.ndarray:
        """Return the weights for the chip in LSB, int8 (in_features, out_features)."""

    def noted_weights(self, before: Any) -> Any:
        """Return what :meth:`hardware_weights` follow of, for :meth:`has_weights`; None if that can not be told.

        Args:
            before: What was noted before, whose memory may be used again, or None.
        """
        return None

    def has_weights(self, noted: Any) -> bool:
        """Return whether :meth:`hardware_weights` are what they were when something was noted."""
        return False

    def hardware_mask(self) -> np.ndarray | None:
        """Return where there are synapses on the chip, bool (in_features, out_features), or None for everywhere."""
        return None

    def state(self) -> Hashable:
        """Return what the chip is routed for: sizes and where there are synapses."""
        mask = self.hardware_mask()
        return type(self), self.in_features, self.out_features, None if mask is None else mask.tobytes()

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
        added = builder.add(core.Projection(pre, post, self.hardware_weights(), self.hardware_mask(), self.label))
        both = added, added
        self.descriptor = both
        return both

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"in_features={self.in_features}, out_features={self.out_features}"


def _comparable(value: Any) -> Any:
    """Return a number, or the bytes of a tensor."""
    return value.detach().double().cpu().numpy().tobytes() if isinstance(value, Tensor) else value


def _circuit(neuron: Any) -> int:
    """Return the number of the circuit that has the parameters of a neuron, of which a coordinate or it is given."""
    return int(neuron.anchor if hasattr(neuron, "anchor") else neuron)
