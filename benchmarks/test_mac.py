"""128 x 256, batch 1000, on the emulated chip and in mock mode, against ``torch.mm``."""

import pytest
import torch

import hxtorch
import hxtorch.perceptron as hxp


@pytest.fixture
def chip():
    hxtorch.init_hardware(ann=True)
    yield
    hxtorch.release_hardware()


def test_mac_128_x_256_batch_1000(compare, chip):
    torch.manual_seed(0)
    activations = torch.randint(0, 32, (1000, 128)).float()
    weights = torch.randint(-63, 64, (128, 256)).float()
    compare(
        {
            "matmul on the emulated chip": lambda: hxp.matmul(activations, weights),
            "matmul in mock mode": lambda: hxp.matmul(activations, weights, mock=True),
            "torch.mm float32": lambda: torch.mm(activations, weights),
        },
        rounds=31,
    )
