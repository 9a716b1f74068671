"""Training of the yin-yang network (5 -> 120 LIF -> 3 LI, batch 50) in the loop and in mock mode, as users write it."""

import pytest
import spiking_peers as peers
import torch
from torch.utils.data import DataLoader

import hxtorch
from hxtorch.examples.spiking import yinyang
from hxtorch.spiking.datasets import YinYangDataset

SIZE = peers.Size(5, 120, 3, 50, 0.03, steps=38)


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
    """Bars: mock mode, and the loop in full fidelity, over the same network as a loop in torch, two threads."""
    torch.manual_seed(0)
    batch = list(DataLoader(YinYangDataset(size=SIZE.batch, seed=0), SIZE.batch))
    with peers.threads(2):
        found = compare(
            {
                "step in the loop, full fidelity": training(False, batch),
                "step in mock mode": training(True, batch),
                "torch loop": peers.peer_step("torch loop", SIZE, False),
            },
            rounds=21,
        )
    assert found["step in mock mode"] <= 0.5
    assert found["step in the loop, full fidelity"] <= 1.3


def test_yinyang_epoch(compare, chip):
    """The bar for 100 batches in the loop: 2.5 times mock mode, loading and shuffling included; wanted are 3 s."""
    torch.manual_seed(0)
    batches = DataLoader(YinYangDataset(size=100 * SIZE.batch, seed=0), SIZE.batch, shuffle=True)
    with peers.threads(2):
        found = compare(
            {
                "epoch in the loop, full fidelity": training(False, batches),
                "epoch in mock mode": training(True, batches),
            },
            rounds=5,
            warmup=1,
        )
    assert found["epoch in the loop, full fidelity"] <= 2.5
