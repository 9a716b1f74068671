"""Integrate-and-fire neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from hxtorch.spiking.functional import IAF, CUBAIAFParams, cuba_refractory_iaf_integration
from hxtorch.spiking.functional.models import iaf
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.loop import Feedback
from hxtorch.spiking.modules.neurons.arguments import IAFArguments, Unpack, by_name, spell_out
from hxtorch.spiking.modules.neurons.firing import FiringNeuron
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment

if TYPE_CHECKING:
    from hxtorch import core
    from hxtorch.core import LogicalNeuronOnDLS

__all__ = ["IAFNeuron"]


class IAFNeuron(FiringNeuron):
    r"""Integrate-and-fire neurons with exponential synaptic currents.

    .. math::
        \tau_m \dot v = i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    The chip is calibrated with its leak at ``tau_mem``, which decides how much a current moves the membrane; in the
    run the leak is off. What remains of it (5 ms) pulls to the reset potential, where membranes start too.

    On a chip with mismatch no leak outweighs the small constant currents of a neuron's inputs: its membrane drifts
    between and in runs, up to the end of its range. Only membranes that fire or are driven enough come back from there.

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        *positional: The first of these arguments, without their names.
        **arguments: See :class:`~hxtorch.spiking.modules.neurons.arguments.IAFArguments`.

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    parameter_names = (
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

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[IAFArguments]
    ) -> None:
        given = spell_out(by_name(IAFArguments, positional, arguments), CUBAIAFParams)
        super().__init__(size, experiment, IAFArguments.__annotations__, given)

    @property
    def params(self) -> CUBAIAFParams:
        """Parameters of the numerics."""
        return CUBAIAFParams(
            reset=self.reset.model_value,
            threshold=self.threshold.model_value,
            tau_mem=self.tau_mem.model_value,
            tau_syn=self.tau_syn.model_value,
            refractory_time=self.refractory_time.model_value,
            method=self._masked(self.method),
            alpha=self.alpha,
        )

    def configure_hw_entity(
        self, neuron_id: int, neuron_block: core.NeuronBlock, coord: LogicalNeuronOnDLS
    ) -> core.NeuronBlock:
        """Set the registers of one neuron that the model decides: its leak is off."""
        neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)
        self.neuron_structure.disable_leak(coord, neuron_block)
        return neuron_block

    def hardware_values(self) -> dict[str, np.ndarray]:
        """Return what the chip shall be calibrated to: the parameters, and the reset as the resting potential."""
        values = super().hardware_values()
        return {**values, "leak": values["reset"]}

    def step_constants(self) -> Constants:
        """Return the factors of one step of the model."""
        return iaf.constants(self.params, self.experiment.dt)

    def integrate(self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None) -> IAF:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        return cuba_refractory_iaf_integration(
            current,
            self.params,
            recorded,
            self.experiment.dt,
            traces=self.enable_cadc_recording,
            feedback=feedback,
        )
