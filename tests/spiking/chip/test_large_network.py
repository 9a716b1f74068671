"""Networks larger than a chip: several execution instances in one experiment."""

from functools import partial

import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.spiking.chip.input_generator import ON_CHIP_LATENCY
from hxtorch.spiking.morphology import SingleCompartmentNeuron
from hxtorch.spiking.transforms.weight_transforms import linear_saturating

PARTS, INPUTS, HIDDEN, CLASSES, STEPS, BATCH = 4, 784, 256, 10, 24, 3


class Net(torch.nn.Module):
    """784-256-10 on five chips: a quarter of the hidden neurons on each of four, the readout on the fifth.

    A circuit takes 128 signed inputs, so a hidden neuron has eight circuits and a readout neuron two.
    """

    def __init__(self, mock=False):
        super().__init__()
        self.exp = hxsnn.Experiment(mock=mock)
        self.instances = [hxsnn.ExecutionInstance() for _ in range(PARTS + 1)]
        shared = {"trace_offset": -48.0, "trace_scale": 1 / 45}
        scaled = partial(linear_saturating, scale=63)
        self.hidden, self.lif, self.out = (torch.nn.ModuleList() for _ in range(3))
        for instance in self.instances[:PARTS]:
            size = HIDDEN // PARTS
            self.hidden.append(hxsnn.Synapse(INPUTS, size, self.exp, transform=scaled))
            self.lif.append(
                unit.lif(
                    size,
                    self.exp,
                    execution_instance=instance,
                    neuron_structure=SingleCompartmentNeuron(8),
                    **shared,
                )
            )
            self.out.append(hxsnn.Synapse(size, CLASSES, self.exp, transform=scaled))
            # capacitances of circuits add up: on the chip a weight does an eighth
            torch.nn.init.normal_(self.hidden[-1].weight, *((0.02, 0.03) if mock else (0.12, 0.2)))
        self.readout = unit.li(
            CLASSES,
            self.exp,
            execution_instance=self.instances[-1],
            neuron_structure=SingleCompartmentNeuron(2),
            **shared,
        )

    def forward(self, spikes):
        """Return the largest membranes (batch, class)."""
        x = hxsnn.NeuronHandle(spikes)
        self.z = [lif(hidden(x)) for hidden, lif in zip(self.hidden, self.lif, strict=True)]
        y = self.readout(*(out(z) for out, z in zip(self.out, self.z, strict=True)))
        hxsnn.run(self.exp, STEPS)
        return y.membrane_cadc.amax(0)


@pytest.mark.parametrize("mock", [True, False])
def test_network_in_five_parts_trains(ideal_chip, mock, monkeypatch):
    seen = []
    convert = hxsnn.Neuron.post_process

    def post_process(self, hw_spikes, *others):
        seen.append(hw_spikes)
        return convert(self, hw_spikes, *others)

    monkeypatch.setattr(hxsnn.Neuron, "post_process", post_process)
    torch.manual_seed(0)
    spikes = (torch.rand(STEPS, BATCH, INPUTS) < 0.03 * torch.rand(BATCH, INPUTS)).float()
    labels = torch.arange(BATCH)
    net = Net(mock)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3 if mock else 5e-3)
    losses = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(5 * net(spikes), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert len(list(net.parameters())) == 2 * PARTS
    if not mock:
        infos = net.exp.execution_info
        assert len(infos) == PARTS + 1
        assert [info.events_sent for info in infos[:PARTS]] == [int(spikes.sum())] * PARTS
        # all that the hidden layer spiked is sent on, but for what would reach no synapse before the end
        end = STEPS * 125 - ON_CHIP_LATENCY
        sent = sum(int((recorded.times < end).sum()) for recorded in seen[-PARTS:])
        assert infos[PARTS].events_sent == sent > 0


def test_parts_on_one_chip_do_not_fit(ideal_chip):
    net = Net()
    for lif in net.lif:
        lif.execution_instance = net.instances[0]
    with pytest.raises(core.PlacementError, match="512"):
        net(torch.zeros(STEPS, 1, INPUTS))


def test_pairs_of_circuits_find_columns_beside_a_layer_that_would_fill_a_row(ideal_chip):
    experiment = hxsnn.Experiment()
    scaled = partial(linear_saturating, scale=100)
    first, second = (hxsnn.Synapse(*sizes, experiment, transform=scaled) for sizes in ((128, 256), (256, 10)))
    hidden = hxsnn.Neuron(256, experiment)
    out = hxsnn.ReadoutNeuron(10, experiment, neuron_structure=SingleCompartmentNeuron(2))
    spikes = torch.zeros(30, 1, 128)
    spikes[3] = 1
    result = out(second(hidden(first(hxsnn.NeuronHandle(spikes)))))
    hxsnn.run(experiment, 30)
    assert result.membrane_cadc.shape == (30, 1, 10)
    circuits = np.concatenate([layer.circuits().reshape(-1) for layer in (hidden, out)])
    assert len(np.unique(circuits)) == 256 + 2 * 10
