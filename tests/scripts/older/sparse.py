"""A network with few connections, trained in simulation and run on the chip."""

import sys

import torch

import hxtorch
import hxtorch.snn as hxsnn
import hxtorch.snn.functional as F
from hxtorch.snn.utils.calib_helper import nightly_calib_path

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
torch.manual_seed(5)
connections = (torch.rand(40, 6) < 0.2).float()  # (in, out)
inputs = (torch.rand(60, 3, 40) < 0.08).float()
wanted = torch.linspace(-1, 1, 6).expand(60, 3, 6)


def build(mock):
    """Return an experiment, a sparse synapse and a readout."""
    exp = hxsnn.Experiment(mock=mock)
    if not mock:
        exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
    synapse = hxsnn.SparseSynapse(connections, exp, F.linear_sparse, transform=lambda w: (30 * w).clamp(-63, 63))
    li = hxsnn.ReadoutNeuron(
        6, exp, leak=hxsnn.MixedHXModelParameter(0.0, 80), trace_scale=1 / 45, shift_cadc_to_first=True
    )
    return exp, synapse, li


exp, synapse, li = build(mock=True)
optimizer = torch.optim.Adam(synapse.parameters(), lr=0.05)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    y = li(synapse(hxsnn.NeuronHandle(inputs)))
    hxsnn.run(exp, None)
    loss = torch.nn.functional.mse_loss(y.v_cadc[15:], wanted[15:])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
gradient = synapse.weight.grad.to_dense() if synapse.weight.grad.is_sparse else synapse.weight.grad
trained, mock_membrane = synapse.weight.detach(), y.v_cadc.detach()

hxtorch.init_hardware()
exp, synapse, li = build(mock=False)
synapse.weight.data.copy_(trained)
y = li(synapse(hxsnn.NeuronHandle(inputs)))
hxsnn.run(exp, 60)
chip_membrane = y.v_cadc.detach()
hxtorch.release_hardware()
