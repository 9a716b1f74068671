"""Yin-yang by EventProp: a synapse and a neuron of one's own, whose gradients are the adjoint's."""

import sys
from functools import partial

import torch

import hxtorch
import hxtorch.spiking as hxsnn
from hxtorch.spiking.datasets.yinyang import YinYangDataset
from hxtorch.spiking.functional import EventPropLIFFunction, EventPropSynapseFunction
from hxtorch.spiking.transforms.decode import MaxOverTime
from hxtorch.spiking.transforms.encode import CoordinatesToSpikes
from hxtorch.spiking.transforms.weight_transforms import linear_saturating
from hxtorch.spiking.utils.calib_helper import nightly_calib_path

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 50
MOCK = "mock" in sys.argv
DT, STEPS, REPEAT = 1e-6, 40, 5
torch.manual_seed(7)


class MySynapse(hxsnn.Synapse):
    """Passes two stacked currents (2, time, batch, neuron), one for each of the adjoint's terms."""

    def forward_func(self, input):
        """Multiply spikes with weights."""
        return hxsnn.SynapseHandle(EventPropSynapseFunction.apply(input.spikes, self.weight))


class MyNeuron(hxsnn.LIF):
    """Takes the stacked currents."""

    def forward_func(self, input, hw_data=None):
        """Integrate, and put in what the chip recorded."""
        spikes, membrane, current = EventPropLIFFunction.apply(
            input.graded_spikes,
            self.leak.model_value,
            self.reset.model_value,
            self.threshold.model_value,
            self.tau_syn.model_value,
            self.tau_mem.model_value,
            hw_data,
            self.experiment.dt,
        )
        return hxsnn.LIFObservables(spikes=spikes, membrane_cadc=membrane, current=current)


class MyReadout(hxsnn.LI):
    """Takes one of the stacked currents."""

    def forward_func(self, input, hw_data=None):
        """Integrate."""
        return super().forward_func(hxsnn.SynapseHandle(input.graded_spikes[0]), hw_data=hw_data)


if not MOCK:
    hxtorch.init_hardware()
exp = hxsnn.Experiment(mock=MOCK, dt=DT)
if not MOCK:
    exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
scale = partial(linear_saturating, scale=50.0)
shared = {
    "leak": hxsnn.MixedHXModelParameter(0.0, 80),
    "tau_mem": 10e-6,
    "tau_syn": 10e-6,
    "trace_scale": 1 / 45,
    "shift_cadc_to_first": True,
    "cadc_time_shift": 1,
}
linear_h = MySynapse(5 * REPEAT, 60, exp, transform=scale)
lif = MyNeuron(
    60,
    exp,
    reset=hxsnn.MixedHXModelParameter(0.0, 80),
    threshold=hxsnn.MixedHXModelParameter(1.0, 125),
    **shared,
)
linear_o = MySynapse(60, 3, exp, transform=scale)
li = MyReadout(3, exp, **shared)
linear_h.reset_parameters(0.2, 0.15)
linear_o.reset_parameters(0.0, 0.1)

data = YinYangDataset(size=400, seed=42)
loader = torch.utils.data.DataLoader(data, batch_size=50, shuffle=True)
encoder = CoordinatesToSpikes(seq_length=STEPS, t_early=2e-6, t_late=26e-6, dt=DT, t_bias=2e-6)
decoder = MaxOverTime()
optimizer = torch.optim.Adam([linear_h.weight, linear_o.weight], lr=5e-3)
losses = []
for _ in range(EPOCHS):
    total = 0.0
    for points, classes in loader:
        optimizer.zero_grad()
        x = torch.stack([points[:, 0], points[:, 1], 1 - points[:, 0], 1 - points[:, 1]], 1).float()
        z = lif(linear_h(hxsnn.LIFObservables(spikes=encoder(x).repeat(1, 1, REPEAT))))
        y = li(linear_o(z))
        hxsnn.run(exp, STEPS)
        loss = torch.nn.functional.cross_entropy(4 * decoder(y.membrane_cadc), classes)
        loss.backward()
        optimizer.step()
        total += loss.item() / len(loader)
    losses.append(total)
weights = [linear_h.weight.detach(), linear_o.weight.detach()]
if not MOCK:
    hxtorch.release_hardware()
