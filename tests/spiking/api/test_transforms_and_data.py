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


def test_bias_is_in_the_step_that_its_time_lies_in():
    spikes = CoordinatesToSpikes(38, 2e-6, 26e-6, 1e-6, 5.9e-6)(torch.zeros(2, 4))
    assert spikes[:, :, 4].argmax(0).tolist() == [5, 5]


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
    assert dense.nonzero().tolist() == [[0, 0, 0], [2, 0, 1], [3, 0, 2], [9, 1, 0], [9, 1, 1]]
    assert dense.dtype == sparse.dtype == torch.int64
    assert sparse.is_sparse
    assert sparse.is_coalesced()
    assert torch.equal(sparse.to_dense(), dense)


def test_grid_of_nearest_points_in_another_type():
    times = torch.tensor([0.4e-6, 2.9e-6, 9.6e-6])
    dense = SpikeTimesToDense(1e-6, 10, nearest=True, dtype=torch.float32)(times)
    assert dense.nonzero().tolist() == [[0, 0], [3, 1]]
    assert dense.dtype == torch.float32


def test_grid_has_100_points_unless_said():
    times = torch.tensor([99.5e-6, 100e-6])
    for grid in (SpikeTimesToDense(1e-6)(times), SpikeTimesToSparseTensor(1e-6)(times).to_dense()):
        assert grid.shape == (100, 2)
        assert grid.nonzero().tolist() == [[99, 0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_times_of_grid_points_stay_there(dtype):
    times = torch.arange(1000, dtype=dtype) * 1e-6
    assert torch.equal(SpikeTimesToDense(1e-6, 1000)(times), torch.eye(1000, dtype=torch.int64))


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


def published(seed, size):
    """The published data set, written down from its description: class first, then points until one fits."""
    rng = np.random.RandomState(seed)

    def label(x, y):
        right, left = np.hypot(x - 0.75, y - 0.5), np.hypot(x - 0.25, y - 0.5)
        if min(right, left) < 0.1:
            return 2
        return int(right <= 0.1 or 0.1 < left <= 0.25 or (y > 0.5 and right > 0.25))

    samples = []
    for _ in range(size):
        goal = rng.randint(3)
        while True:
            x, y = rng.rand(2)
            if np.hypot(x - 0.5, y - 0.5) <= 0.5 and label(x, y) == goal:
                break
        samples.append((x, y, 1 - x, 1 - y, goal))
    return np.array(samples)


@pytest.mark.parametrize("seed", [0, 42, 43])
def test_yinyang_has_the_points_of_the_published_data_set(seed):
    data = YinYangDataset(size=300, seed=seed)
    wanted = published(seed, 300)
    np.testing.assert_allclose(data.coordinates, wanted[:, :4], rtol=1e-15)
    assert data.classes.tolist() == wanted[:, 4].tolist()


def test_yinyang_first_point_of_seed_42():
    (x, y, not_x, not_y), label = YinYangDataset(size=1, seed=42)[0]
    assert (round(x, 4), round(y, 4)) == (0.6803, 0.4505)
    assert (not_x, not_y) == (1 - x, 1 - y)
    assert type(label) is int


def test_yinyang_samples_lie_in_the_sign_with_their_class():
    data = YinYangDataset(size=2000, seed=1)
    assert np.hypot(*(data.coordinates[:, :2] - 0.5).T).max() <= 0.5
    assert [data.which_class(*point) for point in data.coordinates[:200, :2].tolist()] == data.classes[:200].tolist()
    counts = np.bincount(data.classes)
    assert np.abs(counts - 2000 / 3).max() < 3.3 * np.sqrt(2000 * 2 / 9)  # 99.9 %


def test_yinyang_classes_at_known_points():
    data = YinYangDataset(size=0)
    wanted = {(0.25, 0.5): 2, (0.75, 0.5): 2, (0.5, 0.9): 1, (0.5, 0.1): 0, (0.25, 0.36): 1, (0.75, 0.64): 0}
    assert {point: data.which_class(*point) for point in wanted} == wanted
    assert data.class_names == ["yin", "yang", "dot"]
    assert data.dist_to_left_dot(0.25, 0.5) == 0
    assert data.dist_to_right_dot(0.25, 0.5) == 0.5


def test_yinyang_is_symmetric_under_half_a_turn_with_classes_swapped():
    data = YinYangDataset(size=500, seed=3)
    swapped = [data.which_class(1 - x, 1 - y) for x, y in data.coordinates[:, :2].tolist()]
    assert swapped == [{0: 1, 1: 0, 2: 2}[int(label)] for label in data.classes]


def test_yinyang_items_are_arrays_of_floats_and_transformed_alone():
    data = YinYangDataset(size=3)
    point, label = data[1]
    assert isinstance(point, np.ndarray)
    assert point.dtype == np.float64
    assert np.array_equal(point, data.coordinates[1])
    assert label == int(data.classes[1])
    twice, label = YinYangDataset(size=3, transform=lambda point: 2 * point)[1]
    assert np.array_equal(twice, 2 * point)
    assert label == int(data.classes[1])
    assert data.get_sample(2)[2] == 2
    with pytest.raises(IndexError):
        data[3]


def test_batches_of_samples_become_spikes_of_the_type_of_weights():
    points, labels = next(iter(torch.utils.data.DataLoader(YinYangDataset(size=4), 4)))
    assert points.dtype == torch.float64
    assert labels.dtype == torch.int64
    spikes = CoordinatesToSpikes(38, 2e-6, 26e-6, 1e-6, 2e-6)(points)
    assert spikes.dtype == torch.float32
    assert torch.equal(spikes.sum(0), torch.ones(4, 5))


def test_yinyang_bad_radii():
    for radius in (0.0, 0.25, 0.3):
        with pytest.raises(ParameterError, match="r_small"):
            YinYangDataset(r_small=radius)
    with pytest.raises(ParameterError, match="size"):
        YinYangDataset(size=-1)
