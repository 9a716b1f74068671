"""Which circuits of the chip make up one neuron, and what their registers are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from hxtorch import core
from hxtorch.core import (
    HALF,
    AtomicNeuronOnDLS,
    AtomicNeuronOnLogicalNeuron,
    LogicalNeuron,
    LogicalNeuronCompartments,
    LogicalNeuronOnDLS,
)
from hxtorch.spiking.errors import ParameterError

if TYPE_CHECKING:
    from hxtorch.core import NeuronBlock

__all__ = ["Morphology", "SingleCompartmentNeuron"]

_LARGEST_CODE = 1022  # of an analog cell
_ADAPTATION_REFERENCE = 511  # code of the middle of the range: what the readout of the adaptation is compared with


class Morphology(ABC):
    """Circuits of a neuron, relative to the circuit of its upper left corner, and the registers that join them.

    One circuit of a neuron fires and is read out: the first one of its first compartment. Functions that set registers
    of a neuron need no object: they look at the neuron's place.
    """

    @property
    @abstractmethod
    def compartments(self) -> LogicalNeuronCompartments:
        """Circuits of each compartment, without a place."""

    @abstractmethod
    def implement_morphology(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> NeuronBlock:
        """Join the circuits of one neuron, and let one of them fire.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.

        Returns:
            ``neuron_block``.
        """

    def trim_capacitance(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:  # noqa: B027  # optional
        """Take from the capacitance of one neuron what its circuits have too much; a structure need not.

        Neuron layers call this after the calibration and :meth:`implement_morphology`.
        """

    @property
    def logical_neuron(self) -> LogicalNeuronCompartments:
        """The shape, as placement wants it, and the registers that join its circuits."""
        return LogicalNeuron({int(compartment): places for compartment, places in self.compartments.items()})

    @staticmethod
    def main_circuit(coord: LogicalNeuronOnDLS) -> AtomicNeuronOnDLS:
        """Return the circuit that fires and is read out."""
        return coord.get_atomic_neurons()[0]

    @staticmethod
    def format_to_CapMemCell_value(**kwargs: Any) -> tuple[int, ...]:  # noqa: N802
        """Round numbers to codes of analog cells.

        Args:
            kwargs: One number for each name; names are for messages.

        Returns:
            Codes from 0 to 1022 in the order of the names.

        Raises:
            ParameterError: A number is none, or beyond the range.

        Source: chip facts 1.3.
        """
        return tuple(_code(name, value) for name, value in kwargs.items())

    @staticmethod
    def disable_leak(coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Switch the leak of all circuits off."""
        for circuit in coord.get_atomic_neurons():
            leak = neuron_block.atomic_neurons[circuit].leak
            leak.enable, leak.i_bias = False, 0

    @staticmethod
    def disable_spiking(coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Switch threshold comparators and digital spike outputs off: the neuron neither fires nor is it reset."""
        for circuit in coord.get_atomic_neurons():
            neuron_block.atomic_neurons[circuit].threshold.enable = False
            neuron_block.atomic_neurons[circuit].event_routing.enable_digital = False

    @staticmethod
    def set_spike_recording(enable: bool, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Let the neuron hand its spikes on, or not; routing does too where synapses need them."""
        main = Morphology.main_circuit(coord)
        for circuit in coord.get_atomic_neurons():
            neuron_block.atomic_neurons[circuit].event_routing.enable_digital = bool(enable) and circuit == main

    @staticmethod
    def set_readout_source(source: int, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Choose what both ADCs see of the neuron: a member of ``ReadoutSource`` here or of the chip's own software."""
        neuron_block.atomic_neurons[Morphology.main_circuit(coord)].readout.source = int(source)

    @staticmethod
    def enable_madc_recording(coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock, readout_source: int = 0) -> None:
        """Choose what the membrane ADC sees of the neuron; which neuron it records is the population's to say.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.
            readout_source: Member of ``ReadoutSource``; the membrane if nothing is said.
        """
        Morphology.set_readout_source(readout_source, coord, neuron_block)

    @staticmethod
    def set_exponential_params(
        coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock, exponential_threshold: float, exponential_slope: float
    ) -> None:
        """Switch the exponential term of the firing circuit on.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.
            exponential_threshold: Code of the potential at which the term sets in, 0 to 1022.
            exponential_slope: Code of the bias current of the term, 0 to 1022.

        Raises:
            ParameterError: A code is beyond the range.
        """
        v_exp, i_bias = Morphology.format_to_CapMemCell_value(
            exponential_threshold=exponential_threshold, exponential_slope=exponential_slope
        )
        term = neuron_block.atomic_neurons[Morphology.main_circuit(coord)].exponential
        term.enable, term.v_exp, term.i_bias = True, v_exp, i_bias

    @staticmethod
    def set_adaptation_base_params(coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock, tau_adap: float) -> None:
        """Switch the adaptation of the firing circuit on.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.
            tau_adap: Code of the bias current that sets the time constant, 0 to 1022.

        Raises:
            ParameterError: The code is beyond the range.
        """
        (i_bias_tau,) = Morphology.format_to_CapMemCell_value(tau_adap=tau_adap)
        term = neuron_block.atomic_neurons[Morphology.main_circuit(coord)].adaptation
        term.enable, term.v_ref, term.i_bias_tau = True, _ADAPTATION_REFERENCE, i_bias_tau

    @staticmethod
    def set_subthreshold_adaptation_strength(
        coord: LogicalNeuronOnDLS,
        neuron_block: NeuronBlock,
        subthreshold_adaptation_strength: float,
        leak_adaptation: float,
    ) -> None:
        """Let the adaptation of the firing circuit follow its membrane.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.
            subthreshold_adaptation_strength: Code of the bias current, -1022 to 1022; negative drives the membrane away
                from rest.
            leak_adaptation: Code of the potential without adaptation, 0 to 1022.

        Raises:
            ParameterError: A code is beyond the range.
        """
        strength, v_leak = Morphology.format_to_CapMemCell_value(
            subthreshold_adaptation_strength=abs(subthreshold_adaptation_strength), leak_adaptation=leak_adaptation
        )
        term = neuron_block.atomic_neurons[Morphology.main_circuit(coord)].adaptation
        term.i_bias_a, term.invert_a, term.v_leak = strength, bool(subthreshold_adaptation_strength < 0), v_leak

    @staticmethod
    def set_spike_triggered_adaptation_increment(
        coord: LogicalNeuronOnDLS,
        neuron_block: NeuronBlock,
        spike_triggered_adaptation_increment: float,
        clock_scale_adaptation_pulse: tuple[int, int] = (5, 5),
    ) -> None:
        """Let spikes of the firing circuit change its adaptation.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.
            spike_triggered_adaptation_increment: Code of the bias current, -1022 to 1022.
            clock_scale_adaptation_pulse: Of columns 0 to 127 and of columns 128 to 255, 0 to 15: the pulse of a spike
                lasts 2 ** scale cycles of 8 ns. Neurons of one half share theirs.

        Raises:
            ParameterError: The code is beyond the range.
            ConfigurationError: A scale is.
        """
        (increment,) = Morphology.format_to_CapMemCell_value(
            spike_triggered_adaptation_increment=abs(spike_triggered_adaptation_increment)
        )
        chip, circuit = neuron_block.chip, Morphology.main_circuit(coord)
        term = neuron_block.atomic_neurons[circuit].adaptation
        term.i_bias_b, term.invert_b = increment, bool(spike_triggered_adaptation_increment < 0)
        legal = core.ChipConfiguration.legal("adaptation_pulse_scale", np.asarray(clock_scale_adaptation_pulse))
        chip.adaptation_pulse_scale[...] = legal


class SingleCompartmentNeuron(Morphology):
    """Neurons of one compartment: the membranes of all circuits are one.

    The first circuit alone has capacitance, leak and threshold. The others add rows of synapses, so a synapse of a
    neuron of several circuits is about as strong as one of a single circuit.

    Args:
        size: Circuits of a neuron, 1 to 256.
        expand_horizontally: Fill a row before the second one is begun, which holds 128 columns; else columns are
            filled one by one, upper circuit first.
        add_up: Leave capacitances and leaks on, as on a chip whose circuits are just joined: those of n circuits add
            up, and a synapse moves the membrane by an n-th.

    Raises:
        ParameterError: The circuits do not fit into two rows of half a chip.

    Source:
        chip facts 1.2.
    """

    def __init__(self, size: int, expand_horizontally: bool = False, *, add_up: bool = False) -> None:
        if not isinstance(size, int | np.integer) or isinstance(size, bool) or not 1 <= size <= 2 * HALF:
            raise ParameterError(
                f"size: got {size!r}, wanted a whole number of circuits from 1 to {2 * HALF}, two rows of half a chip"
            )
        self.size = int(size)
        self.expand_horizontally = bool(expand_horizontally)
        self.add_up = bool(add_up)
        along = [divmod(number, HALF)[::-1] if expand_horizontally else divmod(number, 2) for number in range(size)]
        first, *others = (AtomicNeuronOnLogicalNeuron(column, row) for column, row in along)
        passive = {"enable_threshold": 0, "enable_spike_output": 0}
        if not add_up:
            passive |= {"membrane_capacitance": 0, "i_leak": 0, "leak_divide": 1, "leak_multiply": 0}
        registers = {first: {"enable_threshold": 1}, **dict.fromkeys(others, passive)}
        self._logical_neuron = LogicalNeuron({0: [first, *others]}, registers)
        self._compartments = LogicalNeuronCompartments(self._logical_neuron)

    @property
    def compartments(self) -> LogicalNeuronCompartments:
        return self._compartments

    @property
    def logical_neuron(self) -> LogicalNeuron:
        """The shape, as placement wants it, and the registers that make its circuits one neuron."""
        return self._logical_neuron

    def implement_morphology(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> NeuronBlock:
        """Join neighbours directly and rows by the vertical switch; the first circuit fires and has the membrane."""
        self._logical_neuron.write(coord, neuron_block)
        return neuron_block

    def trim_capacitance(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Take from the first circuit what the others still have: 5 % of a capacitance cannot be switched off.

        So a neuron keeps its time constant and the height of its responses: up to about 20 circuits, from where on the
        rest alone is more than one capacitance.

        Source: chip facts 3.3.
        """
        if self.add_up or self.size == 1:
            return
        rest, with_code_1 = core.calibration.capacitance(np.array([0, 1])).tolist()
        cell = neuron_block.atomic_neurons[self.main_circuit(coord)].membrane_capacitance
        cell.capacitance = max(0, round(cell.capacitance - (self.size - 1) * rest / (with_code_1 - rest)))

    def __repr__(self) -> str:
        more = ", add_up=True" if self.add_up else ""
        return f"SingleCompartmentNeuron({self.size}, expand_horizontally={self.expand_horizontally}{more})"


def _code(name: str, value: Any) -> int:
    try:
        number = float(value)
        code = round(number)
    except (TypeError, ValueError, OverflowError):
        raise ParameterError(f"{name}: got {value!r}, wanted one number, the code of an analog cell") from None
    if not 0 <= code <= _LARGEST_CODE:
        raise ParameterError(f"{name}: got {value!r}, wanted a code of an analog cell from 0 to {_LARGEST_CODE}")
    return code
