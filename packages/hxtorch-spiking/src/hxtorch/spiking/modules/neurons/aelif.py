"""Adaptive exponential leaky integrate-and-fire neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import CuBaStepCode
from hxtorch.spiking.functional.models import aelif
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.integration import integrate
from hxtorch.spiking.functional.steps.loop import Feedback, Terms
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.arguments import AELIFArguments, Unpack, aelif_defaults, by_name, lif_defaults
from hxtorch.spiking.modules.neurons.firing import check_surrogate
from hxtorch.spiking.modules.neurons.lif import Neuron
from hxtorch.spiking.network.handle import NeuronHandle, ReadoutNeuronHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.roles import BaseExperiment
from hxtorch.spiking.parameter import HXBaseParameter

if TYPE_CHECKING:
    from hxtorch import core
    from hxtorch.core import LogicalNeuronOnDLS

__all__ = ["AELIF"]

_REFERENCE = 511
"""Code of the adaptation's reference, as users of the chip keep it (chip facts 3.1)."""

_LARGEST_CODE = 1022


class AELIF(AnalogNeuron):
    r"""Adaptive exponential leaky integrate-and-fire neurons with exponential synaptic currents.

    .. math::
        \tau_m \dot v &= -(v - v_l) + \Delta_T e^{(v - v_T) / \Delta_T} + i - w, \qquad
        \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k) \\
        \tau_w \dot w &= a (v - v_l) - w, \qquad
        v > \vartheta \Rightarrow v \to v_r, \; w \to w + b

    Each term is there only if its flag is set. Without ``fire`` the module fills a
    :class:`~hxtorch.spiking.ReadoutNeuronHandle`. See :func:`~hxtorch.spiking.functional.cuba_aelif_integration`.

    Args:
        size: Number of neurons.
        experiment: Collects the module when it is called.
        *positional: The first of these arguments, without their names.
        **arguments: See :class:`~hxtorch.spiking.modules.neurons.arguments.AELIFArguments`.

    Raises:
        ParameterError: An argument has a value that the model or the chip does not have.
        RecordingError: MADC recording of other than exactly one neuron of the population.
    """

    parameter_names = Neuron.parameter_names

    raw_names = (
        "exponential_slope",
        "exponential_threshold",
        "subthreshold_adaptation_strength",
        "spike_triggered_adaptation_increment",
        "tau_adap",
        "leak_adaptation",
    )
    """Parameters that the chip gets as register codes, without calibration."""

    leak: HXBaseParameter
    reset: HXBaseParameter
    threshold: HXBaseParameter
    refractory_time: HXBaseParameter
    holdoff_time: HXBaseParameter
    exponential_slope: HXBaseParameter
    exponential_threshold: HXBaseParameter
    subthreshold_adaptation_strength: HXBaseParameter
    spike_triggered_adaptation_increment: HXBaseParameter
    tau_adap: HXBaseParameter
    leak_adaptation: HXBaseParameter

    def __init__(
        self, size: int, experiment: BaseExperiment, *positional: Any, **arguments: Unpack[AELIFArguments]
    ) -> None:
        given = by_name(AELIFArguments, positional, arguments)
        chosen: dict[str, Any] = {**lif_defaults(), **aelif_defaults(), **given}
        self.step = CuBaStepCode(
            leaky=chosen["leaky"],
            fire=chosen["fire"],
            refractory=chosen["fire"],
            exponential=chosen["exponential"],
            subthreshold_adaptation=chosen["subthreshold_adaptation"],
            spike_triggered_adaptation=chosen["spike_triggered_adaptation"],
        )
        self.fires = self.recurs = self.step.fire  # type: ignore[misc]  # here each module says so
        self.output_type = NeuronHandle if self.fires else ReadoutNeuronHandle  # type: ignore[misc]
        super().__init__(size, experiment, AELIFArguments.__annotations__, given)
        if chosen["chip_coordinate"] is not None:
            raise ParameterError(f"chip_coordinate: got {chosen['chip_coordinate']!r}, wanted None: there is one chip")
        for name in self.raw_names:
            self.add_module(name, self._legal_parameter(name, chosen[name]))
        self.clock_scale_adaptation_pulse: int = chosen["clock_scale_adaptation_pulse"]
        self.method = chosen["method"]
        self.alpha = chosen["alpha"]
        check_surrogate(self.method, self.alpha)

    def layout(self) -> tuple[Any, ...]:
        """Return what placing, routing and the registers of the terms depend on."""
        codes = {name: value.tobytes() for name, value in self.register_codes().items()}
        return *super().layout(), self.step, self.clock_scale_adaptation_pulse, tuple(codes.items())

    def register_codes(self) -> dict[str, np.ndarray]:
        """Return the codes of the terms that there are, by register, int64 (neuron,); signs are those of the terms.

        Raises:
            ParameterError: A code is out of range, or a parameter has no value for the chip.
        """
        wanted: dict[str, HXBaseParameter] = {}
        if self.step.exponential:
            wanted |= {"i_exp": self.exponential_slope, "v_exp": self.exponential_threshold}
        if self.step.subthreshold_adaptation:
            wanted["i_adapt_a"] = self.subthreshold_adaptation_strength
        if self.step.spike_triggered_adaptation:
            wanted["i_adapt_b"] = self.spike_triggered_adaptation_increment
        if self.step.adapting:
            wanted |= {"i_adapt_tau": self.tau_adap, "v_adapt_leak": self.leak_adaptation}
        return {name: self._codes(name, parameter) for name, parameter in wanted.items()}

    def configure_hw_entity(
        self, neuron_id: int, neuron_block: core.NeuronBlock, coord: LogicalNeuronOnDLS
    ) -> core.NeuronBlock:
        """Set the registers of one neuron that the model decides: those of its exponential and adaptation terms."""
        neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)
        if not self.step.leaky:
            self.neuron_structure.disable_leak(coord, neuron_block)
        chip, circuit = neuron_block.chip, self.neuron_structure.main_circuit(coord)
        index = self.coordinates.index(coord)
        for name, codes in self.register_codes().items():
            getattr(chip, name)[circuit] = abs(codes[index])
            if name in ("i_adapt_a", "i_adapt_b"):
                getattr(chip, f"adaptation_{name[-1]}_negative")[circuit] = codes[index] < 0
        chip.enable_exponential[circuit] = self.step.exponential
        chip.enable_adaptation[circuit] = self.step.adapting
        if self.step.adapting:
            chip.v_adapt_ref[circuit] = _REFERENCE
        if self.step.spike_triggered_adaptation:
            chip.adaptation_pulse_scale[...] = self.clock_scale_adaptation_pulse
        return neuron_block

    def hardware_values(self) -> dict[str, np.ndarray]:
        """Return what the chip shall be calibrated to; without a leak the reset is the resting potential."""
        values = super().hardware_values()
        return values if self.step.leaky else {**values, "leak": values["reset"]}

    def integrate(
        self, current: Tensor, recorded: HardwareObservables, feedback: Feedback | None = None
    ) -> functional.AELIF:
        """Return the traces of the model for weighted spikes (time, batch, neuron), with recordings in their place."""
        found = integrate(
            current,
            self.step_constants(),
            self.terms,
            recorded,
            self._masked(self.method),
            self.alpha,
            self.enable_cadc_recording,
            feedback,
        )
        return functional.AELIF(*found, recorded.madc)

    @property
    def terms(self) -> Terms:
        """Terms that the equations have."""
        return aelif.terms(self.step)

    def step_constants(self) -> Constants:
        """Return the factors of one step of the model.

        Raises:
            ParameterError: A time constant is below half a step, or the slope is not positive.
        """
        return aelif.constants(
            self.step,
            self.experiment.dt,
            leak=self.leak.model_value,
            reset=self.reset.model_value,
            threshold=self.threshold.model_value,
            tau_syn=self.tau_syn.model_value,
            c_mem=self.tau_mem.model_value,
            g_l=1.0,
            refractory_time=self.refractory_time.model_value,
            exp_slope=self.exponential_slope.model_value,
            exp_threshold=self.exponential_threshold.model_value,
            subthreshold_adaptation_strength=self.subthreshold_adaptation_strength.model_value,
            spike_triggered_adaptation_increment=self.spike_triggered_adaptation_increment.model_value,
            tau_adap=self.tau_adap.model_value,
        )

    def handle(self, traces: functional.AELIF) -> NeuronHandle | ReadoutNeuronHandle:
        """Return traces of the model as what users get: membranes and adaptation only if they are recorded."""
        filled = NeuronHandle(traces.spikes) if self.fires else ReadoutNeuronHandle()
        filled.membrane_madc = traces.membrane_madc
        if self.enable_cadc_recording:
            filled.membrane_cadc, filled.current = traces.membrane_cadc, traces.current
            filled.adaptation_cadc = traces.adaptation
        return filled

    def _codes(self, name: str, parameter: HXBaseParameter) -> np.ndarray:
        value = parameter.hardware_value
        self._check_size(name, value)
        exact = torch.as_tensor(value, dtype=torch.float64).cpu().numpy()
        codes = np.broadcast_to(np.rint(exact).astype(np.int64), (self.size,))
        lowest = -_LARGEST_CODE if name in ("i_adapt_a", "i_adapt_b") else 0
        if ((codes < lowest) | (codes > _LARGEST_CODE)).any():
            raise ParameterError(f"{name}: got {value}, wanted register codes from {lowest} to {_LARGEST_CODE}")
        return codes
