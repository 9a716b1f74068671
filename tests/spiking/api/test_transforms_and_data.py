import numpy as np
import pytest
import torch

from hxtorch.spiking.datasets import YinYangDataset
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError, TensorValueError
from hxtorch.spiking.transforms.decode import MaxOverTime, MeanOverTime, SumOverTime
from hxtorch.spiking.transforms.encode import (
    CoordinatesToSpikes,
    PixelsToSpikeTimes,
    SpikeTimesToDense,
    SpikeTimesToSparseTensor,
)


def test_coordinate_is_the_time_of_one_spike():
    encoder = CoordinatesToSpikes(38, 2e-6, 26e-6, 1e-6, 2e-6)
    spikes = encoder(torch.tensor([[0.0, 1.0, 0.5], [0.25, 0.02, 0.03]]))
    assert spikes.shape == (38, 2, 4)
    assert torch.equal(spikes.sum(0), torch.ones(2, 4))
    assert spikes.argmax(0).tolist() == [[2, 26, 14, 2], [8, 2, 3, 2]]


def test_without_bias_there_is_no_bias_input():
    assert CoordinatesToSpikes(10, 0.0, 9e-6)(torch.zeros(5, 4)).shape == (10, 5, 4)


@pytest.mark.parametrize("times", [(-1e-6, 5e-6, None), (0.0, 10e-6, None), (0.0, 5e-6, 10e-6)])
def test_spike_times_lie_in_the_sequence(times):
    with pytest.raises(ParameterError, match=r"wanted a time in"):
        CoordinatesToSpikes(10, times[0], times[1], 1e-6, times[2])


def test_bad_coordinates():
    encoder = CoordinatesToSpikes(10, 0.0, 9e-6)
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(TensorValueError, match="0, 1"):
            encoder(torch.tensor([[0.5, bad]]))
    with pytest.raises(TensorShapeError):
        encoder(torch.zeros(4))


def test_latency_is_the_time_to_threshold_of_a_leaky_integrator():
    pixels = torch.tensor([[0.3, 0.5, 1.0, 7.0]], dtype=torch.float64)
    times = PixelsToSpikeTimes(tau=8e-6, threshold=0.2, t_max=1.0)(pixels)
    membrane = pixels * (1 - torch.exp(-times / 8e-6))
    torch.testing.assert_close(membrane, torch.full_like(membrane, 0.2))


def test_pixels_below_the_threshold_get_the_latest_time():
    encoder = PixelsToSpikeTimes(tau=20.0, threshold=0.2, t_max=30.0)
    times = encoder(torch.tensor([0.0, -1.0, 0.2, 0.2 + 1e-6, 0.9]))
    assert times[:4].tolist() == [30.0] * 4
    assert 0 < times[4] < 30
    assert encoder(torch.rand(2, 28, 28)).shape == (2, 28, 28)


def test_bad_pixels():
    with pytest.raises(TensorTypeError, match="scale bytes"):
        PixelsToSpikeTimes()(torch.zeros(4, dtype=torch.uint8))
    with pytest.raises(TensorValueError, match="NaN"):
        PixelsToSpikeTimes()(torch.full((4,), float("nan")))
    for arguments in ({"tau": 0.0}, {"threshold": -0.1}, {"t_max": float("nan")}, {"epsilon": 0.0}):
        with pytest.raises(ParameterError, match="wanted"):
            PixelsToSpikeTimes(**arguments)


def test_spike_times_on_a_grid_dense_and_sparse():
    times = torch.tensor([[0.0, 2.9e-6, 3.1e-6], [9e-6, 9.6e-6, float("inf")]])
    dense, sparse = SpikeTimesToDense(1e-6, 10)(times), SpikeTimesToSparseTensor(1e-6, 10)(times)
    assert dense.shape == (10, 2, 3)
    assert dense.nonzero().tolist() == [[0, 0, 0], [3, 0, 1], [3, 0, 2], [9, 1, 0]]
    assert dense.dtype == torch.float32
    assert sparse.is_sparse
    assert sparse.is_coalesced()
    assert torch.equal(sparse.to_dense(), dense)


def test_times_of_grid_points_stay_there():
    times = torch.arange(1000) * 1e-6
    assert torch.equal(SpikeTimesToDense(1e-6, 1000)(times), torch.eye(1000))


def test_bad_spike_times():
    for bad in (-1e-6, float("nan")):
        with pytest.raises(TensorValueError, match="negative time or NaN"):
            SpikeTimesToDense(1e-6, 10)(torch.tensor([0.0, bad]))
    with pytest.raises(TensorTypeError, match="floating"):
        SpikeTimesToDense(1e-6, 10)(torch.tensor([1, 2]))
    for arguments in ((0.0, 10), (1e-6, 0), (1e-6, 2.5), (float("nan"), 3)):
        with pytest.raises(ParameterError, match="wanted"):
            SpikeTimesToSparseTensor(*arguments)


def test_decoders():
    traces = torch.tensor([[[1.0, -3.0]], [[2.0, -1.0]], [[0.0, -2.0]]])
    assert MaxOverTime()(traces).tolist() == [[2, -1]]
    assert MeanOverTime()(traces).tolist() == [[1, -2]]
    assert SumOverTime()(traces).tolist() == [[3, -6]]


def test_yinyang_samples_lie_in_the_sign_with_their_class_and_their_complement():
    data = YinYangDataset(size=2000, seed=1)
    x, y, not_x, not_y = data.coordinates.T.double()
    assert torch.hypot(x - 0.5, y - 0.5).max() <= 0.5 + 1e-6
    torch.testing.assert_close(x + not_x, torch.ones(2000, dtype=torch.float64))
    torch.testing.assert_close(y + not_y, torch.ones(2000, dtype=torch.float64))
    assert [data.which_class(*point) for point in data.coordinates[:200, :2].tolist()] == data.classes[:200].tolist()
    counts = np.bincount(data.classes)
    assert np.abs(counts - 2000 / 3).max() < 3.3 * np.sqrt(2000 * 2 / 9)  # 99.9 %


def test_yinyang_classes_at_known_points():
    data = YinYangDataset(size=0)
    wanted = {(0.25, 0.5): 2, (0.75, 0.5): 2, (0.5, 0.9): 1, (0.5, 0.1): 0, (0.25, 0.36): 1, (0.75, 0.64): 0}
    assert {point: data.which_class(*point) for point in wanted} == wanted
    assert data.dist_to_left_dot(0.25, 0.5) == 0
    assert data.dist_to_right_dot(0.25, 0.5) == 0.5


def test_yinyang_is_symmetric_under_half_a_turn_with_classes_swapped():
    data = YinYangDataset(size=500, seed=3)
    swapped = [data.which_class(1 - x, 1 - y) for x, y in data.coordinates[:, :2].tolist()]
    assert swapped == [{0: 1, 1: 0, 2: 2}[int(label)] for label in data.classes]


def test_yinyang_seed_decides():
    one, same, other = (YinYangDataset(size=20, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.coordinates, same.coordinates)
    assert not torch.equal(one.coordinates, other.coordinates)


def test_yinyang_items_and_transform():
    data = YinYangDataset(size=3, transform=lambda point: 2 * point)
    point, label = data[1]
    assert torch.equal(point, 2 * data.coordinates[1])
    assert label == int(data.classes[1])
    assert data.get_sample(2)[2] == 2
    with pytest.raises(IndexError):
        data[3]


def test_yinyang_bad_radii():
    for radius in (0.0, 0.25, 0.3):
        with pytest.raises(ParameterError, match="r_small"):
            YinYangDataset(r_small=radius)
    with pytest.raises(ParameterError, match="size"):
        YinYangDataset(size=-1)
