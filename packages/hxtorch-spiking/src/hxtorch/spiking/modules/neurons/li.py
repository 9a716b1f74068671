"""Leaky integrators: neurons that are read out and do not fire."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from hxtorch.spiking.functional import LI, CUBALIParams, cuba_li_integration
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.arguments import LIArguments, Unpack, by_name, spell_out
from hxtorch.spiking.network.handle import ReadoutNeuronHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter

__all__ = ["ReadoutNeuron"]


class ReadoutNeuron(AnalogNeuron):
    r"""Leaky integrators with exponential synaptic currents.

    .. math::
        \tau_m \dot v = -(v - v_l) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k)

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        *positional: The first of these arguments, without their names.
        **arguments: See :class:`~hxtorch.spiking.modules.neurons.arguments.LIArguments`.

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    output_type = ReadoutNeuronHandle
    fires = False
    parameter_names = ("leak", "tau_mem", "tau_syn", "i_synin_gm", "membrane_capacitance", "synapse_dac_bias")

    leak: HXBaseParameter

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[LIArguments]
    ) -> None:
        given = spell_out(by_name(LIArguments, positional, arguments), CUBALIParams)
        super().__init__(size, experiment, LIArguments.__annotations__, given)

    @property
    def params(self) -> CUBALIParams:
        """Parameters of the numerics."""
        return CUBALIParams(
            leak=self.leak.model_value, tau_mem=self.tau_mem.model_value, tau_syn=self.tau_syn.model_value
        )

    def integrate(self, current: Tensor, recorded: HardwareObservables) -> LI:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        return cuba_li_integration(current, self.params, recorded, self.experiment.dt)

    def handle(self, traces: LI) -> ReadoutNeuronHandle:
        """Return traces of the model as what users get: membranes only if they are recorded."""
        if not self.enable_cadc_recording:
            return ReadoutNeuronHandle(membrane_madc=traces.membrane_madc)
        return ReadoutNeuronHandle(traces.membrane_cadc, traces.current, traces.membrane_madc)
