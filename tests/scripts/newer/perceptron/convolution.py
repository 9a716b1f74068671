"""A convolution that is laid out as often as the array has room, trained on bumps: layers of the library."""

import sys

import torch

from hxtorch.perceptron import nn

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 30
torch.manual_seed(0)
model = torch.nn.Sequential(
    nn.ExpandedConv1d(1, 4, 9, stride=2, bias=False, mock=True, num_expansions=4),
    nn.ConvertingReLU(shift=2, mock=True),
    torch.nn.Flatten(),
    torch.nn.Linear(4 * 12, 3),
)
model[0].weight.data.copy_(20 * torch.randn(4, 1, 9))
place = torch.arange(24) % 3
bumps = torch.exp(-(((torch.arange(32.0) - 6 - 10 * place[:, None]) / 3) ** 2))
signals = (31 * bumps).round()[:, None]
optimizer = torch.optim.Adam(
    [{"params": model[0].parameters(), "lr": 1.0}, {"params": model[3].parameters(), "lr": 0.01}]
)
losses = []
for _ in range(EPOCHS):
    optimizer.zero_grad()
    y = model[0](signals)
    scores = model[1:](y)
    loss = torch.nn.functional.cross_entropy(scores / 4, place)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
shape = tuple(y.shape)
as_many_as_fit = nn.ExpandedConv1d(1, 14, 43, stride=2, mock=True).num_expansions
accuracy = float((scores.argmax(1) == place).float().mean())
