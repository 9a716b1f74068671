"""Yin-yang by a surrogate gradient, on the chip or, as `yinyang.py EPOCHS mock`, in simulation."""

import sys
from functools import partial

import torch

import hxtorch
import hxtorch.snn as hxsnn
import hxtorch.snn.functional as F
from hxtorch.snn.datasets.yinyang import YinYangDataset
from hxtorch.snn.transforms.decode import MaxOverTime
from hxtorch.snn.transforms.encode import CoordinatesToSpikes
from hxtorch.snn.transforms.weight_transforms import linear_saturating
from hxtorch.snn.utils.calib_helper import nightly_calib_path

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
MOCK = "mock" in sys.argv
DT, STEPS, REPEAT = 1e-6, 40, 5
torch.manual_seed(7)


class SNN(torch.nn.Module):
    """Input, 60 neurons that spike, three that integrate."""

    def __init__(self):
        super().__init__()
        self.exp = hxsnn.Experiment(mock=MOCK, dt=DT)
        if not MOCK:
            self.exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
        scale = partial(linear_saturating, scale=50.0)
        self.linear_h = hxsnn.Synapse(5 * REPEAT, 60, self.exp, transform=scale)
        self.lif = hxsnn.Neuron(
            60,
            self.exp,
            func=F.cuba_lif_integration,
            params=F.CUBALIFParams(tau_mem=10e-6, tau_syn=10e-6, refractory_time=1e-6, alpha=50.0),
            trace_scale=1 / 45,
            shift_cadc_to_first=True,
            cadc_time_shift=1,
        )
        self.linear_o = hxsnn.Synapse(60, 3, self.exp, transform=scale)
        self.li = hxsnn.ReadoutNeuron(
            3,
            self.exp,
            func=F.cuba_li_integration,
            params=F.CUBALIParams(tau_mem=10e-6, tau_syn=10e-6),
            trace_scale=1 / 45,
            shift_cadc_to_first=True,
            cadc_time_shift=1,
        )
        self.linear_h.reset_parameters(0.15, 0.15)
        self.linear_o.reset_parameters(0.0, 0.1)

    def forward(self, spikes):
        """Give membranes of the readouts."""
        self.z = self.lif(self.linear_h(hxsnn.NeuronHandle(spikes.repeat(1, 1, REPEAT))))
        self.y = self.li(self.linear_o(self.z))
        hxsnn.run(self.exp, len(spikes))
        return self.y.v_cadc


if not MOCK:
    hxtorch.init_hardware()
data = YinYangDataset(size=400, seed=42)
loader = torch.utils.data.DataLoader(data, batch_size=50, shuffle=True)
encoder = CoordinatesToSpikes(seq_length=STEPS, t_early=2e-6, t_late=26e-6, dt=DT, t_bias=2e-6)
decoder = MaxOverTime()
network = SNN()
optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
losses = []
for _ in range(EPOCHS):
    total = 0.0
    for points, classes in loader:
        optimizer.zero_grad()
        x = torch.stack([points[:, 0], points[:, 1], 1 - points[:, 0], 1 - points[:, 1]], 1).float()
        loss = torch.nn.functional.cross_entropy(4 * decoder(network(encoder(x))), classes)
        loss.backward()
        optimizer.step()
        total += loss.item() / len(loader)
    losses.append(total)
rate = float(network.z.spikes.detach().sum() / network.z.spikes[0].numel())
weights = [network.linear_h.weight.detach(), network.linear_o.weight.detach()]
if not MOCK:
    hxtorch.release_hardware()
