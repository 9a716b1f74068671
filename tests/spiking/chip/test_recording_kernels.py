"""Kernels between a chip's recordings and tensors give the same bytes as the conversions of core."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import CADCHandle, CADCSamples, RecordingError, SpikeHandle, SpikeTrains
from hxtorch.spiking._kernels.chip.traces import resample
from hxtorch.spiking._kernels.chip.trains import find, scatter
from hxtorch.spiking.chip.recording import TraceReadout, read_spikes, shift_time

CYCLE = 8e-9


def draw_samples(rng, batch, columns, runtime, least=1):
    """Return samples of one hemisphere at times of their own in each entry, some of them at the same time."""
    counts = rng.integers(least, 12, batch)
    times = [np.sort(rng.integers(0, runtime, count)) for count in counts]
    values = rng.integers(0, 256, (counts.sum(), columns)).astype(np.uint8)
    return CADCSamples(np.concatenate(times), values, np.arange(columns), np.r_[0, np.cumsum(counts)])


def draw_handle(rng, batch, size, runtime):
    """Return samples of a population in one piece, or scattered over the columns of both hemispheres."""
    if rng.random() < 0.4:
        first = int(rng.integers(0, 5))
        samples = draw_samples(rng, batch, size + first, runtime)
        return CADCHandle.of([(samples, np.arange(first, first + size), np.arange(size))], size)
    cut, order, parts = int(rng.integers(0, size + 1)), rng.permutation(size), []
    for indices in (order[:cut], order[cut:]):
        if len(indices):
            samples = draw_samples(rng, batch, size + 7, runtime)
            parts.append((samples, rng.permutation(size + 7)[: len(indices)], indices))
    return CADCHandle.of(parts, size)


@given(
    seed=st.integers(0, 2**32),
    batch=st.integers(1, 4),
    size=st.integers(1, 40),
    shift=st.integers(-9, 9),
    to_first=st.booleans(),
    mode=st.sampled_from(["linear", "nearest"]),
    dt=st.sampled_from([1e-6, 0.37e-6, 8e-9 * 12.5]),
)
def test_traces_are_those_of_the_conversion_of_core(seed, batch, size, shift, to_first, mode, dt):
    rng = np.random.default_rng(seed)
    handle = draw_handle(rng, batch, size, 1000)
    numbers = [torch.from_numpy(rng.normal(size=size).astype(np.float32)), float(rng.normal()), torch.tensor(0.3)]
    offset, scale = numbers[rng.integers(3)], numbers[rng.integers(3)]
    readout = TraceReadout(offset, scale, shift, to_first, mode)
    traces = shift_time(torch.from_numpy(handle.to_dense(1000 * CYCLE, dt, mode)), shift)
    wanted = (traces - (traces[:1] if to_first else torch.as_tensor(offset))) * torch.as_tensor(scale)
    assert torch.equal(readout.read(handle, 1000 * CYCLE, dt, ()), wanted)


def test_traces_do_not_depend_on_the_number_of_threads():
    samples, size = draw_samples(np.random.default_rng(0), 20, 60, 1000), 60
    numbers = (
        np.arange(40) * 25.0,
        samples.times,
        samples.batch_offsets,
        samples.values,
        np.arange(size),
        np.arange(size),
    )
    grids = [torch.empty(40, 20, size) for _ in range(2)]
    for grid, threads in zip(grids, (1, 3), strict=True):
        resample(*numbers, None, np.full(size, 0.3, np.float32), False, grid.data_ptr(), threads)
    assert torch.equal(*grids)


def test_gradients_reach_a_scale_that_is_trained():
    handle = draw_handle(np.random.default_rng(0), 2, 5, 1000)
    scale = torch.ones(5, requires_grad=True)
    traces = TraceReadout(scale=scale).read(handle, 8e-6, 1e-6, ())
    traces.sum().backward()
    assert torch.equal(scale.grad, traces.detach().sum((0, 1)))


def test_an_entry_without_samples_is_named():
    samples = CADCSamples(np.array([5]), np.zeros((1, 3), np.uint8), np.arange(3), np.array([0, 1, 1]))
    handle = CADCHandle.of([(samples, np.arange(3), np.arange(3))], 3)
    with pytest.raises(RecordingError, match="no sample in batch entry 1"):
        TraceReadout().read(handle, 8e-6, 1e-6, ())


@pytest.mark.parametrize(
    ("columns", "indices", "offsets"),
    [([3], [0], [0, 2]), ([-1], [0], [0, 2]), ([0], [4], [0, 2]), ([0, 1], [0], [0, 2]), ([0], [0], [0, 3])],
)
def test_places_beyond_the_arrays_are_refused(columns, indices, offsets):
    out, scale = torch.zeros(2, 1, 4), np.ones(4, np.float32)
    arrays = np.arange(2.0), np.arange(2), np.array(offsets), np.zeros((2, 3), np.uint8)
    with pytest.raises(ValueError, match=r"columns|samples"):
        resample(*arrays, np.array(columns), np.array(indices), None, scale, False, out.data_ptr(), 1)
    assert not out.any()


@given(seed=st.integers(0, 2**32), batch=st.integers(1, 4), size=st.integers(1, 9), dt=st.sampled_from([1e-6, 0.3e-6]))
def test_spikes_are_those_of_the_conversion_of_core(seed, batch, size, dt):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 50))
    places = rng.integers(0, 1500, count), rng.integers(0, size, count), rng.integers(0, batch, count)
    spikes = SpikeHandle(*places, batch, size)
    assert np.array_equal(read_spikes(spikes, 1000 * CYCLE, dt).numpy(), spikes.to_dense(1000 * CYCLE, dt))


@pytest.mark.parametrize("wrong", [(-9, 0, 0), (0, 2, 0), (0, 0, 3), (0, -1, 0), (0, 0, -1)])
def test_spikes_beyond_the_grid_are_refused(wrong):
    times, batches, indices = (np.array([number]) for number in wrong)
    grid = torch.zeros(4, 2, 3)
    with pytest.raises(IndexError, match="wanted one of 3 neurons, 2 entries"):
        scatter(times, batches, indices, 2.0, 4, 2, 3, grid.data_ptr())
    assert not grid.any()


@given(
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(0, 9), st.integers(1, 5), st.integers(1, 70)),
    dtype=st.sampled_from([np.float32, np.float64]),
    step=st.sampled_from([1.0, 0.5, 125.0, 37.3]),
)
def test_spikes_of_a_grid_are_found_in_the_order_of_events(seed, shape, dtype, step):
    grid = (np.random.default_rng(seed).random(shape) < 0.2).astype(dtype)
    grid[grid == 0] *= -1  # zeros are zeros
    batches, steps, indices = np.nonzero(grid.transpose(1, 0, 2))
    offsets = np.searchsorted(batches, np.arange(shape[1] + 1))
    assert all(map(np.array_equal, find(grid, step), (np.rint(steps * step), batches, indices, offsets)))


@pytest.mark.parametrize("number", [0.5, -1.0, 2.0, np.nan, np.inf, 1 + 2**-52])
def test_graded_spikes_are_told_apart(number):
    grid = np.zeros((3, 2, 5))
    grid[1, 1, 4] = number
    assert find(grid, 1.0) is None


def test_spikes_of_a_grid_are_those_of_the_conversion_of_core():
    grid = (np.random.default_rng(0).random((9, 3, 4)) < 0.3).astype(np.float32)
    times, batches, indices, _ = find(grid, 125.0)
    found, wanted = SpikeTrains(times, indices, batches), SpikeTrains.from_dense(grid, 1e-6)
    spikes = [sorted(zip(t.times, t.batches, t.indices, strict=True)) for t in (found, wanted)]
    assert spikes[0] == spikes[1]


@pytest.mark.parametrize("step", [0.0, -1.0, np.nan])
def test_a_grid_without_steps_is_refused(step):
    with pytest.raises(ValueError, match="wanted cycles"):
        find(np.zeros((1, 1, 1)), step)
