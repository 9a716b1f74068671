"""Encoders, decoders, the published data set, calibrations by name, and names between models."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from hxtorch.spiking.datasets.yinyang import YinYangDataset
from hxtorch.spiking.transforms import decode, encode, weight_transforms
from hxtorch.spiking.utils import calib_helper
from hxtorch.spiking.utils.model_mapper import MixinHXModelMapper


def test_coordinates_become_spikes_time_first_with_a_bias_at_the_end():
    spikes = encode.CoordinatesToSpikes(50, 2e-6, 40e-6, 1e-6, 18e-6)(torch.rand(4, 4))
    assert spikes.shape == (50, 4, 5)
    assert (spikes.sum(0) == 1).all()
    assert (spikes[18, :, 4] == 1).all()


def test_the_encoder_takes_the_device_of_the_older_generation():
    encoder = encode.CoordinatesToSpikes(50, 2e-6, 40e-6, 1e-6, 18e-6, torch.device("cpu"))
    assert encoder(torch.rand(4, 4)).device.type == "cpu"


def test_bright_pixels_spike_early_and_dark_ones_at_the_end():
    times = encode.PixelsToSpikeTimes(tau=20, threshold=0.2, t_max=100.0)(torch.tensor([[[0.1, 0.5]]]))
    assert float(times[0, 0, 0]) == 100
    assert float(times[0, 0, 1]) == pytest.approx(20 * math.log(0.5 / 0.3), rel=1e-5)


@pytest.mark.parametrize("kind", ["SpikeTimesToDense", "SpikeTimesToSparseTensor"])
def test_a_hundred_bins_by_default(kind):
    grid = getattr(encode, kind)(1e-6)(torch.tensor([[3.2e-6]]))
    assert grid.shape[0] == 100


def test_times_are_floored_and_late_ones_dropped():
    grid = encode.SpikeTimesToDense(1e-6, 10)(torch.tensor([[3.2e-6, 5.9e-6, 11e-6]]))
    assert grid.shape == (10, 1, 3)
    assert grid.nonzero().tolist() == [[3, 0, 0], [5, 0, 1]]


@pytest.mark.parametrize(
    ("kind", "reduce"), [("MaxOverTime", "amax"), ("MeanOverTime", "mean"), ("SumOverTime", "sum")]
)
def test_decoders_reduce_time(kind, reduce):
    x = torch.rand(5, 2, 3)
    torch.testing.assert_close(getattr(decode, kind)()(x), getattr(x, reduce)(0))


def test_weights_saturate():
    assert weight_transforms.linear_saturating(torch.tensor([2.0, -2.0, 0.5]), 40.0, -63.0, 63.0).tolist() == [
        63,
        -63,
        20,
    ]


def test_a_sample_is_an_array_of_floats_and_a_class():
    point, label = YinYangDataset(size=3)[0]
    assert isinstance(point, np.ndarray)
    assert point.dtype == np.float64
    assert isinstance(label, int)
    assert len(YinYangDataset(size=3)) == 3


def test_seed_42_starts_where_the_published_data_set_does():
    point, _ = YinYangDataset(size=1, seed=42)[0]
    assert point[:2] == pytest.approx([0.6803, 0.4505], abs=1e-4)


def test_classes_are_yin_yang_and_dot():
    data = YinYangDataset(size=1)
    assert list(data.class_names) == ["yin", "yang", "dot"]
    x, y, *_ = data.get_sample(2)
    assert data.which_class(x, y) == 2
    assert min(data.dist_to_left_dot(x, y), data.dist_to_right_dot(x, y)) < 0.1
    assert data.dist_to_left_dot(0.25, 0.5) == data.dist_to_right_dot(0.75, 0.5) == 0


def test_a_transform_is_applied():
    plain, changed = YinYangDataset(size=2)[0][0], YinYangDataset(size=2, transform=lambda point: -point)[0][0]
    assert np.array_equal(changed, -plain)


def test_the_nightly_calibration_is_a_file_that_is_read_by_path_or_bytes(chip):
    path = Path(calib_helper.nightly_calib_path())
    assert path.is_file()
    assert calib_helper.chip_from_file(path) is not None
    assert calib_helper.chip_from_portable_binary(path.read_bytes()) is not None


class Here(MixinHXModelMapper, torch.nn.Module):
    """A model with names of its own."""

    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)


class There(torch.nn.Module):
    """Another, which shares one of them."""

    def __init__(self):
        super().__init__()
        self.x, self.b = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)


@pytest.mark.parametrize("map_all", [True, False])
def test_a_mapping_wins_and_the_rest_goes_by_equal_names(map_all):
    here, there = Here(), There()
    mapping = {"a.weight": "x.weight", "a.bias": "x.bias"}
    if not map_all:
        mapping |= {"b.weight": "b.weight", "b.bias": "b.bias"}
    here.map_from(there.state_dict(), mapping, map_all=map_all)
    assert torch.equal(here.a.weight, there.x.weight)
    assert torch.equal(here.b.weight, there.b.weight)
