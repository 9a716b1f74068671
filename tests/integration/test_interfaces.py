"""Both frontends run on whatever plays the roles of ``hxtorch.core.interfaces``: here a chip written for this test."""

import numpy as np
import pytest
import torch

from hxtorch import perceptron, snn
from hxtorch.core import Session, interfaces
from hxtorch.core.backends.setup import Setup
from hxtorch.core.calibration import HagenCalibTarget, SpikingCalibTarget

SERIAL = "paper"
LATENCY = 125  # cycles of 8 ns, one step of 1 us, from an input to the spike of the neuron
GAIN = 8  # activations times weights per LSB of a product
SLOPE = 2  # LSB per sample of the column ADC


class PaperChip:
    """A connection: neurons answer each input by a spike, membranes rise evenly, products are exact.

    Attributes:
        programs: All that it was given to run.
    """

    identifier = SERIAL

    def __init__(self):
        self.programs = []
        self.closed = False

    @property
    def spiking(self):
        return Answering(self.programs)

    @property
    def matrix(self):
        return Multiplying(self.programs)

    def describe(self):
        return {"backend": "paper", "serial": SERIAL, "fidelity": "", "version": "1"}

    def close(self):
        self.closed = True


def info(run):
    return interfaces.ExecutionInfo("paper", SERIAL, "", run, 1e-3, 1e-3)


class Answering:
    def __init__(self, programs):
        self.programs = programs

    def run(self, program):
        self.programs.append(program)
        events, neurons = program.events, program.recording.cadc_neurons
        spikes = interfaces.SpikeEvents(
            events.times + LATENCY, np.full(len(events.times), neurons[0]), events.batch_offsets
        )
        once = np.arange(0, program.runtime, LATENCY)
        times = np.tile(once, events.batch_size)
        values = np.tile(128 + SLOPE * np.arange(len(once)), events.batch_size)
        values = np.repeat(values.astype(np.uint8)[:, np.newaxis], len(neurons), 1)
        offsets = np.arange(events.batch_size + 1) * len(once)
        samples = interfaces.CADCSamples(times, values, neurons, offsets)
        loopback = interfaces.LabelEvents.none(events.batch_size)
        return interfaces.SpikingResult(spikes, loopback, (samples,), None, info(len(self.programs)))


class Multiplying:
    def __init__(self, programs):
        self.programs = programs

    def run(self, program):
        self.programs.append(program)
        product = program.activations.astype(int) @ program.weights.astype(int) // GAIN
        return interfaces.MatrixResult(product.clip(-128, 127).astype(np.int8), None, info(len(self.programs)))


class PaperCalibration:
    """Register codes that nobody measured.

    Args:
        kind: What it is for.
        target: What it says that it reaches.
        **codes: Registers.
    """

    serial = SERIAL
    failed = np.empty(0, np.int64)

    def __init__(self, kind, target, **codes):
        self.kind, self.target, self.codes = kind, target, codes

    def apply(self, configuration):
        return configuration.replace(**self.codes)

    def require_chip(self, connection):
        assert connection.identifier == SERIAL


@pytest.fixture
def chip():
    chip = PaperChip()
    products = PaperCalibration("hagen", HagenCalibTarget(), v_reset=333)
    with Session(chip, Setup(backend="paper", serial=SERIAL), matrix_calibration=products):
        yield chip
    assert chip.closed


def test_what_the_test_wrote_plays_the_roles(chip):
    assert isinstance(chip, interfaces.Connection)
    assert isinstance(chip.spiking, interfaces.SpikingUnit)
    assert isinstance(chip.matrix, interfaces.MatrixUnit)
    assert isinstance(PaperCalibration("spiking", SpikingCalibTarget()), interfaces.ChipCalibration)


def test_spiking_networks_run_on_it(chip):
    place = snn.ExecutionInstance()
    place.calibration = PaperCalibration("spiking", SpikingCalibTarget(), v_leak=444)
    experiment = snn.Experiment(dt=1e-6, execution_instance=place)
    synapse, neuron = snn.Synapse(2, 3, experiment), snn.Neuron(3, experiment, trace_scale=0.5)
    torch.nn.init.constant_(synapse.weight, 5.0)
    spikes = torch.zeros(20, 2, 2)
    spikes[4, 0, 1] = spikes[7, 1, 0] = 1
    handle = neuron(synapse(snn.NeuronHandle(spikes)))
    snn.run(experiment, 20)
    assert handle.spikes.nonzero().tolist() == [[5, 0, 0], [8, 1, 0]]
    membrane = 0.5 * SLOPE * torch.arange(20.0)
    assert torch.equal(handle.membrane_cadc, membrane[:, None, None].expand(20, 2, 3))
    (program,) = chip.programs
    assert isinstance(program, interfaces.SpikingProgram)
    assert (program.configuration.v_leak == 444).all()
    assert (program.configuration.weight == 5).sum() == 6
    handle.spikes.sum().backward()
    assert synapse.weight.grad.shape == (3, 2)


def test_products_run_on_it(chip):
    generator = torch.Generator().manual_seed(1)
    activations = torch.randint(0, 32, (4, 6), generator=generator).float()
    weights = torch.randint(-63, 64, (6, 5), generator=generator).float().requires_grad_()
    product = perceptron.matmul(activations, weights)
    exact = torch.floor(activations @ weights.detach() / GAIN).clip(-128, 127)
    assert torch.equal(product.detach(), exact)
    (program,) = chip.programs
    assert isinstance(program, interfaces.MatrixProgram)
    assert (program.configuration.v_reset == 333).all()
    product.sum().backward()
    assert weights.grad.shape == weights.shape


def test_all_that_the_roles_exchange_is_listed():
    named = {name for name in interfaces.__all__ if f"`{name}`" in interfaces.__doc__}
    records = {name for name in interfaces.__all__ if hasattr(getattr(interfaces, name), "__dataclass_fields__")}
    assert "SpikingResult" in records
    assert records <= named
