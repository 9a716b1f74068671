"""Yin-yang by EventProp: layers that hand a function with an adjoint to the modules of the library."""

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


def spike(input, params, hw_data=None):
    """Integrate neurons, with the adjoint of EventProp."""
    return F.EventPropLIFFunction.apply(
        input,
        torch.tensor(params.leak),
        torch.tensor(params.reset),
        torch.tensor(params.threshold),
        torch.tensor(params.tau_syn),
        torch.tensor(params.tau_mem),
        hw_data,
        DT,
    )


def integrate(input, params, hw_data=None):
    """Integrate the first of the two currents of an EventProp synapse; the second has gradients only."""
    return F.cuba_li_integration(input[0], params, hw_data=hw_data, dt=DT)


if not MOCK:
    hxtorch.init_hardware()
exp = hxsnn.Experiment(mock=MOCK, dt=DT)
if not MOCK:
    exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
scale = partial(linear_saturating, scale=50.0)
traces = {"trace_scale": 1 / 45, "shift_cadc_to_first": True, "cadc_time_shift": 1}
linear_h = hxsnn.Synapse(5 * REPEAT, 60, exp, func=F.EventPropSynapseFunction, transform=scale)
lif = hxsnn.Neuron(60, exp, func=spike, params=F.CUBALIFParams(tau_mem=10e-6, tau_syn=10e-6), **traces)
linear_o = hxsnn.Synapse(60, 3, exp, func=F.EventPropSynapseFunction, transform=scale)
li = hxsnn.ReadoutNeuron(3, exp, func=integrate, params=F.CUBALIParams(tau_mem=10e-6, tau_syn=10e-6), **traces)
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
        z = lif(linear_h(hxsnn.NeuronHandle(encoder(x).repeat(1, 1, REPEAT))))
        y = li(linear_o(z))
        hxsnn.run(exp, STEPS)
        loss = torch.nn.functional.cross_entropy(4 * decoder(y.v_cadc), classes)
        loss.backward()
        optimizer.step()
        total += loss.item() / len(loader)
    losses.append(total)
weights = [linear_h.weight.detach(), linear_o.weight.detach()]
if not MOCK:
    hxtorch.release_hardware()
