"""A time constant that is trained: neurons of 15 us are brought to what neurons of 8 us do."""

import sys

import torch

import hxtorch.spiking as hxsnn

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
torch.manual_seed(2)
inputs = (torch.rand(60, 8, 5) < 0.1).float()
weight = torch.full((2, 5), 0.2)


def network(tau_mem):
    """Return a function that gives membranes, and its readout."""
    exp = hxsnn.Experiment(mock=True)
    synapse = hxsnn.Synapse(5, 2, exp)
    synapse.weight.data.copy_(weight)
    li = hxsnn.LI(2, exp, leak=hxsnn.MixedHXModelParameter(0.0, 80), tau_mem=tau_mem, tau_syn=10e-6)

    def membranes():
        y = li(synapse(hxsnn.LIFObservables(spikes=inputs)))
        hxsnn.run(exp, None)
        return y.membrane_cadc

    return membranes, li


with torch.no_grad():
    wanted = network(8e-6)[0]()
membranes, li = network(hxsnn.MixedHXModelParameter(torch.tensor(15e-6), 15e-6).make_trainable())
optimizer = torch.optim.Adam(li.parameters(), lr=5e-7)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(membranes(), wanted)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
tau_first, tau_last = 15e-6, float(li.tau_mem.model_value.detach())
