"""A layer with connections to itself: a wrapper of one's own around a synapse and a neuron."""

import sys

import torch

import hxtorch.spiking as hxsnn

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
N = 12
torch.manual_seed(4)


class RecurrentLayer(hxsnn.HXModuleWrapper):
    """Neurons that see their own spikes."""

    def forward_func(self, input, hw_data=None):
        """Integrate; one handle per wrapped module."""
        own = self.modules["own"].weight
        v = i = z = torch.zeros_like(input.graded_spikes[0])
        graded, spikes, membranes = [], [], []
        for x in input.graded_spikes:
            v = v + 0.1 * (i - v)
            s = (v > 1).to(v.dtype)
            z = s + (torch.sigmoid(5 * (v - 1)) - torch.sigmoid(5 * (v - 1)).detach())
            v = v * (1 - s)
            g = torch.nn.functional.linear(z, own)
            i = 0.9 * i + x + g
            graded.append(g)
            spikes.append(z)
            membranes.append(v)
        return (
            hxsnn.SynapseHandle(torch.stack(graded)),
            hxsnn.LIFObservables(spikes=torch.stack(spikes), membrane_cadc=torch.stack(membranes)),
        )


exp = hxsnn.Experiment(mock=True)
synapse, own, lif = hxsnn.Synapse(6, N, exp), hxsnn.Synapse(N, N, exp), hxsnn.LIF(N, exp)
out, li = hxsnn.Synapse(N, 1, exp), hxsnn.LI(1, exp, leak=0.0)
layer = RecurrentLayer(exp, own=own, lif=lif)
synapse.reset_parameters(0.3, 0.3)
own.reset_parameters(0.0, 0.1)
out.reset_parameters(0.0, 0.1)
inputs = (torch.rand(50, 1, 6) < 0.15).float()
wanted = torch.sin(torch.linspace(0, 6, 50))[:, None, None]
weights = [synapse.weight, own.weight, out.weight]
optimizer = torch.optim.Adam(weights, lr=0.02)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    spikes = hxsnn.LIFObservables()
    g = synapse(hxsnn.LIFObservables(spikes=inputs))
    lif(g, own(spikes), output=spikes)
    layer()
    y = li(out(spikes))
    hxsnn.run(exp, None)
    loss = torch.nn.functional.mse_loss(y.membrane_cadc, wanted)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
own_gradient = float(own.weight.grad.abs().max())
