"""Constructor arguments of the neuron modules, each declared once: type, default, unit; in the order that users know.

Signatures, documentation and checks are made of these declarations by
:mod:`~hxtorch.spiking.modules.neurons.declared`.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypedDict

from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.chip.morphology import Morphology
from hxtorch.spiking.functional import CUBAIAFParams, CUBALIFParams, CUBALIParams
from hxtorch.spiking.functional.surrogates.threshold import Surrogate
from hxtorch.spiking.modules.neurons.declared import Declared, Kind
from hxtorch.spiking.network.readout_source import ReadoutSource
from hxtorch.spiking.parameter import HXBaseParameter, ParameterValue

if sys.version_info >= (3, 11):
    from typing import Unpack as Unpack
else:
    from typing_extensions import Unpack as Unpack

Parameter = HXBaseParameter | ParameterValue | None
"""A parameter object, or a value for model and chip: a number or a tensor (neuron,). None is for functions of users."""

TraceScaling = float | ParameterValue | Mapping[Any, float]
"""One number, a tensor (neuron,), or numbers by coordinate of the neurons."""

Index = int | None

_CHIP, _CODE, _EXTRA = Kind.CALIBRATED, Kind.REGISTER, Kind.EXTRA


class LeakArguments(TypedDict, total=False):
    """Arguments of neurons that leak."""

    leak: Annotated[Parameter, Declared(80, "Resting potential: model units, and CADC LSB (raw) on the chip.", _CHIP)]


class FireArguments(TypedDict, total=False):
    """Arguments of neurons that fire."""

    reset: Annotated[
        Parameter, Declared(80, "Potential after a spike: model units, and CADC LSB (raw) on the chip.", _CHIP)
    ]
    threshold: Annotated[
        Parameter, Declared(125, "Potential above which it fires: model units, and CADC LSB (raw) on the chip.", _CHIP)
    ]


class MembraneArguments(TypedDict, total=False):
    """Arguments of the integration of synaptic currents."""

    tau_mem: Annotated[Parameter, Declared(10e-6, "Membrane time constant in seconds.", _CHIP)]
    tau_syn: Annotated[Parameter, Declared(10e-6, "Synaptic time constant in seconds.", _CHIP)]
    i_synin_gm: Annotated[
        Parameter, Declared(500, "Strength of the synaptic input on the chip, register code 0 to 1022.", _CHIP)
    ]
    membrane_capacitance: Annotated[
        Parameter,
        Declared(
            10e-6,
            "Membrane capacitance C of ``C dv/dt = C / tau_mem (leak - v) + i``. Of plain numbers those from 1 on are "
            "codes of the chip, up to 63, and the model has code / 63 of 10 us; those below 0.01 are seconds.",
            _CHIP,
        ),
    ]


class RefractoryArguments(TypedDict, total=False):
    """The refractory time."""

    refractory_time: Annotated[
        Parameter, Declared(1e-6, "Seconds after a spike in which the membrane stays at the reset.", _CHIP)
    ]


class DACArguments(TypedDict, total=False):
    """The synapses' bias current."""

    synapse_dac_bias: Annotated[
        Parameter,
        Declared(600, "Bias current of the synapses, register code 0 to 1022, one for the whole chip.", _CHIP),
    ]


class SurrogateArguments(TypedDict, total=False):
    """Arguments of spiking and of its derivative."""

    holdoff_time: Annotated[
        Parameter,
        Declared(
            0.0, "Seconds at the end of the refractory time in which the membrane is free already. Chip only.", _CHIP
        ),
    ]
    method: Annotated[
        str | Surrogate,
        Declared("superspike", "Surrogate derivative: a name or a function, see ``functional.threshold``."),
    ]
    alpha: Annotated[float, Declared(50.0, "Steepness of the surrogate.")]


class PlaceArguments(TypedDict, total=False):
    """Where neurons run."""

    execution_instance: Annotated[
        ExecutionInstance | None,
        Declared(None, "The chip's share of the experiment, or None for the experiment's default."),
    ]


class ChipArguments(TypedDict, total=False):
    """Which chip."""

    chip_coordinate: Annotated[
        object, Declared(None, "The chip among those of a connection; there is one, so None or 0.")
    ]


class SpikeRecordingArguments(TypedDict, total=False):
    """Recording of spikes."""

    enable_spike_recording: Annotated[
        bool, Declared(True, "Record spikes on the chip. Without, those of the numerics are used.")
    ]


class CADCRecordingArguments(TypedDict, total=False):
    """Recording by the column ADC."""

    enable_cadc_recording: Annotated[
        bool, Declared(True, "Record membranes by the column ADC; without, the handle has no membrane.")
    ]
    enable_cadc_recording_placement_in_dram: Annotated[
        bool, Declared(False, "Store samples in DRAM: one in about 6 us instead of 2, for long runs.")
    ]


class MADCRecordingArguments(TypedDict, total=False):
    """Recording by the membrane ADC."""

    enable_madc_recording: Annotated[
        bool, Declared(False, "Record the membrane of one neuron by the membrane ADC, 29.41 MHz.")
    ]
    record_neuron_id: Annotated[Index, Declared(None, "The neuron in the population that the membrane ADC records.")]


class CADCSourceArguments(TypedDict, total=False):
    """What the column ADC sees."""

    cadc_readout_source: Annotated[
        ReadoutSource | str,
        Declared(
            ReadoutSource.membrane, "``membrane``, ``adaptation``, ``exc_synin`` or ``inh_synin``: what it samples."
        ),
    ]


class MADCSourceArguments(TypedDict, total=False):
    """What the membrane ADC sees."""

    madc_readout_source: Annotated[
        ReadoutSource | str, Declared(ReadoutSource.membrane, "As ``cadc_readout_source``, of the membrane ADC.")
    ]


class TraceArguments(TypedDict, total=False):
    """Where neurons are on the chip, and what becomes of their traces."""

    placement_constraint: Annotated[
        Sequence[Any] | None,
        Declared(None, "Coordinates of the neurons to use, one per neuron, or None for the next free ones."),
    ]
    trace_offset: Annotated[TraceScaling, Declared(0.0, "Subtracted from CADC values (user units, raw - 128).")]
    trace_scale: Annotated[TraceScaling, Declared(1.0, "Model units per CADC LSB, applied after the offset.")]
    cadc_time_shift: Annotated[
        int,
        Declared(0, "Steps by which CADC traces move to earlier times, negative to later ones; ends are repeated."),
    ]
    shift_cadc_to_first: Annotated[
        bool, Declared(False, "Subtract the first value of each trace instead of the offset.")
    ]
    interpolation_mode: Annotated[
        str, Declared("linear", "How CADC samples come on the grid of time: ``linear``, or ``nn`` for the nearest.")
    ]
    neuron_structure: Annotated[Morphology | None, Declared(None, "Circuits of one neuron, None for one each.")]


class FunctionArgument(TypedDict, total=False):
    """A model of the user's own."""

    func: Annotated[
        Callable[..., Any] | None,
        Declared(
            None,
            "Computes the traces in the place of the model, which stays what the chip is set up for: a function of the "
            "weighted spikes (time, batch, neuron), or an autograd function, that returns the main tensor of the "
            "handle or a tuple of its fields. Arguments ``params``, ``hw_data`` and ``dt`` are given if it has them.",
        ),
    ]


_PARAMS = (
    "The older spelling: model values of leak, reset, threshold, times and surrogate in one, instead of these "
    "arguments. The chip gets the default potentials, and the times of the model (the default refractory time for "
    "none); the model is ``tau_mem dv/dt = leak - v + i``. Of another type, they are for ``func`` alone."
)


class LIFParamsArgument(TypedDict, total=False):
    """The older spelling of the model's parameters."""

    params: Annotated[CUBALIFParams | object | None, Declared(None, _PARAMS)]


class IAFParamsArgument(TypedDict, total=False):
    """The older spelling of the model's parameters."""

    params: Annotated[CUBAIAFParams | object | None, Declared(None, _PARAMS)]


class LIParamsArgument(TypedDict, total=False):
    """The older spelling of the model's parameters."""

    params: Annotated[CUBALIParams | object | None, Declared(None, _PARAMS)]


class ExtraArguments(TypedDict, total=False):
    """Parameters of the calibration that no model has, the ``**extra_params``."""

    e_coba_reversal: Annotated[
        Parameter | tuple[float, float],
        Declared(
            None,
            "Potentials at which conductance-based excitatory and inhibitory inputs have no effect, CADC LSB, a tensor "
            "(2,). Chip only.",
            _EXTRA,
        ),
    ]
    e_coba_reference: Annotated[
        Parameter | tuple[float, float],
        Declared(
            None, "Potentials at which they have the strength of current-based ones, CADC LSB. Chip only.", _EXTRA
        ),
    ]
    tau_icc: Annotated[
        Parameter, Declared(None, "Time constant of the conductance between compartments, seconds. Chip only.", _EXTRA)
    ]


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
    ExtraArguments,
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
    ExtraArguments,
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
    ExtraArguments,
    total=False,
):
    """Arguments of leaky integrators."""


class AdaptationArguments(TypedDict, total=False):
    """Arguments of exponential and adaptation terms. On the chip they are register codes, 0 to 1022, not calibrated."""

    exponential_slope: Annotated[
        Parameter,
        Declared(0.05, "Slope of the exponential term: model units, positive; its current's code.", _CODE, 500),
    ]
    exponential_threshold: Annotated[
        Parameter, Declared(110, "Threshold of the exponential term: model units, and a code.", _CODE, 511)
    ]
    subthreshold_adaptation_strength: Annotated[
        Parameter,
        Declared(
            1, "Conductance from membrane to adaptation, in units of the leak's, and a code; < 0 inverts.", _CODE, 100
        ),
    ]
    spike_triggered_adaptation_increment: Annotated[
        Parameter,
        Declared(1, "What a spike adds to the adaptation: model units, and a code; < 0 inverts.", _CODE, 100),
    ]
    clock_scale_adaptation_pulse: Annotated[
        int | tuple[int, int],
        Declared(
            (5, 5),
            "A spike drives the adaptation for 2^(scale + 1) cycles of 4 ns, 0 to 15; one for both halves, or two.",
        ),
    ]
    tau_adap: Annotated[
        Parameter,
        Declared(100e-6, "Time constant of the adaptation: seconds, or from 1 on a code, 10 ms / code.", _CODE, 100),
    ]
    leak_adaptation: Annotated[
        Parameter,
        Declared(None, "Potential that the adaptation relaxes to on the chip, a code, None for 511.", _CODE, 511),
    ]


class TermArguments(TypedDict, total=False):
    """Which terms the equations have."""

    leaky: Annotated[bool, Declared(True, "The membrane leaks.")]
    fire: Annotated[bool, Declared(True, "There is a threshold.")]
    exponential: Annotated[bool, Declared(True, "The membrane is driven by an exponential of itself.")]
    subthreshold_adaptation: Annotated[bool, Declared(True, "The membrane drives the adaptation.")]
    spike_triggered_adaptation: Annotated[bool, Declared(True, "Each spike increments the adaptation.")]


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
    ExtraArguments,
    total=False,
):
    """Arguments of adaptive exponential leaky integrate-and-fire neurons."""


Arguments = type[LIFArguments] | type[IAFArguments] | type[LIArguments] | type[AELIFArguments]
"""The arguments of one of the models."""
