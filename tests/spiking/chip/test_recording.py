import numpy as np
import pytest
import torch

from hxtorch.core import CADCHandle, CADCSamples, MADCHandle
from hxtorch.core.vocabulary.coordinates import AtomicNeuronOnDLS, LogicalNeuronOnDLS
from hxtorch.spiking.chip.recording import TraceReadout, read_madc, shift_time
from hxtorch.spiking.errors import ParameterError

PLACES = (LogicalNeuronOnDLS(None, 4), LogicalNeuronOnDLS(None, 9))
RUNTIME, DT = 8e-6, 1e-6


@pytest.fixture
def samples():
    """Two neurons, one batch entry; samples on the grid, raw 130, 131, ... and 100, 102, ..."""
    step = np.arange(8)
    values = np.stack([130 + step, 100 + 2 * step], 1).astype(np.uint8)
    block = CADCSamples(125 * step, values, np.array([4, 9]), np.array([0, 8]))
    return CADCHandle.of([(block, np.array([0, 1]), np.array([0, 1]))], 2)


def read(samples, **arguments):
    return TraceReadout(**arguments).read(samples, RUNTIME, DT, PLACES)[:, 0].T.tolist()


def test_default_is_user_units(samples):
    traces = read(samples)
    assert traces[0] == [2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert traces[1][:3] == [-28, -26, -24]


def test_offset_and_scale_are_numbers_tensors_or_by_coordinate(samples):
    assert read(samples, offset=2.0, scale=0.5)[0][:3] == [0, 0.5, 1]
    per_neuron = read(samples, offset=torch.tensor([2.0, -28.0]), scale=torch.tensor([1.0, 0.25]))
    assert [trace[:3] for trace in per_neuron] == [[0, 1, 2], [0, 0.5, 1]]
    by_neuron = {PLACES[1]: -28.0, PLACES[0]: 2.0, LogicalNeuronOnDLS(None, 77): 5.0}
    assert [trace[:2] for trace in read(samples, offset=by_neuron)] == [[0, 1], [0, 2]]
    by_circuit = {AtomicNeuronOnDLS(4): 1.0, 9: 0.5}
    assert [trace[:2] for trace in read(samples, scale=by_circuit)] == [[2, 3], [-14, -13]]
    with pytest.raises(ParameterError, match="trace_offset: got no value for"):
        read(samples, offset={PLACES[0]: 2.0})


def test_first_value_in_place_of_the_offset(samples):
    traces = read(samples, offset=1000.0, shift_to_first=True, scale=2.0)
    assert [trace[:3] for trace in traces] == [[0, 2, 4], [0, 4, 8]]


@pytest.mark.parametrize("shift", [0, 1, -1, 3, -3, 20, -20])
def test_time_shift_is_a_roll_with_repeated_ends(shift):
    trace = torch.arange(9.0)[:, None, None].expand(9, 2, 3)
    wanted = torch.roll(trace, -shift, 0).clone() if abs(shift) < 9 else trace.clone()
    if shift > 0:
        wanted[max(9 - shift, 0) :] = trace[-1]
    elif shift < 0:
        wanted[: min(-shift, 9)] = trace[0]
    assert torch.equal(shift_time(trace, shift), wanted)


def test_shift_to_first_is_taken_after_the_time_shift(samples):
    assert read(samples, time_shift=2, shift_to_first=True)[0][:3] == [0, 1, 2]


def test_madc_is_a_tensor_of_times_in_cycles_and_values():
    handle = MADCHandle(np.arange(7) * 34e-9, np.arange(300, 307, dtype=np.uint16), np.array([0, 4, 7]), 0)
    traces = read_madc(handle)
    assert (traces.dtype, traces.shape) == (torch.float32, (2, 3, 2))  # samples of the run // batch
    assert traces[1].T.tolist() == [[300, 301, 302], [304, 305, 306]]
    torch.testing.assert_close(traces[0, 0, 1].item(), 4 * 34 / 8, rtol=1e-6, atol=0)
    uneven = MADCHandle(handle.times, handle.values, np.array([0, 6, 7]), 0)
    assert read_madc(uneven)[1, :, 1].tolist() == [306] * 3  # the last sample is held
