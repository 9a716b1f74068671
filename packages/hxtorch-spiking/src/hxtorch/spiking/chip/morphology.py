"""Which circuits of the chip make up one neuron."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hxtorch.core.networks.morphology import SWITCHES, wiring
from hxtorch.core.vocabulary.coordinates import (
    AtomicNeuronOnDLS,
    AtomicNeuronOnLogicalNeuron,
    CompartmentOnLogicalNeuron,
    LogicalNeuronCompartments,
    LogicalNeuronOnDLS,
)
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.network.readout_source import ReadoutSource

if TYPE_CHECKING:
    from hxtorch.core import NeuronBlock

__all__ = ["Morphology", "SingleCompartmentNeuron"]

_COLUMNS = 128


class Morphology(ABC):
    """Circuits of a neuron, relative to the circuit of its upper left corner, and the registers that join them.

    One circuit of a neuron fires and is read out: the first one of its first compartment.
    """

    @property
    @abstractmethod
    def compartments(self) -> Mapping[CompartmentOnLogicalNeuron, tuple[AtomicNeuronOnLogicalNeuron, ...]]:
        """Circuits of each compartment."""

    @abstractmethod
    def implement_morphology(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> NeuronBlock:
        """Join the circuits of one neuron, and let one of them fire.

        Args:
            coord: Where the neuron is.
            neuron_block: Registers of all neurons.

        Returns:
            ``neuron_block``.
        """

    @property
    def logical_neuron(self) -> LogicalNeuronCompartments:
        """The shape, as placement wants it."""
        return LogicalNeuronCompartments(
            {int(compartment): places for compartment, places in self.compartments.items()}
        )

    def main_circuit(self, coord: LogicalNeuronOnDLS) -> AtomicNeuronOnDLS:
        """Return the circuit that fires and is read out."""
        return coord.get_atomic_neurons()[0]

    def disable_leak(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Switch the leak of all circuits off."""
        for circuit in coord.get_atomic_neurons():
            neuron_block.atomic_neurons[circuit].leak.enable = False

    def disable_spiking(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Switch all threshold comparators off: the neuron neither fires nor is it reset."""
        for circuit in coord.get_atomic_neurons():
            neuron_block.atomic_neurons[circuit].threshold.enable = False

    def set_spike_recording(self, enable: bool, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Let the neuron hand its spikes on, or not; routing does too where synapses need them."""
        for circuit in coord.get_atomic_neurons():
            handed_on = enable and circuit == self.main_circuit(coord)
            neuron_block.atomic_neurons[circuit].event_routing.enable_digital = handed_on

    def set_readout_source(self, source: ReadoutSource, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> None:
        """Choose what both ADCs see of the neuron."""
        neuron_block.atomic_neurons[self.main_circuit(coord)].readout.source = source

    def enable_madc_recording(
        self,
        coord: LogicalNeuronOnDLS,
        neuron_block: NeuronBlock,
        readout_source: ReadoutSource = ReadoutSource.membrane,
    ) -> None:
        """Choose what the membrane ADC sees of the neuron; which neuron it records is the population's to say."""
        self.set_readout_source(readout_source, coord, neuron_block)


class SingleCompartmentNeuron(Morphology):
    """Neurons of one compartment: the membranes of all circuits are one.

    Capacitances, leaks and synaptic inputs add up, and so does the number of synapses.

    Args:
        size: Circuits of a neuron.
        expand_horizontally: Put them side by side; else they take both rows, so that ``size`` must be 1 or even.

    Raises:
        ParameterError: The circuits do not fit into half a chip, or not into two rows.

    Source:
        chip facts 1.2.
    """

    def __init__(self, size: int, expand_horizontally: bool = False) -> None:
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ParameterError(f"size: got {size!r}, wanted a whole number of circuits of at least 1")
        two_rows = size > 1 and not expand_horizontally
        if two_rows and size % 2:
            raise ParameterError(f"size: got {size}, wanted 1 or an even number for two rows, or expand_horizontally")
        columns = size // 2 if two_rows else size
        if columns > _COLUMNS:
            raise ParameterError(f"size: got {size} circuits, {columns} in a row, wanted at most {_COLUMNS}")
        self.size = size
        self.expand_horizontally = expand_horizontally
        places = [(column, row) for column in range(columns) for row in range(1 + two_rows)]
        circuits = tuple(AtomicNeuronOnLogicalNeuron(column, row) for column, row in places)
        self._compartments = {CompartmentOnLogicalNeuron(): circuits}

    @cached_property
    def logical_neuron(self) -> LogicalNeuronCompartments:
        """The shape, as placement wants it; made once, since each run asks whether it changed."""
        return super().logical_neuron

    @property
    def compartments(self) -> Mapping[CompartmentOnLogicalNeuron, tuple[AtomicNeuronOnLogicalNeuron, ...]]:
        return self._compartments

    def implement_morphology(self, coord: LogicalNeuronOnDLS, neuron_block: NeuronBlock) -> NeuronBlock:
        """Join neighbours directly and rows by the vertical switch; the first circuit fires."""
        circuits = coord.get_atomic_neurons()
        closed = wiring(np.array([circuits], np.int64), repr(coord))
        for circuit in circuits:
            neuron = neuron_block.atomic_neurons[circuit]
            for switch in SWITCHES:
                setattr(neuron.multicompartment, switch, circuit in closed[switch])
            neuron.threshold.enable = circuit == self.main_circuit(coord)
        return neuron_block

    def __repr__(self) -> str:
        return f"SingleCompartmentNeuron({self.size}, expand_horizontally={self.expand_horizontally})"
