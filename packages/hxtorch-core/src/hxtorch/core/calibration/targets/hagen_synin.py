"""What analog matrix products need that are read from the synaptic lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hxtorch.core.arguments import checked
from hxtorch.core.calibration.targets.base import DAC_BIAS, Target, declare
from hxtorch.core.calibration.targets.ranges import INPUTS, PER_NEURON, Values


@checked
@dataclass(frozen=True, eq=False)
class HagenSyninCalibTarget(Target):
    """Matrix products whose results are read from the synaptic lines, past the neurons, with a finer column ADC.

    Charge stays on a line, which drops by it, instead of moving a membrane: results are negative, and each line shows
    weights of its own sign only. A calibration selects excitatory lines (``readout_source`` 1); inhibitory ones (2) are
    calibrated too. The column ADC spans the codes 150 to 340 of its test voltage, synapse drivers are brought to
    :class:`SynapseDriverCalibTarget`'s defaults.

    Attributes:
        tau_syn: Time constants with which lines forget charge, seconds, (), (512,) or (2, 512): excitatory,
            inhibitory. The events of a full vector take 5 us.
        synapse_dac_bias: Register code of the synapses' bias current, matched over the four quadrants, ().

    Raises:
        CalibrationTargetError: A field has the wrong shape, is not finite, or out of its hard range.

    Source:
        chip facts 7.1 (range, bias). That lines shall keep their charge as long as the checked time constants of
        matrix products go is our choice.
    """

    kind: ClassVar[str] = "hagen_synin"

    tau_syn: Values = declare(20e-6, checked=(5e-6, 20e-6), hard=(0.1e-6, 100e-6), shapes=(PER_NEURON, INPUTS))
    synapse_dac_bias: Values = declare(800, **DAC_BIAS)
