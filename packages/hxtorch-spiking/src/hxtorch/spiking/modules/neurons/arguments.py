"""Constructor arguments of the neuron modules, each declared once, in the order that users know."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypedDict

from torch import Tensor

from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.chip.morphology import Morphology
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import CUBAIAFParams, CUBALIFParams, CUBALIParams
from hxtorch.spiking.functional.surrogates.threshold import Surrogate
from hxtorch.spiking.network.readout_source import ReadoutSource
from hxtorch.spiking.parameter import HXBaseParameter, MixedHXModelParameter, ParameterValue

if sys.version_info >= (3, 11):
    from typing import Unpack as Unpack
else:
    from typing_extensions import Unpack as Unpack

_REFRACTORY_TIME = 1e-6

Parameter = HXBaseParameter | ParameterValue
"""A parameter object, or a value for model and chip: a number or a tensor (neuron,)."""

TraceScaling = float | ParameterValue | Mapping[Any, float]
"""One number, a tensor (neuron,), or numbers by coordinate of the neurons."""


class LeakArguments(TypedDict, total=False):
    """Arguments of neurons that leak."""

    leak: Parameter
    """Resting potential: model units, and CADC LSB (raw) on the chip. Default 0 and 80."""


class FireArguments(TypedDict, total=False):
    """Arguments of neurons that fire."""

    reset: Parameter
    """Potential after a spike: model units, and CADC LSB (raw) on the chip. Default 0 and 80."""
    threshold: Parameter
    """Potential at which the neuron fires: model units, and CADC LSB (raw) on the chip. Default 1 and 125."""


class MembraneArguments(TypedDict, total=False):
    """Arguments of the integration of synaptic currents."""

    tau_mem: Parameter
    """Membrane time constant in seconds. Default 10 us."""
    tau_syn: Parameter
    """Synaptic time constant in seconds. Default 10 us."""
    i_synin_gm: Parameter
    """Strength of the synaptic input on the chip, register code 0 to 1022. Default 500."""
    membrane_capacitance: Parameter
    """Membrane capacitance on the chip, register code 0 to 63. Default 63."""


class RefractoryArguments(TypedDict, total=False):
    """The refractory time."""

    refractory_time: Parameter
    """Seconds after a spike in which the membrane stays at the reset. Default 1 us."""


class DACArguments(TypedDict, total=False):
    """The synapses' bias current."""

    synapse_dac_bias: Parameter
    """Bias current of the synapses on the chip, register code 0 to 1022, one for the whole chip. Default 600."""


class SurrogateArguments(TypedDict, total=False):
    """Arguments of spiking and of its derivative."""

    holdoff_time: Parameter
    """Seconds at the end of the refractory time in which the membrane is released already. Chip only. Default 0."""
    method: str | Surrogate
    """Surrogate derivative: a name or a function, see :func:`~hxtorch.spiking.functional.threshold`."""
    alpha: float
    """Steepness of the surrogate. Default 50."""


class PlaceArguments(TypedDict, total=False):
    """Where neurons run."""

    execution_instance: ExecutionInstance | None
    """The chip's share of the experiment, or None for the experiment's default."""


class SpikeRecordingArguments(TypedDict, total=False):
    """Recording of spikes."""

    enable_spike_recording: bool
    """Record spikes on the chip. Without, those of the numerics are used. Default True."""


class CADCRecordingArguments(TypedDict, total=False):
    """Recording by the column ADC."""

    enable_cadc_recording: bool
    """Record membranes by the column ADC; without, the handle has no membrane. Default True."""
    enable_cadc_recording_placement_in_dram: bool
    """Store samples in DRAM: one in about 6 us instead of 2, for long runs. Default False."""


class MADCRecordingArguments(TypedDict, total=False):
    """Recording by the membrane ADC."""

    enable_madc_recording: bool
    """Record the membrane of one neuron by the membrane ADC, 29.41 MHz. Default False."""
    record_neuron_id: int | None
    """The neuron in the population that the membrane ADC records."""


class CADCSourceArguments(TypedDict, total=False):
    """What the column ADC sees."""

    cadc_readout_source: ReadoutSource | str
    """``membrane``, ``adaptation``, ``exc_synin`` or ``inh_synin``. Default membrane."""


class MADCSourceArguments(TypedDict, total=False):
    """What the membrane ADC sees."""

    madc_readout_source: ReadoutSource | str
    """As ``cadc_readout_source``. Default membrane."""


class TraceArguments(TypedDict, total=False):
    """Where neurons are on the chip, and what becomes of their traces."""

    placement_constraint: Sequence[Any] | None
    """Coordinates of the neurons to use, one per neuron, or None for the next free ones."""
    trace_offset: TraceScaling
    """Subtracted from CADC values (user units, raw - 128). Default 0."""
    trace_scale: TraceScaling
    """Model units per CADC LSB, applied after the offset. Default 1."""
    cadc_time_shift: int
    """Steps by which CADC traces move to earlier times, negative to later ones; ends are repeated. Default 0."""
    shift_cadc_to_first: bool
    """Subtract the first value of each trace instead of the offset. Default False."""
    interpolation_mode: str
    """How CADC samples come on the grid of time: ``linear`` or ``nearest``. Default ``linear``."""
    neuron_structure: Morphology | None
    """Circuits of one neuron, None for one circuit each. Default None."""


class FunctionArgument(TypedDict, total=False):
    """A model of the user's own."""

    func: Callable[..., Any] | None
    """Computes the traces in the place of the model, which stays what the chip is set up for. Default None.

    A function of the weighted spikes (time, batch, neuron) that returns the main tensor of the handle or a tuple of its
    fields, as those of :mod:`hxtorch.spiking.functional` do. Arguments of the names ``params``, ``hw_data`` (what the
    chip recorded, to take the place of what is computed) and ``dt`` are given if it has them.
    """


class LIFParamsArgument(TypedDict, total=False):
    """The older spelling of the model's parameters."""

    params: CUBALIFParams | None
    """Model values of leak, reset, threshold, times and surrogate in one, instead of these arguments.

    The chip gets the default potentials, and the times of the model (the default refractory time for none).
    Default None.
    """


class IAFParamsArgument(TypedDict, total=False):
    """The older spelling of the model's parameters."""

    params: CUBAIAFParams | None
    """As :attr:`LIFParamsArgument.params`."""


class LIParamsArgument(TypedDict, total=False):
    """The older spelling of the model's parameters."""

    params: CUBALIParams | None
    """As :attr:`LIFParamsArgument.params`."""


class LIFArguments(
    LeakArguments,
    FireArguments,
    MembraneArguments,
    RefractoryArguments,
    DACArguments,
    SurrogateArguments,
    PlaceArguments,
    SpikeRecordingArguments,
    CADCRecordingArguments,
    MADCRecordingArguments,
    TraceArguments,
    CADCSourceArguments,
    MADCSourceArguments,
    FunctionArgument,
    LIFParamsArgument,
    total=False,
):
    """Arguments of leaky integrate-and-fire neurons."""


class IAFArguments(
    FireArguments,
    MembraneArguments,
    RefractoryArguments,
    DACArguments,
    SurrogateArguments,
    PlaceArguments,
    SpikeRecordingArguments,
    CADCRecordingArguments,
    MADCRecordingArguments,
    TraceArguments,
    CADCSourceArguments,
    MADCSourceArguments,
    FunctionArgument,
    IAFParamsArgument,
    total=False,
):
    """Arguments of integrate-and-fire neurons."""


class LIArguments(
    LeakArguments,
    MembraneArguments,
    DACArguments,
    PlaceArguments,
    CADCRecordingArguments,
    MADCRecordingArguments,
    TraceArguments,
    CADCSourceArguments,
    MADCSourceArguments,
    FunctionArgument,
    LIParamsArgument,
    total=False,
):
    """Arguments of leaky integrators."""


class AdaptationArguments(TypedDict, total=False):
    """Arguments of exponential and adaptation terms. On the chip they are register codes, 0 to 1022, not calibrated."""

    exponential_slope: Parameter
    """Slope of the exponential term: model units, positive; on the chip its current's code. Default 0.1 and 500."""
    exponential_threshold: Parameter
    """Threshold of the exponential term: model units, and a code. Default 0.8 and 511."""
    subthreshold_adaptation_strength: Parameter
    """Conductance by which the membrane drives the adaptation, in units of the leak's, and a code; negative ones
    invert it. Default 0.1 and 100."""
    spike_triggered_adaptation_increment: Parameter
    """What a spike adds to the adaptation: model units, and a code; negative ones invert it. Default 0.1 and 100."""
    clock_scale_adaptation_pulse: int
    """A spike drives the adaptation for 2^(scale + 1) cycles of 4 ns on the chip, 0 to 15. Default 5."""
    tau_adap: Parameter
    """Time constant of the adaptation: seconds, and a code. Default 100 us and 100."""
    leak_adaptation: Parameter
    """Potential that the adaptation relaxes to on the chip, a code. Chip only. Default 511."""


class TermArguments(TypedDict, total=False):
    """Which terms the equations have."""

    leaky: bool
    """The membrane leaks. Default True."""
    fire: bool
    """There is a threshold. Default True."""
    exponential: bool
    """The membrane is driven by an exponential of itself. Default False."""
    subthreshold_adaptation: bool
    """The membrane drives the adaptation. Default False."""
    spike_triggered_adaptation: bool
    """Each spike increments the adaptation. Default False."""


class ChipArguments(TypedDict, total=False):
    """Which chip."""

    chip_coordinate: None
    """The chip among those of a connection; there is one, so None."""


class AELIFArguments(
    LeakArguments,
    FireArguments,
    MembraneArguments,
    RefractoryArguments,
    DACArguments,
    SurrogateArguments,
    AdaptationArguments,
    PlaceArguments,
    ChipArguments,
    SpikeRecordingArguments,
    CADCRecordingArguments,
    CADCSourceArguments,
    MADCRecordingArguments,
    MADCSourceArguments,
    TraceArguments,
    TermArguments,
    FunctionArgument,
    total=False,
):
    """Arguments of adaptive exponential leaky integrate-and-fire neurons."""


def by_name(model: type, positional: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by name.

    Args:
        model: The TypedDict of the arguments; positional ones come in its order.
        positional: Values without names.
        named: The others.

    Raises:
        TypeError: There are too many, or one is given twice.
    """
    names = list(model.__annotations__)
    if len(positional) > len(names):
        raise TypeError(f"got {len(positional)} positional arguments after experiment, wanted at most {len(names)}")
    given = dict(zip(names, positional, strict=False))
    twice = sorted(set(given) & set(named))
    if twice:
        raise TypeError(f"got multiple values for argument {twice[0]!r}")
    return {**given, **named}


def aelif_defaults() -> AELIFArguments:
    """Return fresh defaults of the arguments that only these neurons have."""
    return {
        "exponential_slope": MixedHXModelParameter(0.1, 500),
        "exponential_threshold": MixedHXModelParameter(0.8, 511),
        "subthreshold_adaptation_strength": MixedHXModelParameter(0.1, 100),
        "spike_triggered_adaptation_increment": MixedHXModelParameter(0.1, 100),
        "clock_scale_adaptation_pulse": 5,
        "tau_adap": MixedHXModelParameter(100e-6, 100),
        "leak_adaptation": 511,
        "chip_coordinate": None,
        "leaky": True,
        "fire": True,
        "exponential": False,
        "subthreshold_adaptation": False,
        "spike_triggered_adaptation": False,
    }


def lif_defaults() -> LIFArguments:
    """Return fresh defaults of all arguments; those of the other models are among them."""
    return {
        "leak": MixedHXModelParameter(0.0, 80),
        "reset": MixedHXModelParameter(0.0, 80),
        "threshold": MixedHXModelParameter(1.0, 125),
        "tau_mem": 10e-6,
        "tau_syn": 10e-6,
        "i_synin_gm": 500,
        "membrane_capacitance": 63,
        "refractory_time": _REFRACTORY_TIME,
        "synapse_dac_bias": 600,
        "holdoff_time": 0.0,
        "method": "superspike",
        "alpha": 50.0,
        "execution_instance": None,
        "enable_spike_recording": True,
        "enable_cadc_recording": True,
        "enable_cadc_recording_placement_in_dram": False,
        "cadc_readout_source": ReadoutSource.membrane,
        "enable_madc_recording": False,
        "record_neuron_id": None,
        "madc_readout_source": ReadoutSource.membrane,
        "placement_constraint": None,
        "trace_offset": 0.0,
        "trace_scale": 1.0,
        "cadc_time_shift": 0,
        "shift_cadc_to_first": False,
        "interpolation_mode": "linear",
        "neuron_structure": None,
        "func": None,
        "params": None,
    }


def spell_out(
    given: Mapping[str, Any], model: type[CUBALIFParams] | type[CUBAIAFParams] | type[CUBALIParams]
) -> dict[str, Any]:
    """Return arguments with ``params`` replaced by the arguments that it stands for.

    Args:
        given: Arguments of a neuron module.
        model: What ``params`` must be.

    Raises:
        ParameterError: ``params`` is of another model, or one of its parameters is given beside it.
    """
    params = given.get("params")
    others = {name: value for name, value in given.items() if name != "params"}
    if params is None:
        return others
    if not isinstance(params, model):
        raise ParameterError(f"params: got {type(params).__name__}, wanted {model.__name__}")
    values = {entry.name: getattr(params, entry.name) for entry in fields(params)}
    twice = sorted(set(values) & set(others))
    if twice:
        raise ParameterError(f"{twice[0]}: got it beside params, wanted one of them")
    for name, default in lif_defaults().items():
        if name in values and isinstance(default, MixedHXModelParameter):
            values[name] = MixedHXModelParameter(values[name], default.hardware_value)
    none = values.get("refractory_time")  # which no chip has
    if isinstance(none, Tensor) and bool((none == 0).any()):
        values["refractory_time"] = MixedHXModelParameter(none, none.detach().masked_fill(none == 0, _REFRACTORY_TIME))
    elif isinstance(none, (int, float)) and none == 0:
        values["refractory_time"] = MixedHXModelParameter(0.0, _REFRACTORY_TIME)
    return {**others, **values}
