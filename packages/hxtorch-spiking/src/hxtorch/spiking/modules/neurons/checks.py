"""What is refused of the arguments of a layer, and what is said of those that are likely not what was meant."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.core.errors import RecordingError
from hxtorch.spiking.chip.morphology import Morphology, SingleCompartmentNeuron
from hxtorch.spiking.errors import ParameterError, ParameterWarning, SilentLayerWarning
from hxtorch.spiking.functional import CuBaStepCode
from hxtorch.spiking.functional.surrogates.threshold import Surrogate, surrogate
from hxtorch.spiking.network.readout_source import ReadoutSource
from hxtorch.spiking.parameter import (
    HXBaseParameter,
    HXParameter,
    HXTransformedModelParameter,
    MixedHXModelParameter,
    as_parameter,
    is_real,
)

_CAPACITANCE = 10e-6
"""Seconds of the model that are the largest capacitance of the chip, code 63."""

_TIMES = {
    "tau_mem": (0.5e-6, 60e-6),
    "tau_syn": (0.3e-6, 30e-6),
    "refractory_time": (40e-9, 32e-6),
    "holdoff_time": (0.0, 4e-6),
    "tau_adap": (10e-3 / 1022, 10e-3),
}
"""Seconds in which calibrations are known to work (chip facts 3.4): where a run on the chip warns, mock mode does.

Of the adaptation, those that its cell has (chip facts 3.2).
"""

_COARSE = 0.2
"""Share of a time constant that a step may be before its integration is coarse."""

REACHABLE = {"leak": (50.0, 160.0), "reset": (50.0, 160.0), "threshold": (50.0, 220.0)}
"""CADC LSB that potentials on the chip have (chip facts 3.4)."""

_HOPELESS = {"leak": (10.0, 240.0), "reset": (10.0, 240.0), "threshold": (15.0, 248.0)}
"""CADC LSB from which on no neuron of the emulated chip reaches the target (measured on the default one).

Between these and their ranges calibrations of leaks and resets warn, and go on.
"""

_TIME_OF_CODE = 10e-3
"""Seconds that the time constant of the adaptation is at code 1 of its cell."""


def capacitance(value: Any, owner: str) -> HXBaseParameter:
    """Return a membrane capacitance: seconds for the model, a code for the chip.

    Args:
        value: A parameter, or a plain number or tensor: from 1 on a code of the chip, below 0.01 seconds of the model.
        owner: What messages call the layer.
    """
    if isinstance(value, HXBaseParameter) and not isinstance(value, HXParameter):
        return value
    given = as_parameter(value).model_value
    if given is None:
        return as_parameter(value)
    low, high = _range(given)
    if low >= 1:
        return MixedHXModelParameter(given / 63 * _CAPACITANCE if not high == low == 63 else _CAPACITANCE, given)
    if high >= 1e-2:
        warnings.warn(
            f"{owner}: membrane_capacitance = {high:g} is neither a code of the chip, 1 to 63, nor seconds below 0.01; "
            "taken as seconds; write membrane_capacitance=63 or =10e-6",
            ParameterWarning,
            stacklevel=5,
        )
    return HXTransformedModelParameter(given, _code)


def tau_adap(value: Any) -> HXBaseParameter:
    """Return a time constant of the adaptation: seconds for the model, a code for the chip.

    Args:
        value: A parameter, or a plain number or tensor: from 1 on a code of the chip, else seconds of the model.
    """
    given = as_parameter(value)
    if type(given) is not HXParameter or given.model_value is None or _range(given.model_value)[0] <= 0:
        return given
    if _range(given.model_value)[0] >= 1:
        return MixedHXModelParameter(_TIME_OF_CODE / given.model_value, given.model_value)
    return HXTransformedModelParameter(given.model_value, _code_of_time)


def _code_of_time(seconds: Any) -> Any:
    """Return the code of the chip for a time constant of the adaptation."""
    code = _TIME_OF_CODE / seconds
    return code.round() if isinstance(code, Tensor) else round(code)


def _code(seconds: Any) -> Any:
    """Return the code of the chip for a capacitance of the model."""
    code = seconds / _CAPACITANCE * 63
    return code.round() if isinstance(code, Tensor) else round(code)


def is_time(name: str) -> bool:
    """Whether :func:`check_times` knows a parameter."""
    return name in _TIMES


def check_times(owner: str, parameters: Mapping[str, HXBaseParameter], dt: float, mock: bool, stepped: bool) -> None:
    """Warn of times that the chip does not have, in mock mode, and of steps that are coarse.

    Args:
        owner: What the message calls the layer.
        parameters: By name.
        dt: Step in seconds.
        mock: Whether no calibration will look at them.
        stepped: Whether the model takes steps of ``dt``.
    """
    said = []
    for name, (low, high) in _TIMES.items():
        value = _time(parameters.get(name), name == "tau_adap")
        if mock and value is not None:
            below, above = _range(value)
            if below < low or above > high:
                got = below if below < low else above
                micro = low <= got * 1e-6 <= high
                said.append(
                    f"{name} = {got:g} s is outside of {low:g} to {high:g} s, what the chip is calibrated for; "
                    + (f"for {got:g} us write {name}={got:g}e-6" if micro else f"write {name}=10e-6, say")
                )
        tau = None if name in ("refractory_time", "holdoff_time") else parameters.get(name)
        if stepped and tau is not None and tau.model_value is not None:
            shortest = _range(tau.model_value)[0]
            if 0.0 < shortest < 0.9999 * dt / _COARSE:
                said.append(
                    f"{name} = {shortest:g} s is {shortest / dt:.3g} steps, wanted {1 / _COARSE:g} or more for a model "
                    f"that is like the neuron; write Experiment(dt={_COARSE * shortest:.1g})"
                )
    if said:
        warnings.warn(f"{owner}: {'; '.join(said)}", ParameterWarning, stacklevel=5)


def check_saved(
    saved: MutableMapping[str, Any], prefix: str, names: Iterable[str], size: int, errors: list[str]
) -> None:
    """Refuse values of a checkpoint that are of another number of neurons.

    Args:
        saved: The checkpoint; what is refused is taken out.
        prefix: What the layer's names begin with there.
        names: Of its parameters.
        size: Its neurons.
        errors: Gets what is wrong; torch raises it.
    """
    for name in names:
        key = f"{prefix}{name}._model_value"
        value = saved.get(key)
        if value is not None and not (isinstance(value, Tensor) and is_real(value)):
            got = value.dtype if isinstance(value, Tensor) else type(value).__name__
            errors.append(f"{key}: got {got}, wanted a tensor of real numbers")
            del saved[key]
        elif isinstance(value, Tensor) and value.ndim == 1 and len(value) not in (1, size) and name[:6] != "e_coba":
            errors.append(f"{key}: got values of {len(value)} neurons, wanted one number or {size}")
            del saved[key]


def check_reachable(owner: str, values: Mapping[str, Any]) -> None:
    """Refuse potentials that no calibration reaches, before one takes its time.

    Raises:
        ParameterError: One is far from what the chip has.
    """
    given = {name: _range(torch.as_tensor(values[name])) for name in REACHABLE if name in values}
    if all(_HOPELESS[name][0] < low and high < _HOPELESS[name][1] for name, (low, high) in given.items()):
        return
    said, lines = [], []
    for name, (below, above) in given.items():
        lowest, highest = REACHABLE[name]
        if below < lowest or above > highest:
            got, typical = (below if below < lowest else above), 125 if name == "threshold" else 80
            said.append(f"{name} is {got:g}, which needs {lowest:g} to {highest:g}")
            lines.append(f"{name}=MixedHXModelParameter({got:.1f}, {typical})")
    raise ParameterError(
        f"{owner}: on the chip {'; '.join(said)} LSB of the column ADC; a model in other units writes "
        f"{', '.join(lines)}"
    )


_UNIT_POTENTIALS = 10.0
"""Thresholds of models up to this are in units of their own; those in steps of the chip's ADC begin at 50."""


def check_firing(owner: str, spikes: Tensor | None, current: Tensor, chip: bool, threshold: Any) -> bool:
    """Warn of a layer that no input makes fire.

    Args:
        owner: What the message calls the layer.
        spikes: Of the layer.
        current: Its weighted input.
        chip: Whether the spikes are the chip's.
        threshold: Of the model.

    Returns:
        Whether that was looked at; tensors that are traced have no values.
    """
    if spikes is None or type(spikes) is not Tensor or torch.compiler.is_compiling():
        return False
    if torch._C._are_functorch_transforms_active() or spikes.is_meta or not bool((current != 0).any()):
        return False
    if not bool((spikes != 0).any()):
        line = "larger weights, as by reset_parameters(mean, std)"
        if chip:
            line = (
                "larger weights, as by reset_parameters(mean, std), or a larger scale from the model's weights to the "
                "chip's, as by Synapse(..., transform=functools.partial(linear_saturating, scale=...)) with that of "
                "hxtorch.spiking.transforms.weight_transforms"
            )
        elif _range(threshold)[1] > _UNIT_POTENTIALS:
            line += (
                ", or for a model of unit potentials leak=MixedHXModelParameter(0.0, 80), "
                "reset=MixedHXModelParameter(0.0, 80), threshold=MixedHXModelParameter(1.0, 125)"
            )
        warnings.warn(
            f"{owner}: no neuron fired in the run although input came; write {line}", SilentLayerWarning, stacklevel=2
        )
    return True


def _time(parameter: HXBaseParameter | None, as_code: bool) -> Any:
    """Return the seconds that the chip gets, or those of the model if they are its alone or the chip gets a code."""
    if parameter is None:
        return None
    return parameter.model_value if as_code or parameter.model_only else parameter.hardware_value


def _range(value: Any) -> tuple[float, float]:
    """Return the smallest and the largest number."""
    if isinstance(value, Tensor):
        low, high = value.detach().aminmax()
        return float(low), float(high)
    return float(value), float(value)


def check_terms(owner: str, step: CuBaStepCode, given: Mapping[str, Any]) -> None:
    """Warn of a refractory time that no spike begins."""
    if not step.fire and given.get("refractory_time") is not None:
        warnings.warn(
            f"{owner}: got a refractory_time without fire=True, which no spike begins; leave one of them out",
            ParameterWarning,
            stacklevel=5,
        )


def legal_surrogate(method: Any) -> str | Surrogate:
    """Return which surrogate derivative is meant.

    Raises:
        ParameterError: No surrogate has the name.
    """
    try:
        surrogate(method)
    except TypeError:
        raise ParameterError(f"method: got {method!r:.60}, wanted the name of a surrogate, or a Surrogate") from None
    found: str | Surrogate = method
    return found


def legal_alpha(alpha: Any) -> float:
    """Return the steepness of a surrogate derivative.

    Raises:
        ParameterError: It is no finite number of at least 0.
    """
    try:
        legal = math.isfinite(alpha) and alpha >= 0
    except (TypeError, ValueError, RuntimeError, OverflowError):
        legal = False
    if not legal:
        raise ParameterError(f"alpha: got {alpha!r:.60}, wanted a finite number of at least 0")
    found: float = alpha
    return found


def legal_structure(structure: object) -> Morphology:
    """Return the circuits of a neuron, of None one circuit.

    Raises:
        ParameterError: It is no morphology.
    """
    if structure is None:
        return SingleCompartmentNeuron(1)
    if not isinstance(structure, Morphology):
        raise ParameterError(f"neuron_structure: got {type(structure).__name__}, wanted a Morphology or None")
    return structure


def legal_places(places: Sequence[Any] | None, size: int) -> Sequence[Any] | None:
    """Return the places that neurons shall have, one each.

    Raises:
        ParameterError: There are more or fewer, or they are no sequence.
    """
    if places is not None and not (isinstance(places, Sequence | np.ndarray) and not isinstance(places, str)):
        raise ParameterError(f"placement_constraint: got {places!r:.60}, wanted a place for each of {size} neurons")
    if places is not None and len(places) != size:
        raise ParameterError(f"placement_constraint: got {len(places)} places, wanted one for each of {size} neurons")
    return places


def legal_chip(coordinate: Any) -> Any:
    """Return which chip of a connection is meant: there is one.

    Raises:
        ParameterError: It is another.
    """
    try:
        first = coordinate is None or int(coordinate) == 0
    except (TypeError, ValueError):
        first = False
    if not first:
        raise ParameterError(f"chip_coordinate: got {coordinate!r}, wanted None or 0: a connection has one chip")
    return coordinate


def legal_index(index: Any) -> int | None:
    """Return the number of a neuron, or None.

    Raises:
        RecordingError: It is no number.
    """
    if index is not None and (not isinstance(index, int | np.integer) or isinstance(index, bool)):
        raise RecordingError(f"record_neuron_id: got {index!r:.60}, wanted one neuron: the MADC records exactly one")
    return None if index is None else int(index)


def check_recording(size: int, index: int | None, cadc: ReadoutSource | None, madc: ReadoutSource | None) -> None:
    """Check what is recorded of a population.

    Args:
        size: Number of neurons.
        index: The neuron that the membrane ADC records.
        cadc: What the column ADC samples, None for nothing.
        madc: What the membrane ADC samples, None for nothing.

    Raises:
        RecordingError: The ADCs shall see different nodes, or the membrane ADC other than one neuron.
    """
    if madc is None:
        return
    if cadc is not None and cadc is not madc:
        raise RecordingError(
            f"madc_readout_source: got {madc.name} beside cadc_readout_source {cadc.name}, wanted the same: a neuron "
            "shows one node at a time; or do without enable_cadc_recording"
        )
    if index is None or not 0 <= index < size:
        raise RecordingError(f"record_neuron_id: got {index}, wanted one neuron, 0 to {size - 1}")


def array(value: Any, size: int, both: bool) -> np.ndarray:
    """Return values for the chip as float64: () or (neuron,); of ``both`` synaptic inputs (2, neuron)."""
    exact = value.to(torch.float64).cpu().numpy() if isinstance(value, torch.Tensor) else np.array(value, np.float64)
    return np.broadcast_to(exact[:, np.newaxis] if exact.shape == (2,) else exact, (2, size)) if both else exact
