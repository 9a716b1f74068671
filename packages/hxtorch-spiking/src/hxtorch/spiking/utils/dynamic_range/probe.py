"""A population on all circuits of the chip that shows its recordings as they are."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from hxtorch.core import CADCHandle, LogicalNeuronOnDLS, MADCHandle, NeuronBlock, SpikeHandle
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules.neurons.lif import Neuron
from hxtorch.spiking.modules.synapses.dense import Synapse
from hxtorch.spiking.network.handle import NeuronHandle
from hxtorch.spiking.network.observables import HardwareObservables

SIZE = 512
DT = 1e-6

ByCoordinate = dict[LogicalNeuronOnDLS, float]
"""One number for each circuit of the chip, as ``trace_offset`` and ``trace_scale`` take them."""


class Recordings(NamedTuple):
    """What one run showed.

    Attributes:
        cadc: Samples of all neurons.
        spikes: Spikes of all neurons.
        seconds: Length of the run.
    """

    cadc: CADCHandle
    spikes: SpikeHandle
    seconds: float

    def mean_trace(self) -> np.ndarray:
        """Return the mean membrane over the batch on a grid of 1 us, user units, float32 (time, neuron)."""
        mean: np.ndarray = self.cadc.to_dense(self.seconds, DT).mean(1)
        return mean


class Probe(Neuron):
    """Neurons with a constant current on their membranes.

    Args:
        experiment: Collects the module when it is called.
        current: Register code of the current, negative to draw it.
        fires: Whether the threshold comparators are on.
        params: Arguments of the neurons, see :class:`~hxtorch.spiking.modules.neurons.arguments.LIFArguments`.
    """

    def __init__(self, experiment: Experiment, current: int, fires: bool, params: Mapping[str, Any]) -> None:
        super().__init__(SIZE, experiment, **dict(params))
        self.current = current
        self.comparator = fires
        self.recorded: Recordings | None = None

    def configure_hw_entity(self, neuron_id: int, neuron_block: NeuronBlock, coord: LogicalNeuronOnDLS) -> NeuronBlock:
        """Set the current and the comparator of one neuron."""
        neuron_block = super().configure_hw_entity(neuron_id, neuron_block, coord)
        neuron = neuron_block.atomic_neurons[coord.anchor]
        neuron.threshold.enable = self.comparator
        neuron.constant_current.enable = self.current != 0
        neuron.constant_current.i_offset = abs(self.current)
        neuron.constant_current.type = int(self.current < 0)
        return neuron_block

    def post_process(
        self,
        hw_spikes: SpikeHandle | None,
        hw_cadc: CADCHandle | None,
        hw_madc: MADCHandle | None,
        runtime: float,
    ) -> HardwareObservables:
        """Keep the recordings."""
        if hw_spikes is not None and hw_cadc is not None:
            self.recorded = Recordings(hw_cadc, hw_spikes, runtime)
        return HardwareObservables()


def measure(
    params: Mapping[str, Any] | None,
    calib_path: str | PathLike[str] | None,
    *,
    current: int = 0,
    fires: bool = False,
    weight: int = 0,
    spikes: Tensor | None = None,
    batch: int = 10,
    steps: int = 100,
) -> Recordings:
    """Run all neurons of the connected chip.

    Args:
        params: Arguments of the neurons that the chip is calibrated to.
        calib_path: Calibration to use instead.
        current: Register code of a constant current on the membranes, negative to draw it.
        fires: Whether the threshold comparators are on.
        weight: Of the synapse from one source onto all neurons, LSB.
        spikes: What the source sends (time, batch, 1), or None for nothing.
        batch: Number of batch entries without ``spikes``.
        steps: Length of the run in us without ``spikes``.

    Raises:
        NoConnectionError: No chip is connected.
        ParameterError: ``params`` switch spikes or membranes off.
    """
    experiment = Experiment(dt=DT, calib_path=calib_path)
    source = torch.zeros(steps, batch, 1) if spikes is None else spikes
    synapse = Synapse(1, SIZE, experiment)
    torch.nn.init.constant_(synapse.weight, weight)
    probe = Probe(experiment, current, fires, params or {})
    probe(synapse(NeuronHandle(source)))
    experiment.get_hw_results(len(source))
    if probe.recorded is None:
        raise ParameterError("params: switch a recording off that the measurement needs")
    return probe.recorded


def by_coordinate(values: np.ndarray) -> ByCoordinate:
    """Return one number per circuit under its place."""
    return {LogicalNeuronOnDLS(anchor=circuit): float(value) for circuit, value in enumerate(values)}
