"""What neurons compute: the equations of a layer, stepped through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from types import NoneType
from typing import Any, ClassVar

from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.eventprop.grid import EventPropCurrent
from hxtorch.spiking.functional.models import aelif
from hxtorch.spiking.functional.models.step_code import CuBaStepCode
from hxtorch.spiking.functional.recorded import HardwareData, apart, observables
from hxtorch.spiking.functional.steps.compiled import full_precision
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.euler import Value, fraction
from hxtorch.spiking.functional.steps.integration import integrate
from hxtorch.spiking.functional.steps.loop import Feedback, Terms, Traces
from hxtorch.spiking.functional.steps.masked import Masked
from hxtorch.spiking.functional.surrogates.threshold import Surrogate
from hxtorch.spiking.modules.calling import arguments_of
from hxtorch.spiking.modules.neurons import checks
from hxtorch.spiking.modules.neurons.circuits import NeuronCircuits
from hxtorch.spiking.modules.neurons.declared import spell_out
from hxtorch.spiking.network.handle import NeuronHandle, ReadoutNeuronHandle, SynapseHandle, TensorHandle
from hxtorch.spiking.network.observables import NOTHING, HardwareObservables
from hxtorch.spiking.network.tensors import check_axes
from hxtorch.spiking.parameter import MixedHXModelParameter

_OF_MODEL = {
    "leak": "leak",
    "reset": "reset",
    "threshold": "threshold",
    "tau_syn": "tau_syn",
    "refractory_time": "refractory_time",
    "exponential_slope": "exp_slope",
    "exponential_threshold": "exp_threshold",
    "subthreshold_adaptation_strength": "subthreshold_adaptation_strength",
    "spike_triggered_adaptation_increment": "spike_triggered_adaptation_increment",
    "tau_adap": "tau_adap",
}
"""Arguments of the numerics by those of the module."""

_NEEDED = "leak", "reset", "threshold", "refractory_time"
"""Arguments of the numerics that may be left out, but not be None."""

_NUMBERS = frozenset((float, int, NoneType))


def _constants(
    step: CuBaStepCode, dt: float, names: Sequence[str], values: Sequence[Value], capacity: Value | None
) -> Constants:
    """Return the factors of one step.

    Args:
        step: Terms of the equations.
        dt: Length of a step in seconds.
        names: Arguments of the module that the numerics know.
        values: Theirs, and behind them the membrane time constant.
        capacity: Membrane capacitance, None for one that makes the leak's conductance 1.
    """
    *own, tau = values
    given = {_OF_MODEL[name]: value for name, value in zip(names, own, strict=True)}
    for name in _NEEDED:
        if given.get(name, 0.0) is None:
            raise ParameterError(f"{name}: got None, wanted a finite number, a tensor or an array")
    capacity = tau if capacity is None else capacity
    if step.leaky or step.exponential:
        fraction(tau, dt, "tau_mem")
        given["g_l"] = capacity / tau
    return aelif.constants(step, dt, c_mem=capacity, **given)


_constants_of_numbers = lru_cache(64)(_constants)


@lru_cache(64)
def _names_of_model(*known: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the module's arguments that the numerics know."""
    return tuple(name for name in _OF_MODEL if any(name in names for names in known))


class AnalogNeuron(NeuronCircuits):
    """Base of the neuron models: their numerics.

    A model is a class with a declaration of its arguments
    (:func:`~hxtorch.spiking.modules.neurons.declared.declares`) and the terms of its equations.
    """

    steps_alone: ClassVar[bool] = True
    """Whether the model is what the equations say, so that it can be stepped together with others."""

    traces_back: ClassVar[int] = 0
    """Tensors (time, batch, neuron) that are there at once on the way back, if they are more than the run's."""

    @property
    def recurs(self) -> bool:
        """Whether the model can take its own spikes as input: it fires, and is what its equations say."""
        return self.fires and self.steps_alone and self.func is None

    @property
    def params(self) -> Any:
        """Model values in the older spelling, or what ``func`` was given instead; can be set.

        Values of the model's type go to the parameters of the layer, whose values on the chip stay where they may
        differ; others are for ``func``.
        """
        own = super().params
        return self._model_params() if own is None else own

    @params.setter
    def params(self, value: Any) -> None:
        given = spell_out({"params": value, "func": self.func}, self.arguments, self.older_params)
        self._params = given.pop("params", None)
        del given["func"]
        for name, one in given.items():
            if isinstance(one, MixedHXModelParameter):
                one.hardware_value = getattr(self, name).hardware_value
            setattr(self, name, one)

    def _model_params(self) -> Any:
        """Return the model values in the older spelling, None if that knows no such model."""
        made = self.older_params
        return None if made is None else made(**self._model_values(made._fields))

    @property
    def terms(self) -> Terms:
        """Terms that the equations have."""
        return aelif.terms(self.step)

    def total_input(self, handles: tuple[TensorHandle, ...]) -> Tensor:
        """Return the sum of the weighted spikes of all synapses onto this population, not shortened by autocast.

        A function of one's own may take more axes than the model does. Of the two currents that EventProp's function of
        synapses stacks, (2, time, batch, neuron), models read the first, and send its derivative back to the other; as
        ``func``, too.
        """
        first, *others = (self._checked_input(handle.filled()) for handle in handles)
        total = full_precision(first)
        for other in others:
            total = total + other
        return total

    def _checked_input(self, tensor: Tensor) -> Tensor:
        if tensor.ndim > 3 and tensor.shape[-1] == self.size:
            if self.func is not None and not _is_model(self.func):
                return tensor
            if tensor.ndim == 4 and len(tensor) == 2:
                first: Tensor = EventPropCurrent.apply(tensor, self.experiment.dt)  # type: ignore[no-untyped-call]
                return first
        return check_axes(tensor, self, self.size)

    def step_constants(self) -> Constants:
        """Return the factors of one step of the model.

        Raises:
            ParameterError: A time constant is below half a step, or the slope is not positive.
        """
        known = self._parameters_by_name()
        names = _names_of_model(self.parameter_names, self.register_names)
        values = (*[known[name].model_value for name in names], known["tau_mem"].model_value)
        given = self.step, self.experiment.dt, names, values, known["membrane_capacitance"].model_value
        try:
            if _NUMBERS.issuperset(map(type, values)) and type(given[-1]) in _NUMBERS:
                return _constants_of_numbers(*given)
            return _constants(*given)
        except ParameterError as error:
            raise ParameterError(f"{self.label}: {error}") from None

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> Traces:
        """Return the traces of the model, with recordings in their place.

        Args:
            current: Weighted spikes (time, batch, neuron).
            recorded: What the chip showed.
            feedback: What spikes of one step (batch, neuron) add to the input of the next, in recurrent layers.
        """
        method, traces = self._masked(self.method), self.enable_cadc_recording
        return integrate(current, self.step_constants(), self.terms, recorded, method, self.alpha, traces, feedback)

    def handle(
        self, traces: Traces, recorded: HardwareObservables, current: Tensor
    ) -> NeuronHandle | ReadoutNeuronHandle:
        """Return traces of the model as what users get: membranes and adaptation only if they are recorded.

        Args:
            traces: What :meth:`integrate` returned.
            recorded: What the chip showed.
            current: Weighted spikes (time, batch, neuron); a layer that they never make fire warns once.
        """
        silent = self.fires and not self._heard
        if silent:
            threshold = self.threshold.model_value
            chip = recorded.spikes is not None
            self._heard = checks.check_firing(self.label, traces.spikes, current, chip, threshold)
        made = self.output_type or ReadoutNeuronHandle
        filled: Any = made(traces.spikes) if self.fires else made()
        filled.membrane_madc = recorded.madc
        if self.enable_cadc_recording:
            filled.membrane_cadc, filled.current = traces.membrane, traces.current
            if self.step.adapting:
                filled.adaptation_cadc = traces.adaptation
        handle: NeuronHandle | ReadoutNeuronHandle = filled
        return handle

    def forward_func(self, *input: TensorHandle, hw_data: HardwareData = None) -> Any:
        """Integrate the sum of the inputs, by the model or by ``func``, which gets the parameters that it names.

        Args:
            *input: Filled handles of weighted spikes.
            hw_data: What the chip recorded, by name or behind the inputs.
        """
        if len(input) > 1:
            input, hw_data = apart(input, hw_data)
        current = self.total_input(input)
        recorded = self._observables(observables(hw_data, self.fires), current)
        if self.func is None:
            return self.handle(self.integrate(current, recorded), recorded, current)
        shown = None if hw_data is None else recorded
        asked = arguments_of(self.func).names
        values = {name: getattr(self, name).model_value for name in self.parameter_names if name in asked}
        own: dict[str, Any] = {"params": self.params, "hw_data": shown, "dt": self.experiment.dt}
        return self._call_func((SynapseHandle(current),), **values, **own)

    def _observables(self, hw_data: HardwareObservables | None, like: Tensor) -> HardwareObservables:
        """Return ``hw_data`` in the type and on the device of ``like``."""
        if hw_data is None:
            return NOTHING
        traces = (hw_data.spikes, hw_data.cadc, hw_data.adaptation_cadc)
        dtype, device = like.dtype, like.device
        if not [trace for trace in traces if not (trace is None or (trace.dtype == dtype and trace.device == device))]:
            return hw_data
        spikes, cadc, adaptation = (None if trace is None else trace.to(like) for trace in traces)
        return replace(hw_data, spikes=spikes, cadc=cadc, adaptation=adaptation)

    def _model_values(self, names: Sequence[str]) -> dict[str, Any]:
        """Return what the older spelling calls the parameters of the numerics."""
        own = {"method": self._masked(self.method), "alpha": self.alpha}
        return {name: own[name] if name in own else getattr(self, name).model_value for name in names}

    def _masked(self, method: str | Surrogate) -> str | Surrogate:
        """Return ``method``, silent where a mask says so."""
        mask = self.mask
        return method if mask is None else Masked(method, mask)


def _is_model(function: Any) -> bool:
    """Return whether this is one of the models of :mod:`hxtorch.spiking.functional`, maybe with some arguments."""
    inner = getattr(function, "func", function)
    owner = getattr(inner, "__self__", inner)  # of an autograd function's apply
    return str(getattr(owner, "__module__", "")).startswith(f"{aelif.__package__}.")
