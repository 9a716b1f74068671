"""What analog matrix products need of neurons and synapse drivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.base import CAPACITANCE, DAC_BIAS, GM, Target, declare, optional
from hxtorch.core.calibration.targets.ranges import INPUTS, PER_NEURON, Optionals, Values


@dataclass(frozen=True, eq=False)
class IntegratorTarget(Target):
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

    leak: Values = declare(120, checked=(100, 140), hard=(0, 255))
    tau_mem: Values = declare(60e-6, checked=(20e-6, 100e-6), hard=(0.1e-6, 2000e-6))
    tau_syn: Values = declare(0.32e-6, checked=(0.3e-6, 20e-6), hard=(0.1e-6, 100e-6), shapes=(PER_NEURON, INPUTS))
    i_synin_gm: Values = declare(450, checked=(30, 600), **GM)
    membrane_capacitance: Values = declare(63, **CAPACITANCE)
    synapse_dac_bias: Values = declare(1022, **DAC_BIAS)


@checked
@dataclass(frozen=True, eq=False)
class HagenCalibTarget(IntegratorTarget):
    """All that analog matrix products need (hagen mode): neurons as integrators, and synapse drivers.

    The fields are those of :class:`IntegratorTarget`; drivers are brought to :class:`SynapseDriverCalibTarget`'s
    defaults.

    Raises:
        CalibrationTargetError: A field has the wrong shape, is not finite, or out of its hard range.
    """

    kind: ClassVar[str] = "hagen"


@checked
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

    target_noise: Optionals = optional(checked=(1.0, 2.5), hard=(0, 128), shapes=())


@checked
@dataclass(frozen=True, eq=False)
class SynapseDriverCalibTarget(Target):
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

    limit: Values = declare(0.9, checked=(0.3, 0.95), hard=(0.05, 1), shapes=())
    stp_offset: Values = declare(7, checked=(0, 15), hard=(0, 15), shapes=(), integer=True)
    test_activation: Values = declare(3, checked=(2, 10), hard=(1, 15), shapes=(), integer=True)
