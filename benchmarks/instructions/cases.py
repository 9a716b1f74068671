"""Five fixed pieces of work whose instructions are counted: ``count.py`` runs each in a process of its own.

They use public names only, so that they go on working while modules move. Each is a context manager that sets up and
gives a function without arguments, one step of the work; sizes are those of everyday use, a few steps are enough.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import hxtorch
from hxtorch import core
from hxtorch.core import calibration

Step = Callable[[], object]


def _training_step(mock: bool) -> Step:
    """Return one step of 5 -> 120 LIF -> 3 LI, 38 steps of 1 us, batch 50, full traces: forward, backward, SGD."""
    import torch

    from hxtorch import snn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    steps, batch, hidden, outputs = 38, 50, 120, 3
    rows = 1 if mock else 5  # for each input: the range of one weight is short on the chip
    experiment = snn.Experiment(mock=mock, dt=1e-6)
    calibrated: dict[str, Any] = {
        "tau_mem": 6e-6,
        "tau_syn": 6e-6,
        "trace_scale": 0.0147,
        "shift_cadc_to_first": True,
        "i_synin_gm": 500,
        "synapse_dac_bias": 1000,
    }
    leak, threshold = snn.MixedHXModelParameter(0.0, 80), snn.MixedHXModelParameter(1.0, 150)
    first = snn.Synapse(5 * rows, hidden, experiment)
    lif = snn.Neuron(hidden, experiment, leak=leak, reset=leak, threshold=threshold, **calibrated)
    second = snn.Synapse(hidden, outputs, experiment)
    readout = snn.ReadoutNeuron(outputs, experiment, leak=leak, **calibrated)
    # on the chip a weight is its LSB
    torch.nn.init.normal_(first.weight, *((0.8, 0.25) if mock else (17.5, 17.5)))
    torch.nn.init.normal_(second.weight, 0.0, 0.1 if mock else 15.0)
    optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=1e-3)
    spikes = (torch.rand(steps, batch, 5) < 0.03).float().repeat(1, 1, rows)
    target = torch.randint(outputs, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        membrane = readout(second(lif(first(snn.NeuronHandle(spikes)))))
        snn.run(experiment, steps)
        torch.nn.functional.cross_entropy(membrane.membrane_cadc.amax(0), target).backward()
        optimizer.step()

    return step


@contextmanager
def training_in_mock_mode() -> Iterator[Step]:
    """A training step of the numerics alone."""
    yield _training_step(mock=True)


@contextmanager
def training_in_the_loop() -> Iterator[Step]:
    """A training step with the emulated chip in the loop, full fidelity."""
    hxtorch.init_hardware()
    try:
        yield _training_step(mock=False)
    finally:
        hxtorch.release_hardware()


@contextmanager
def analog_product() -> Iterator[Step]:
    """A product of batch 200 with a matrix 256 x 256 on the emulated chip, full fidelity."""
    import torch

    import hxtorch.perceptron as hxp

    torch.manual_seed(0)
    torch.set_num_threads(1)
    activations = torch.randint(0, 32, (200, 256)).float()
    weights = torch.randint(-63, 64, (256, 256)).float()
    hxtorch.init_hardware(ann=True)
    try:
        yield lambda: hxp.matmul(activations, weights)
    finally:
        hxtorch.release_hardware()


@contextmanager
def calibration_target() -> Iterator[Step]:
    """A spiking target, measured on a chip without a calibration that ships."""
    target = calibration.SpikingCalibTarget(threshold=130)
    options = calibration.CalibrationOptions(progress=False)
    with core.open_session(serial="emulated-9", fidelity="full") as session:
        # instead of a warmup, which would take as long as the case: this loads the same modules
        calibration.calibrate(session.connection, calibration.CADCCalibTarget(), options)
        yield lambda: calibration.calibrate(session.connection, target, options)


@contextmanager
def routing() -> Iterator[Step]:
    """A route for 256 inputs that reach 512 neurons by a tenth of all synapses, and the network graph that it gives."""
    rng = np.random.default_rng(0)
    mask = rng.random((256, 512)) < 0.1
    builder = core.NetworkBuilder()
    inputs = builder.add(core.ExternalPopulation(256))
    layer = builder.add(core.Population(np.arange(512)))
    builder.add(core.Projection(inputs, layer, rng.integers(-63, 64, mask.shape) * mask, mask))
    network = builder.done()
    yield lambda: core.build_network_graph(network, core.build_routing(network))


@dataclass(frozen=True)
class Case:
    """A piece of work, how often it runs before it is counted, and how often while it is."""

    work: Callable[[], AbstractContextManager[Step]]
    warmup: int
    steps: int


CASES = {
    "training step, mock": Case(training_in_mock_mode, 3, 4),
    "training step, in the loop": Case(training_in_the_loop, 3, 4),
    "analog product": Case(analog_product, 3, 4),
    "calibration target": Case(calibration_target, 0, 1),
    "routing": Case(routing, 1, 2),
}
