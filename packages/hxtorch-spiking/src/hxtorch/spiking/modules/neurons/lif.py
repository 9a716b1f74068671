"""Leaky integrate-and-fire neurons."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from hxtorch.spiking.functional import LIF, CUBALIFParams, cuba_lif_integration
from hxtorch.spiking.functional.models import lif
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.loop import Feedback
from hxtorch.spiking.modules.neurons.arguments import LIFArguments, Unpack, by_name, spell_out
from hxtorch.spiking.modules.neurons.firing import FiringNeuron
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter

__all__ = ["Neuron"]


class Neuron(FiringNeuron):
    r"""Leaky integrate-and-fire neurons with exponential synaptic currents.

    .. math::
        \tau_m \dot v = -(v - v_l) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        *positional: The first of these arguments, without their names.
        **arguments: See :class:`~hxtorch.spiking.modules.neurons.arguments.LIFArguments`.

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    parameter_names = (
        "leak",
        "reset",
        "threshold",
        "tau_mem",
        "tau_syn",
        "i_synin_gm",
        "membrane_capacitance",
        "refractory_time",
        "synapse_dac_bias",
        "holdoff_time",
    )

    leak: HXBaseParameter

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIFArguments]
    ) -> None:
        given = spell_out(by_name(LIFArguments, positional, arguments), CUBALIFParams)
        super().__init__(size, experiment, LIFArguments.__annotations__, given)

    @property
    def params(self) -> CUBALIFParams:
        """Parameters of the numerics."""
        return CUBALIFParams(
            leak=self.leak.model_value,
            reset=self.reset.model_value,
            threshold=self.threshold.model_value,
            tau_mem=self.tau_mem.model_value,
            tau_syn=self.tau_syn.model_value,
            refractory_time=self.refractory_time.model_value,
            method=self._masked(self.method),
            alpha=self.alpha,
        )

    def step_constants(self) -> Constants:
        """Return the factors of one step of the model."""
        return lif.constants(self.params, self.experiment.dt)

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> LIF:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        return cuba_lif_integration(
            current,
            self.params,
            recorded,
            self.experiment.dt,
            traces=self.enable_cadc_recording,
            feedback=feedback,
        )
