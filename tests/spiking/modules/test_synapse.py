from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hxtorch import snn as hxsnn
from hxtorch.core import OperandRangeError
from hxtorch.spiking.errors import TensorShapeError, TensorValueError
from hxtorch.spiking.transforms.weight_transforms import linear_saturating


def synapse(weight, **arguments):
    syn = hxsnn.Synapse(weight.shape[1], weight.shape[0], hxsnn.Experiment(mock=True), **arguments)
    with torch.no_grad():
        syn.weight.copy_(weight)
    return syn


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30))
def test_weights_are_clipped_and_rounded_half_away_from_zero(weights):
    weight = torch.tensor([weights])
    lsb = synapse(weight).hardware_weights()
    clipped = np.clip(weight.numpy().astype(float), -63, 63)
    assert np.array_equal(lsb.T, np.sign(clipped) * np.floor(np.abs(clipped) + 0.5))
    assert lsb.dtype == np.int8


def test_halves_go_away_from_zero():
    assert synapse(torch.tensor([[0.5, 1.5, 2.5, -0.5, -2.5, 0.49]])).hardware_weights().T.tolist() == [
        [1, 2, 3, -1, -3, 0]
    ]


def test_shape_is_source_by_target():
    assert synapse(torch.zeros(3, 5)).hardware_weights().shape == (5, 3)


def test_transform_is_called_with_the_weight():
    syn = synapse(torch.tensor([[0.5, -2.0]]), transform=partial(linear_saturating, scale=10.0, max_weight=4.0))
    assert syn.hardware_weights().T.tolist() == [[4, -20]]


def test_linear_saturating():
    weight = torch.tensor([-2.0, -0.5, 0.1, 2.0])
    assert linear_saturating(weight, scale=50.0).tolist() == [-63, -25, 5, 63]
    assert linear_saturating(weight, 1.0, -1.0, 0.0).tolist() == [-1, -0.5, 0, 0]
    with pytest.raises(ValueError, match="min_weight"):
        linear_saturating(weight, 1.0, 1.0, -1.0)


def test_bad_transforms():
    weight = torch.tensor([[0.5, -2.0]])
    with pytest.raises(OperandRangeError, match="got -200 LSB after the transform, wanted -63 to 63"):
        synapse(weight, transform=lambda weight: 100 * weight).hardware_weights()
    with pytest.raises(TensorShapeError, match="transform"):
        synapse(weight, transform=lambda weight: weight.T).hardware_weights()
    with pytest.raises(TensorValueError, match="NaN"):
        synapse(weight, transform=lambda weight: weight / 0 * 0).hardware_weights()


def test_first_weights_are_bounded_by_the_number_of_inputs():
    syn = hxsnn.Synapse(100, 50, hxsnn.Experiment(mock=True), dtype=torch.float64)
    assert syn.weight.dtype == torch.float64
    assert 0.08 < syn.weight.abs().max() <= 0.1
    before = syn.weight.clone()
    syn.reset_parameters()
    assert not torch.equal(syn.weight, before)
