"""What a calibration shall reach. Voltages in CADC LSB (raw), times in seconds, currents in register codes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np

from hxtorch.core.calibration.ranges import INPUTS, NEURONS, Range, Values
from hxtorch.core.errors import CalibrationTargetError

if TYPE_CHECKING:
    from typing_extensions import Self


def _target(default: float | None, later: bool = False, **declared: Any) -> Any:
    """Declare a field; files that were written before a ``later`` field came hold its default."""
    return field(default=default, metadata={"range": Range(**declared), "later": later})


def _optional(**declared: Any) -> Any:
    return _target(None, later=True, optional=True, **declared)


_POTENTIAL: dict[str, Any] = {"checked": (50, 160), "hard": (0, 255)}
_GM: dict[str, Any] = {"hard": (0, 1022), "shapes": (NEURONS, INPUTS)}
_CAPACITANCE: dict[str, Any] = {"checked": (0, 63), "hard": (0, 63), "integer": True}
_DAC_BIAS: dict[str, Any] = {"checked": (30, 1022), "hard": (0, 1022), "shapes": (), "integer": True}


@dataclass(frozen=True, eq=False)
class CalibratedMatching:
    """Strength of synaptic inputs: all of them are brought to what a typical one has at a code.

    Attributes:
        i_synin_gm: The code, () or (512,).
    """

    i_synin_gm: Values = 500


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Strength of synaptic inputs: excitatory and inhibitory ones are brought to what typical ones have at two codes.

    Attributes:
        i_synin_gm: The codes, (2,) or (2, 512): excitatory, inhibitory.
    """

    i_synin_gm: Values


@dataclass(frozen=True, eq=False)
class Uncalibrated:
    """Strength of synaptic inputs: codes that are written as they are, mismatch and all.

    Attributes:
        i_synin_gm: The codes, (), (512,), (2,) or (2, 512).
    """

    i_synin_gm: Values


@dataclass(frozen=True, eq=False)
class _Target:
    """Base of targets: checks all fields, compares and hashes by value."""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        self._unwrap()
        for declared in fields(self):
            value = declared.metadata["range"].legal(declared.name, getattr(self, declared.name))
            object.__setattr__(self, declared.name, value)
        self._check()

    def _unwrap(self) -> None:
        """Turn fields that are given as something else into numbers."""

    def _check(self) -> None:
        """Check what involves several fields."""

    @classmethod
    def restore(cls, values: Mapping[str, np.ndarray]) -> Self:
        """Return the target whose :meth:`values` these are, without warnings.

        Raises:
            CalibrationTargetError: Fields are missing or unknown, or hold what no target can hold.
        """
        known = {declared.name: declared.metadata["later"] for declared in fields(cls)}
        if not set(values) <= set(known) or not {name for name, later in known.items() if not later} <= set(values):
            raise CalibrationTargetError(f"target: got fields {sorted(values)}, wanted those of {cls.__name__}")
        target = object.__new__(cls)
        for declared in fields(cls):
            given = values.get(declared.name, declared.default)
            value = declared.metadata["range"].legal(declared.name, given, warn=False)
            object.__setattr__(target, declared.name, value)
        target._check()
        return target

    def values(self) -> dict[str, np.ndarray]:
        """Return all fields by name as read-only float64 arrays: scalars () where all neurons agree, NaN for None."""
        return {declared.name: getattr(self, declared.name) for declared in fields(self)}

    def asked(self) -> dict[str, np.ndarray]:
        """Return :meth:`values` without fields that came later and are at their defaults."""
        return {
            declared.name: getattr(self, declared.name)
            for declared in fields(self)
            if not (declared.metadata["later"] and _is_default(getattr(self, declared.name), declared.default))
        }

    def per_neuron(self, name: str) -> np.ndarray:
        """Return field ``name`` for each neuron, (512,)."""
        return np.broadcast_to(getattr(self, name), NEURONS)

    def per_input(self, name: str) -> np.ndarray:
        """Return field ``name`` for the excitatory and the inhibitory input of each neuron, (2, 512)."""
        return np.broadcast_to(getattr(self, name), INPUTS)

    def digest(self) -> str:
        """Return a hexadecimal hash of kind and values, equal for equal targets in any process."""
        text = hashlib.sha256(self.kind.encode())
        for name, value in sorted(self.asked().items()):
            text.update(f"/{name}{value.shape}".encode())
            text.update(np.ascontiguousarray(value, "<f8").tobytes())
        return text.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Target) and self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())


@dataclass(frozen=True, eq=False)
class SpikingCalibTarget(_Target):
    """Parameters of spiking neurons, scalars or one value per neuron.

    Attributes:
        leak: Resting potential, CADC LSB (raw; users see raw - 128), () or (512,).
        reset: Potential during the reset phase, CADC LSB, () or (512,).
        threshold: Firing threshold, CADC LSB, () or (512,).
        tau_mem: Membrane time constant, seconds, () or (512,).
        tau_syn: Synaptic time constants, seconds, (), (512,) or (2, 512): excitatory, inhibitory.
        i_synin_gm: Strength of the synaptic inputs: all neurons are brought to what a typical neuron has at this code,
            (), (512,), (2,) or (2, 512); or :class:`CalibratedMatching`, :class:`Calibrated`, :class:`Uncalibrated`.
        membrane_capacitance: Register code 0..63, () or (512,); 63 is about 2.2 pF.
        refractory_time: Seconds from a spike to the end of its refractory period, () or (512,).
        holdoff_time: Seconds at the end of that period during which the membrane is already released, () or (512,).
        synapse_dac_bias: Register code of the synapses' bias current, matched over the four quadrants, ().
        e_coba_reversal: Potential at which a conductance-based synaptic input has no effect, CADC LSB, (512,), (2,)
            or (2, 512): excitatory, inhibitory; None, or NaN for some neurons, leaves inputs current-based.
        e_coba_reference: Potential at which it has the strength of the current-based input, CADC LSB; None takes the
            resting potential.
        tau_icc: Time constant at which the inter-compartment conductance charges the membrane, seconds, () or (512,);
            None leaves it uncalibrated. The conductance itself is switched on by the network.
        synin_gm_calibrated: 1 if ``i_synin_gm`` is reached by calibration, 0 if its codes are written as they are.

    Raises:
        CalibrationTargetError: A field has the wrong shape, is not finite, or out of its hard range.

    Source:
        chip facts 3.4 and 7.1.
    """

    kind: ClassVar[str] = "spiking"

    leak: Values = _target(80, **_POTENTIAL)
    reset: Values = _target(70, **_POTENTIAL)
    threshold: Values = _target(125, checked=(50, 220), hard=(0, 255))
    tau_mem: Values = _target(10e-6, checked=(0.5e-6, 60e-6), hard=(0.1e-6, 2000e-6))
    tau_syn: Values = _target(10e-6, checked=(0.3e-6, 30e-6), hard=(0.1e-6, 100e-6), shapes=(NEURONS, INPUTS))
    i_synin_gm: Values = _target(500, checked=(30, 800), **_GM)
    membrane_capacitance: Values = _target(63, **_CAPACITANCE)
    refractory_time: Values = _target(2e-6, checked=(40e-9, 32e-6), hard=(16e-9, 66e-3))
    holdoff_time: Values = _target(0, checked=(0, 4e-6), hard=(0, 8e-3))
    synapse_dac_bias: Values = _target(600, **_DAC_BIAS)
    e_coba_reversal: Values = _optional(checked=(-150, 240), hard=(-180, 243), shapes=(NEURONS, INPUTS))
    e_coba_reference: Values = _optional(checked=(60, 160), hard=(0, 255), shapes=(NEURONS, INPUTS))
    tau_icc: Values = _optional(checked=(0.1e-6, 30e-6), hard=(0.01e-6, 1e-3))
    synin_gm_calibrated: Values = _target(1, later=True, checked=(0, 1), hard=(0, 1), shapes=(), integer=True)

    def _unwrap(self) -> None:
        kind = self.i_synin_gm
        if isinstance(kind, CalibratedMatching | Calibrated | Uncalibrated):
            object.__setattr__(self, "i_synin_gm", kind.i_synin_gm)
            object.__setattr__(self, "synin_gm_calibrated", int(not isinstance(kind, Uncalibrated)))

    def coba_reference(self) -> np.ndarray:
        """Return ``e_coba_reference``, or the resting potential where it is None, CADC LSB (2, 512)."""
        reference = self.per_input("e_coba_reference")
        return np.where(np.isnan(reference), self.per_neuron("leak"), reference)

    def _check(self) -> None:
        if (np.asarray(self.holdoff_time) > np.asarray(self.refractory_time)).any():
            raise CalibrationTargetError(
                f"holdoff_time: got up to {np.max(self.holdoff_time):g} s, wanted at most the refractory time, "
                "whose last part it is"
            )
        ahead = (self.per_input("e_coba_reversal") - self.coba_reference()) * np.array([[1], [-1]])
        if (ahead <= 0).any():
            raise CalibrationTargetError(
                "e_coba_reversal: wanted excitatory inputs above and inhibitory ones below the reference potential "
                f"{self.coba_reference()[ahead <= 0][0]:g}"
            )


@dataclass(frozen=True, eq=False)
class IntegratorTarget(_Target):
    """Parameters of neurons that add up charge with their leak off (hagen mode): base of the targets that have some.

    Attributes:
        leak: Baseline of the membrane, LSB of the CADC in its range for hagen mode, () or (512,).
        tau_mem: Membrane time constant while the leak is on, seconds, () or (512,).
        tau_syn: Synaptic time constants, seconds, (), (512,) or (2, 512): excitatory, inhibitory.
        i_synin_gm: All columns are brought to the gain that a typical column has at this code, (), (512,) or (2, 512).
        membrane_capacitance: Register code 0..63, () or (512,).
        synapse_dac_bias: Register code of the synapses' bias current, ().

    Source:
        chip facts 3.4 and 7.1.
    """

    leak: Values = _target(120, checked=(100, 140), hard=(0, 255))
    tau_mem: Values = _target(60e-6, checked=(20e-6, 100e-6), hard=(0.1e-6, 2000e-6))
    tau_syn: Values = _target(0.32e-6, checked=(0.3e-6, 20e-6), hard=(0.1e-6, 100e-6), shapes=(NEURONS, INPUTS))
    i_synin_gm: Values = _target(450, checked=(30, 600), **_GM)
    membrane_capacitance: Values = _target(63, **_CAPACITANCE)
    synapse_dac_bias: Values = _target(1022, **_DAC_BIAS)


@dataclass(frozen=True, eq=False)
class HagenCalibTarget(IntegratorTarget):
    """All that analog matrix products need (hagen mode): neurons as integrators, and synapse drivers.

    The fields are those of :class:`IntegratorTarget`; drivers are brought to :class:`SynapseDriverCalibTarget`'s
    defaults.

    Raises:
        CalibrationTargetError: A field has the wrong shape, is not finite, or out of its hard range.
    """

    kind: ClassVar[str] = "hagen"


@dataclass(frozen=True, eq=False)
class HagenNeuronCalibTarget(IntegratorTarget):
    """Neurons alone as integrators of analog matrix products; synapse drivers stay as they are.

    The other fields are those of :class:`IntegratorTarget`.

    Attributes:
        target_noise: Noise of a product's result that neurons may have, LSB rms, (); those above it fail. None only
            measures it.

    Raises:
        CalibrationTargetError: A field has the wrong shape, is not finite, or out of its hard range.
    """

    kind: ClassVar[str] = "hagen_neuron"

    target_noise: Values = _optional(checked=(1.0, 2.5), hard=(0, 128), shapes=())


@dataclass(frozen=True, eq=False)
class SynapseDriverCalibTarget(_Target):
    """Synapse drivers in hagen mode: pulses that are proportional to the activation, the same in all drivers.

    Attributes:
        limit: Share of the range of a result up to which drivers are measured, ().
        stp_offset: Code of all drivers' offset of short-term plasticity, ().
        test_activation: Smaller one of the two activations at which drivers are compared, LSB, ().

    Raises:
        CalibrationTargetError: A field is out of its hard range.

    Source:
        chip facts 7.1.
    """

    kind: ClassVar[str] = "synapse_driver"

    limit: Values = _target(0.9, checked=(0.3, 0.95), hard=(0.05, 1), shapes=())
    stp_offset: Values = _target(7, checked=(0, 15), hard=(0, 15), shapes=(), integer=True)
    test_activation: Values = _target(3, checked=(2, 10), hard=(1, 15), shapes=(), integer=True)


_CODE: dict[str, Any] = {"checked": (0, 1022), "hard": (0, 1022), "shapes": (), "integer": True}


@dataclass(frozen=True, eq=False)
class STPCalibTarget(_Target):
    """Short-term plasticity of the synapse drivers: the voltages behind it, and equal amplitudes of all drivers.

    Set 0 facilitates by default, set 1 depresses; each driver selects one of them (``stp_target``).

    Attributes:
        v_charge_0, v_recover_0: Codes of the voltages of set 0: where events take a driver, where it recovers to, ().
        v_charge_1, v_recover_1: Those of set 1, ().
        i_ramp: Code of the current behind the slope of the amplitude, ().
        v_stp: Code of the voltage behind its zero, ().

    Raises:
        CalibrationTargetError: A field is no code.

    Source:
        chip facts 2.3 and 7.1.
    """

    kind: ClassVar[str] = "stp"

    v_charge_0: Values = _target(100, **_CODE)
    v_recover_0: Values = _target(400, **_CODE)
    v_charge_1: Values = _target(330, **_CODE)
    v_recover_1: Values = _target(50, **_CODE)
    i_ramp: Values = _target(600, **_CODE)
    v_stp: Values = _target(180, **_CODE)


_VOLTAGE: dict[str, Any] = {"checked": (70, 550), "hard": (0, 1022), "shapes": (), "integer": True}
_READING: dict[str, Any] = {"checked": (20, 220), "hard": (0, 255), "shapes": ()}


@dataclass(frozen=True, eq=False)
class CADCCalibTarget(_Target):
    """Transfer of the column ADC alone: two codes of the test voltage and what all channels shall read there.

    Attributes:
        v_low, v_high: Codes of the test voltage, ().
        read_low, read_high: Readings, LSB, ().

    Raises:
        CalibrationTargetError: A field is out of its hard range, or the two points are less than 20 LSB or codes apart.

    Source:
        chip facts 7.1.
    """

    kind: ClassVar[str] = "cadc"

    v_low: Values = _target(70, **_VOLTAGE)
    v_high: Values = _target(550, **_VOLTAGE)
    read_low: Values = _target(20, **_READING)
    read_high: Values = _target(220, **_READING)

    def _check(self) -> None:
        for low, high in (("v_low", "v_high"), ("read_low", "read_high")):
            if float(np.asarray(getattr(self, high))) - float(np.asarray(getattr(self, low))) < 20:
                raise CalibrationTargetError(f"{high}: wanted at least 20 above {low}")


@dataclass(frozen=True, eq=False)
class CorrelationCalibTarget(_Target):
    """Correlation sensors of the synapses.

    Attributes:
        amplitude: What a coincidence adds, LSB, ().
        time_constant: Over which it is forgotten, seconds, ().

    Raises:
        CalibrationTargetError: A field is out of its hard range.

    Source:
        chip facts 7.1.
    """

    kind: ClassVar[str] = "correlation"

    amplitude: Values = _target(0.5, checked=(0.2, 2.0), hard=(0.01, 20), shapes=())
    time_constant: Values = _target(5e-6, checked=(2e-6, 30e-6), hard=(0.5e-6, 400e-6), shapes=())


NeuronCalibTarget: TypeAlias = SpikingCalibTarget | HagenCalibTarget | HagenNeuronCalibTarget
CalibTarget: TypeAlias = (
    NeuronCalibTarget | SynapseDriverCalibTarget | STPCalibTarget | CADCCalibTarget | CorrelationCalibTarget
)

TARGETS: dict[str, type[CalibTarget]] = {
    "spiking": SpikingCalibTarget,
    "hagen": HagenCalibTarget,
    "hagen_neuron": HagenNeuronCalibTarget,
    "synapse_driver": SynapseDriverCalibTarget,
    "stp": STPCalibTarget,
    "cadc": CADCCalibTarget,
    "correlation": CorrelationCalibTarget,
}


def _is_default(value: np.ndarray, default: Any) -> bool:
    return value.shape == () and (bool(np.isnan(value)) if default is None else bool(value == default))


def preset(name: str) -> CalibTarget:
    """Return the target of a calibration that ships with the default chip: ``spiking``, ``spiking2`` or ``hagen``.

    Raises:
        CalibrationTargetError: There is none of that name.
    """
    if name == "spiking":
        return SpikingCalibTarget()
    if name == "spiking2":
        return SpikingCalibTarget(reset=80, threshold=150, tau_mem=6e-6, tau_syn=6e-6, synapse_dac_bias=1000)
    if name == "hagen":
        return HagenCalibTarget()
    raise CalibrationTargetError(f"calibration preset: got {name!r}, wanted one of {', '.join(PRESETS)}")


PRESETS = ("spiking", "spiking2", "hagen")
