"""One training in the older and in the newer spelling of everything gives the same weights, to the byte."""

from functools import partial

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.core import open_session
from hxtorch.examples.spiking import yinyang
from hxtorch.examples.spiking.yinyang_model import SNN, Model
from hxtorch.spiking.transforms.decode import MaxOverTime
from hxtorch.spiking.transforms.encode import CoordinatesToSpikes
from hxtorch.spiking.transforms.weight_transforms import linear_saturating

POTENTIALS = {"leak": (0.0, 80), "reset": (0.0, 80), "threshold": (1.0, 150)}
MEMBRANES = {"trace_scale": 0.0147, "shift_cadc_to_first": True, "i_synin_gm": 500, "synapse_dac_bias": 1000}


class Older(torch.nn.Module):
    """Functions by position, layers by their first names, fields of handles by theirs."""

    def __init__(self, mock):
        super().__init__()
        self.exp = exp = hxsnn.Experiment(mock, 1e-6)
        to_lsb = partial(linear_saturating, scale=60.0)
        potentials = {name: hxsnn.MixedHXModelParameter(*values) for name, values in POTENTIALS.items()}
        linear = hxsnn.functional.linear
        self.linear_h = hxsnn.Synapse(25, 60, exp, linear, None, None, to_lsb)
        self.lif_h = hxsnn.Neuron(60, exp, **potentials, tau_mem=6e-6, tau_syn=6e-6, alpha=150.0, **MEMBRANES)
        self.linear_o = hxsnn.Synapse(60, 3, exp, linear, None, None, None, to_lsb)
        self.readout = hxsnn.ReadoutNeuron(3, exp, leak=potentials["leak"], tau_mem=6e-6, tau_syn=6e-6, **MEMBRANES)
        torch.nn.init.normal_(self.linear_h.weight, 0.25, 0.25)
        torch.nn.init.normal_(self.linear_o.weight, 0.0, 0.1)

    def forward(self, spikes):
        z = self.lif_h(self.linear_h(hxsnn.NeuronHandle(spikes)))
        y = self.readout(self.linear_o(z))
        hxsnn.run(self.exp, len(spikes))
        return y.v_cadc


class Newer(torch.nn.Module):
    """Functions by name, layers and handles by today's names."""

    def __init__(self, mock):
        super().__init__()
        self.exp = exp = hxsnn.Experiment(mock=mock, dt=1e-6)
        to_lsb = partial(linear_saturating, scale=60.0)
        potentials = {name: hxsnn.MixedHXModelParameter(*values) for name, values in POTENTIALS.items()}
        self.linear_h = hxsnn.Synapse(in_features=25, out_features=60, experiment=exp, transform=to_lsb)
        self.lif_h = hxsnn.LIF(
            size=60, experiment=exp, **potentials, tau_mem=6e-6, tau_syn=6e-6, alpha=150.0, **MEMBRANES
        )
        self.linear_o = hxsnn.Synapse(in_features=60, out_features=3, experiment=exp, transform=to_lsb)
        self.readout = hxsnn.LI(
            size=3, experiment=exp, leak=potentials["leak"], tau_mem=6e-6, tau_syn=6e-6, **MEMBRANES
        )
        self.linear_h.reset_parameters(0.25, 0.25)
        self.linear_o.reset_parameters(0.0, 0.1)

    def forward(self, spikes):
        z = self.lif_h(self.linear_h(hxsnn.LIFObservables(spikes=spikes)))
        y = self.readout(self.linear_o(z))
        hxsnn.run(self.exp, len(spikes))
        return y.membrane_cadc


def example_by_position(mock):
    return SNN(5, 60, 3, mock, None, 1e-6, 6e-6, 6e-6, 150.0, 0, 0, (0.25, 0.25), (0.0, 0.1), 60.0, 0.0147, 5)


def example_by_name(mock):
    return SNN(
        5, 60, 3, mock, 1e-6, tau_mem=6e-6, tau_syn=6e-6, alpha=150.0, weight_init_hidden=(0.25, 0.25),
        weight_init_output=(0.0, 0.1), weight_scale=60.0, trace_scale=0.0147, input_repetitions=5,
        synapse_type=hxsnn.Synapse, neuron_type=hxsnn.Neuron,
    )  # fmt: skip


def trained(make, mock, repetitions):
    """Train one epoch of yin-yang and return the weights before and after it."""
    torch.manual_seed(7)
    network = make(mock)
    encoder = CoordinatesToSpikes(38, 2e-6, 26e-6, 1e-6, 2e-6)
    model = torch.nn.Sequential(encoder, _Repeat(repetitions), network, MaxOverTime())
    before = [parameter.detach().clone() for parameter in network.parameters()]
    loader = torch.utils.data.DataLoader(
        hxsnn.datasets.YinYangDataset(size=100, seed=42), 20, shuffle=True, generator=torch.Generator().manual_seed(1)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for points, labels in loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(10 * model(points), labels).backward()
        optimizer.step()
    return before, [parameter.detach().clone() for parameter in network.parameters()]


class _Repeat(torch.nn.Module):
    def __init__(self, repetitions):
        super().__init__()
        self.repetitions = repetitions

    def forward(self, spikes):
        return spikes.repeat(1, 1, self.repetitions)


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize(
    ("older", "newer", "repetitions"), [(Older, Newer, 5), (example_by_position, example_by_name, 1)]
)
def test_weights_after_an_epoch_are_equal_to_the_byte(older, newer, repetitions, mock):
    found = []
    for make in (older, newer):
        with open_session(serial="emulated-1", fidelity="calibrated", seed=3):
            found.append(trained(make, mock, repetitions))
    (start, one), (other_start, other) = found
    assert len(one) == len(other) == 2
    for before, after, same_before, same_after in zip(start, one, other_start, other, strict=True):
        assert torch.equal(before, same_before)
        assert not torch.equal(before, after)
        assert after.numpy().tobytes() == same_after.numpy().tobytes()


def test_epoch_of_the_example_is_the_same_in_both_spellings_of_its_options():
    older = "--mock --weight-init-out-std=0.1 --readout-scaling=10 --gradient-estimator=surrogate --t-shift=0"
    newer = "--mock --weight-init-output-std=0.1 --readout-scale=10"
    short = ["--epochs", "1", "--trainset-size", "60", "--testset-size", "20"]
    curves = [yinyang.main(yinyang.get_parser().parse_args([*text.split(), *short])) for text in (older, newer)]
    assert curves[0] == curves[1]


def test_model_takes_encoder_network_and_decoder_of_either(ideal_chip):
    for make in (example_by_position, example_by_name):
        model = Model(CoordinatesToSpikes(38, 2e-6, 26e-6, 1e-6, 2e-6), make(False), MaxOverTime(), readout_scale=10.0)
        assert model(torch.rand(4, 4)).shape == (4, 3)
        assert model.regularize(1.0, 1.0, 1.0, 1.0) > 0
