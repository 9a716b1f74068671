"""One training step of the yin-yang network (5 -> 120 LIF -> 3 LI, batch 50), in mock mode and in the loop.

The peer is the same network as a plain loop in torch, written out below, in the same run.
"""

import pytest
import torch
from torch.utils.data import DataLoader

import hxtorch
from hxtorch.examples.spiking import yinyang
from hxtorch.spiking.datasets import YinYangDataset

STEPS, BATCH = 38, 50


def plain_torch_step():
    """Return one training step of the same equations without hxtorch."""
    w_hidden = torch.nn.Parameter(0.8 + 0.25 * torch.randn(120, 5))
    w_output = torch.nn.Parameter(0.1 * torch.randn(3, 120))
    optimizer = torch.optim.Adam([w_hidden, w_output], lr=0.002)
    target = torch.randint(0, 3, (BATCH,))
    inputs = (torch.rand(STEPS, BATCH, 5) < 0.03).float()
    decay_mem, decay_syn = 1 / 6, 1 / 6

    class SuperSpike(torch.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            ctx.save_for_backward(v)
            return (v > 0).to(v)

        @staticmethod
        def backward(ctx, grad):
            (v,) = ctx.saved_tensors
            return grad / (150 * v.abs() + 1).square()

    def step():
        v = i = torch.zeros(BATCH, 120)
        u = j = torch.zeros(BATCH, 3)
        readout = []
        for t in range(STEPS):
            i = i - decay_syn * i + torch.nn.functional.linear(inputs[t], w_hidden)
            v = v + decay_mem * (i - v)
            z = SuperSpike.apply(v - 1)
            v = v * (1 - z.detach())
            j = j - decay_syn * j + torch.nn.functional.linear(z, w_output)
            u = u + decay_mem * (j - u)
            readout.append(u)
        loss = torch.nn.functional.cross_entropy(torch.stack(readout).amax(0), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


@pytest.fixture
def chip():
    hxtorch.init_hardware()
    yield
    hxtorch.release_hardware()


def training(mock: bool, batches):
    """Return training of the example's own model by these batches, its progress bar included."""
    args = yinyang.get_parser().parse_args(["--mock"] if mock else [])
    model = yinyang.build_model(args)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    return lambda: yinyang.train(model, batches, optimizer, args, 1)


def test_yinyang_training_step(compare, chip):
    torch.manual_seed(0)
    torch.set_num_threads(2)
    batch = list(DataLoader(YinYangDataset(size=BATCH, seed=0), BATCH))
    compare(
        {
            "step in the loop, full fidelity": training(False, batch),
            "step in mock mode": training(True, batch),
            "plain torch loop": plain_torch_step(),
        },
        rounds=21,
    )


def test_yinyang_epoch(compare, chip):
    """The bar: 100 batches in the loop within 3 s, loading and shuffling included."""
    torch.manual_seed(0)
    torch.set_num_threads(2)
    batches = DataLoader(YinYangDataset(size=100 * BATCH, seed=0), BATCH, shuffle=True)
    compare(
        {
            "epoch in the loop, full fidelity": training(False, batches),
            "epoch in mock mode": training(True, batches),
        },
        rounds=5,
        warmup=1,
    )
