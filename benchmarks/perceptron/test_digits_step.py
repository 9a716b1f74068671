"""One training step of the digits network (batch 50), in the loop and in mock mode, against the same in plain torch."""

import pytest
import torch

import hxtorch
import hxtorch.perceptron as hxp
from hxtorch.examples.perceptron.network import Model, float_model


@pytest.fixture
def chip():
    hxtorch.init_hardware(ann=True)
    hxp.set_mock_parameter(hxp.measure_mock_parameter())
    yield
    hxp.set_mock_parameter(hxp.MockParameter())
    hxtorch.release_hardware()


def training_step(model, size, batch, rate):
    """Return a step of training on random images of ``size`` by ``size``."""
    images = torch.randint(0, 32, (batch, 1, size, size)).float()
    targets = torch.randint(0, 10, (batch,))
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), targets).backward()
        optimizer.step()

    return step


@pytest.mark.parametrize(("size", "batch"), [(8, 50), (28, 50)])
def test_digits_training_step(compare, chip, size, batch):
    """The bar: in the loop at most 4 times plain torch."""
    torch.manual_seed(0)
    torch.set_num_threads(2)
    compare(
        {
            "step in the loop, full fidelity": training_step(Model(mock=False, size=size), size, batch, 0.3),
            "step in mock mode": training_step(Model(mock=True, size=size), size, batch, 1.0),
            "plain torch": training_step(float_model(size), size, batch, 2e-3),
        },
        rounds=51,
        warmup=5,
    )
