"""A time constant that is trained: neurons of 15 us are brought to what neurons of 8 us do."""

import sys

import torch

import hxtorch.snn as hxsnn
import hxtorch.snn.functional as F

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
torch.manual_seed(2)
inputs = (torch.rand(60, 8, 5) < 0.1).float()
weight = torch.full((2, 5), 0.2)


def membranes(tau_mem):
    """Integrate with a function of one's own around the one of the library."""

    def integrate(input, hw_data=None):
        return F.cuba_li_integration(input, F.CUBALIParams(tau_mem=tau_mem, tau_syn=10e-6), hw_data=hw_data, dt=1e-6)

    exp = hxsnn.Experiment(mock=True)
    synapse = hxsnn.Synapse(5, 2, exp)
    synapse.weight.data.copy_(weight)
    li = hxsnn.ReadoutNeuron(2, exp, integrate)
    y = li(synapse(hxsnn.NeuronHandle(inputs)))
    hxsnn.run(exp, None)
    return y.v_cadc


with torch.no_grad():
    wanted = membranes(torch.tensor(8e-6))
tau = torch.nn.Parameter(torch.tensor(15e-6))
optimizer = torch.optim.Adam([tau], lr=5e-7)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(membranes(tau), wanted)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
tau_first, tau_last = 15e-6, tau.item()
