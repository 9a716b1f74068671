"""A convolution that is laid out as often as the array has room, trained on bumps: by operations."""

import sys

import torch

from hxtorch import perceptron as hxp
from hxtorch.perceptron import nn

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
torch.manual_seed(0)
weight = torch.nn.Parameter(20 * torch.randn(4, 1, 9))
decide = torch.nn.Parameter(0.05 * torch.randn(3, 4 * 12))
place = torch.arange(24) % 3
bumps = torch.exp(-(((torch.arange(32.0) - 6 - 10 * place[:, None]) / 3) ** 2))
signals = (31 * bumps).round()[:, None]
optimizer = torch.optim.Adam([{"params": [weight], "lr": 1.0}, {"params": [decide], "lr": 0.01}])
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    nn.clamp_weight_(weight)
    y = hxp.expanded_conv1d(signals, weight, None, 2, num_expansions=4, mock=True)
    hidden = hxp.converting_relu(y, shift=2, mock=True)
    loss = torch.nn.functional.cross_entropy(hidden.flatten(1) @ decide.T / 4, place)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
shape = tuple(y.shape)
as_many_as_fit = nn.ExpandedConv1d(1, 14, 43, stride=2, mock=True).num_expansions
accuracy = float(((hidden.flatten(1) @ decide.T).argmax(1) == place).float().mean())
