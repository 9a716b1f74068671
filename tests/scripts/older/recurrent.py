"""A layer with connections to itself: two modules that one function computes."""

import sys

import torch

import hxtorch.snn as hxsnn

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
N = 12
torch.manual_seed(4)


def recurrent_layer(input, own_weight, bias=None, params=None):
    """Integrate neurons that see their own spikes; one value per wrapped module."""
    v = i = z = torch.zeros_like(input[0])
    graded, spikes, membranes = [], [], []
    for x in input:
        v = v + 0.1 * (i - v)
        s = (v > 1).to(v.dtype)
        z = s + (torch.sigmoid(5 * (v - 1)) - torch.sigmoid(5 * (v - 1)).detach())
        v = v * (1 - s)
        g = torch.nn.functional.linear(z, own_weight)
        i = 0.9 * i + x + g
        graded.append(g)
        spikes.append(z)
        membranes.append(v)
    return torch.stack(graded), (torch.stack(spikes), torch.stack(membranes))


exp = hxsnn.Experiment(mock=True)
synapse, own, lif = hxsnn.Synapse(6, N, exp), hxsnn.Synapse(N, N, exp), hxsnn.Neuron(N, exp)
out, li = hxsnn.Synapse(N, 1, exp), hxsnn.ReadoutNeuron(1, exp, leak=0.0)
synapse.reset_parameters(0.3, 0.3)
own.reset_parameters(0.0, 0.1)
out.reset_parameters(0.0, 0.1)
exp.wrap_modules([own, lif], recurrent_layer)
inputs = (torch.rand(50, 1, 6) < 0.15).float()
wanted = torch.sin(torch.linspace(0, 6, 50))[:, None, None]
weights = [synapse.weight, own.weight, out.weight]
optimizer = torch.optim.Adam(weights, lr=0.02)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    spikes = hxsnn.NeuronHandle()
    g = synapse(hxsnn.NeuronHandle(inputs))
    lif(g, own(spikes), output=spikes)
    y = li(out(spikes))
    hxsnn.run(exp, None)
    loss = torch.nn.functional.mse_loss(y.v_cadc, wanted)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
own_gradient = float(own.weight.grad.abs().max())
