"""Integrate-and-fire neurons."""

from __future__ import annotations

from typing import Any

from hxtorch.spiking.functional import CUBAIAFParams, CuBaStepCode
from hxtorch.spiking.modules.neurons.arguments import IAFArguments, Unpack
from hxtorch.spiking.modules.neurons.declared import declares
from hxtorch.spiking.modules.neurons.lif import LIF
from hxtorch.spiking.network.roles import BaseExperiment

__all__ = ["IAFNeuron"]


@declares(IAFArguments)
class IAFNeuron(LIF):
    r"""Integrate-and-fire neurons with exponential synaptic currents.

    .. math::
        C \dot v = i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    Membranes of the model start at 0. The chip is calibrated with its leak at ``tau_mem``; in the run the leak is off,
    and what remains of it (5 ms) pulls to the reset potential, where membranes start there.

    On a chip with mismatch no leak outweighs the small constant currents of a neuron's inputs: its membrane drifts
    between and in runs, up to the end of its range. Only membranes that fire or are driven enough come back from there.

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    equations = CuBaStepCode(leaky=False, fire=True, refractory=True)
    older_params = CUBAIAFParams

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[IAFArguments]
    ) -> None:
        self._set_up(size, experiment, positional, arguments)
