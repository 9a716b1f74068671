"""From declared arguments to what a call gave: names, signatures, documentation."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, get_type_hints

import torch

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, ParameterWarning
from hxtorch.spiking.parameter import HXBaseParameter, MixedHXModelParameter, as_parameter

M = TypeVar("M", bound=type)


class Kind(Enum):
    """What becomes of an argument."""

    SETTING = "a setting of the module"
    CALIBRATED = "a parameter that the chip is calibrated to"
    REGISTER = "a parameter that the chip gets as a register code"
    EXTRA = "a parameter that the chip is calibrated to and no model has, one of the extra_params"


@dataclass(frozen=True)
class Declared:
    """An argument of a module.

    Attributes:
        default: Its default; of parameters, the value in the model.
        text: What it is, with units.
        kind: What becomes of it.
        chip: Of parameters, the default on the chip if it is another value than the model's.
    """

    default: Any
    text: str
    kind: Kind = Kind.SETTING
    chip: Any = None

    def made(self) -> Any:
        """Return a fresh default: parameters are modules, and each layer has its own."""
        if self.kind is Kind.SETTING:
            return self.default
        return as_parameter(self.default) if self.chip is None else MixedHXModelParameter(self.default, self.chip)


@lru_cache
def declarations(model: type) -> Mapping[str, Declared]:
    """Return the arguments of a model by name, in their order.

    Args:
        model: A TypedDict of :mod:`~hxtorch.spiking.modules.neurons.arguments`.
    """
    hints = get_type_hints(model, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


def names_of(model: type, *kinds: Kind) -> tuple[str, ...]:
    """Return the names of the arguments of these kinds."""
    return tuple(name for name, entry in declarations(model).items() if entry.kind in kinds)


_OLDER = (
    "func",
    "params",
    "enable_spike_recording",
    "enable_cadc_recording",
    "enable_madc_recording",
    "record_neuron_id",
    "placement_constraint",
    "trace_offset",
    "trace_scale",
    "cadc_time_shift",
    "shift_cadc_to_first",
    "interpolation_mode",
    "neuron_structure",
)
"""Order of positions after ``experiment`` in the older generation; it is told by a function in the first of them."""


def by_name(owner: str, model: type, positional: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name, without those of no known name.

    Args:
        owner: What messages call the module.
        model: The TypedDict of the arguments; positional ones come in its order, or in that of the older generation.
        positional: Values without names.
        named: The others. Unknown ones warn.

    Raises:
        TypeError: There are too many, or one is given twice.
    """
    known = declarations(model)
    older = bool(positional) and (_is_function(positional[0]) or hasattr((*positional, None)[1], "_fields"))
    order = [name for name in _OLDER if name in known] if older else _shown(known)
    if len(positional) > len(order):
        raise TypeError(
            f"{owner}: got {len(positional)} positional arguments after experiment, wanted at most {len(order)}"
        )
    given = dict(zip(order, positional, strict=False))
    twice = sorted(set(given) & set(named))
    if twice:
        raise TypeError(f"{owner}: got multiple values for argument {twice[0]!r}")
    for name in named:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.4)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            warnings.warn(
                f"{owner}: knows no argument {name!r} and leaves it out{meant} Known: {', '.join(known)}",
                ParameterWarning,
                stacklevel=4,
            )
    return {**given, **{name: value for name, value in named.items() if name in known}}


_MAY_LACK = "e_coba_reversal", "e_coba_reference"
"""NaN leaves the inputs of a neuron current-based."""


def declares(model: type) -> Callable[[M], M]:
    """Return a decorator of modules: their signature and documentation show the declared arguments of ``model``.

    Sets ``arguments`` to ``model``, and the names of its parameters, see
    :class:`~hxtorch.spiking.modules.neurons.circuits.NeuronCircuits`.
    """

    def describe(module: M) -> M:
        known = declarations(model)
        init: Any = vars(module).get("__init__")
        if init is None:  # a method may have one signature only, and this one has the base's
            base = module.__init__  # type: ignore[misc]

            def init(self: Any, *positional: Any, **named: Any) -> None:
                base(self, *positional, **named)

            module.__init__ = init  # type: ignore[misc]
            init.__qualname__, init.__name__ = f"{module.__qualname__}.__init__", "__init__"
        init.__signature__ = _signature(model)
        # places: those after the experiment have two orders
        module.__init__ = checked(init, places=3, missing=_MAY_LACK)  # type: ignore[misc]
        text = "\n".join(f"    {name}: {entry.text} Default {_default(entry)}." for name, entry in known.items())
        head = "size: Number of neurons.\n    experiment: Collects the module when it is called.\n"
        lines = inspect.cleandoc(module.__doc__ or "").partition("\nRaises:\n")
        module.__doc__ = f"{lines[0].rstrip()}\n\nArgs:\n    {head}{text}\n"
        if lines[2]:
            module.__doc__ += f"\nRaises:\n{lines[2]}"
        module.arguments = model  # type: ignore[attr-defined]
        module.parameter_names = names_of(model, Kind.CALIBRATED)  # type: ignore[attr-defined]
        module.register_names = names_of(model, Kind.REGISTER)  # type: ignore[attr-defined]
        module.parameters_known = frozenset(  # type: ignore[attr-defined]
            names_of(model, Kind.CALIBRATED, Kind.REGISTER, Kind.EXTRA)
        )
        return module

    return describe


def spell_out(given: Mapping[str, Any], model: type, wanted: type | None) -> dict[str, Any]:
    """Return arguments with ``params`` replaced by the arguments that it stands for.

    Args:
        given: Arguments of a neuron module.
        model: The TypedDict of the arguments.
        wanted: Named tuple of the model's parameters; parameters of another type are for a function, and are left.

    Raises:
        ParameterError: ``params`` is of another type and there is no function, or one of its parameters is given
            beside it.
    """
    params = given.get("params")
    of_model = isinstance(params, wanted or ())
    if params is not None and not of_model:
        if given.get("func") is None:
            name = wanted.__name__ if wanted else "None"
            raise ParameterError(
                f"params: got {type(params).__name__}, wanted {name}, or a function that takes them: func=..."
            )
        return dict(given)
    others = {name: value for name, value in given.items() if name != "params"}
    if params is None:
        return others
    values: dict[str, Any] = params._asdict()
    twice = sorted(set(values) & set(others))
    if twice:
        raise ParameterError(f"{twice[0]}: got it beside params, wanted one of them")
    known = declarations(model)
    for name in ("leak", "reset", "threshold"):
        if name in values:
            values[name] = MixedHXModelParameter(values[name], known[name].default)
    code = others.pop("membrane_capacitance", 63)
    code = code.hardware_value if isinstance(code, HXBaseParameter) else code
    values["membrane_capacitance"] = MixedHXModelParameter(values["tau_mem"], code)
    none, default = values.get("refractory_time"), 1e-6
    if isinstance(none, torch.Tensor) and bool((none == 0).any()):  # which no chip has
        values["refractory_time"] = MixedHXModelParameter(none, none.detach().masked_fill(none == 0, default))
    elif isinstance(none, (int, float)) and none == 0:
        values["refractory_time"] = MixedHXModelParameter(0.0, default)
    return {**others, **values}


def _is_function(value: object) -> bool:
    return callable(value) and not isinstance(value, (HXBaseParameter, torch.Tensor))


def _shown(known: Mapping[str, Declared]) -> list[str]:
    """Return the names that stand in a signature."""
    return [name for name, entry in known.items() if entry.kind is not Kind.EXTRA]


def _default(entry: Declared) -> str:
    shown = entry.default.name if isinstance(entry.default, Enum) else repr(entry.default)
    return f"{shown}, {entry.chip} on the chip" if entry.chip is not None else shown


def _signature(model: type) -> inspect.Signature:
    """Return the signature of a module's constructor."""
    hints, known = get_type_hints(model), declarations(model)
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = [inspect.Parameter(name, either) for name in ("self", "size", "experiment")]
    rest = [
        inspect.Parameter(name, either, default=known[name].default, annotation=hints[name]) for name in _shown(known)
    ]
    extra = inspect.Parameter("extra_params", inspect.Parameter.VAR_KEYWORD)
    return inspect.Signature([*first, *rest, extra], return_annotation=None)
