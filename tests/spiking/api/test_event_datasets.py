"""Data sets of other packages as spikes, and batches of entries of different lengths."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hxtorch.snn as hxsnn
from hxtorch.core.errors import MissingPackageError
from hxtorch.spiking.datasets import EventDataset, ImageDataset, events_to_dense, pad_collate
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError
from hxtorch.spiking.transforms.decode import MaxOverTime
from hxtorch.spiking.transforms.encode import BernoulliEncoder

FIELDS = np.dtype([("t", np.int64), ("x", np.int16), ("y", np.int16), ("p", bool)])
SIZE = (4, 3, 2)


class Events:
    """As the data sets of tonic are."""

    sensor_size = SIZE

    def __init__(self, save_to="nowhere", train=True):
        self.given = save_to, train

    def __len__(self):
        return 3

    def __getitem__(self, index):
        if not 0 <= index < 3:
            raise IndexError(index)
        count = 5 + index
        rng = np.random.default_rng(index)
        events = np.zeros(count, FIELDS)
        events["t"] = 7000 + 1000 * np.arange(count)
        for name, size in zip("xyp", SIZE, strict=True):
            events[name] = rng.integers(0, size, count)
        return events, index % 2


@settings(max_examples=30, deadline=None)
@given(
    where=st.lists(st.tuples(st.integers(0, 20), *(st.integers(0, size - 1) for size in SIZE)), min_size=1, max_size=20)
)
def test_each_event_is_a_spike_of_its_neuron_in_its_step(where):
    events = np.array([(1000 * t + 5000, x, y, p) for t, x, y, p in where], FIELDS)
    spikes = events_to_dense(events, SIZE)
    first = min(t for t, *_ in where)
    assert set(map(tuple, spikes.nonzero().tolist())) == {(t - first, (p * 3 + y) * 4 + x) for t, x, y, p in where}
    assert spikes.shape == (max(t for t, *_ in where) - first + 1, 24)


def test_time_is_scaled_and_cut():
    events = np.array([(10, 0, 0, 0), (13, 1, 0, 0), (19, 2, 0, 0)], FIELDS)
    assert events_to_dense(events, SIZE, dt=1e-6, acceleration=1).argmax(0)[1:3].tolist() == [3, 9]
    short = events_to_dense(events, SIZE, dt=1e-6, acceleration=1, steps=5)
    assert short.shape == (5, 24)
    assert short.sum() == 2
    assert events_to_dense(events[:0], SIZE).shape == (1, 24)
    sound = np.array([(0, 1, 1), (1000, 3, 1)], [("t", np.int64), ("x", np.int16), ("p", np.int16)])
    for fields in (["t", "x"], ["t", "x", "p"]):  # tonic calls the one polarity of cochleas 1
        assert events_to_dense(sound[fields], (4, 1, 1)).nonzero().tolist() == [[0, 1], [1, 3]]


def test_events_that_are_none_are_refused():
    events = Events()[0][0]
    with pytest.raises(TensorTypeError, match="fields"):
        events_to_dense(np.zeros(3), SIZE)
    with pytest.raises(TensorShapeError, match="x: got"):
        events_to_dense(events, (1, 3, 2))
    for bad in ({"dt": 0.0}, {"acceleration": -1.0}, {"steps": 0}):
        with pytest.raises(ParameterError, match="wanted a positive number"):
            events_to_dense(events, SIZE, **bad)


def test_batch_of_different_lengths_runs_and_keeps_its_lengths():
    loader = torch.utils.data.DataLoader(EventDataset(Events()), 3, collate_fn=pad_collate)
    ((spikes, lengths, labels),) = loader
    assert spikes.shape == (7, 3, 24)
    assert lengths.tolist() == [5, 6, 7]
    assert labels.tolist() == [0, 1, 0]
    for entry, length in enumerate(lengths.tolist()):
        assert torch.equal(spikes[:length, entry], EventDataset(Events())[entry][0])
        assert not spikes[length:, entry].any()
    exp = hxsnn.Experiment(mock=True)
    readout = hxsnn.LI(2, exp)(hxsnn.Synapse(24, 2, exp)(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, None)
    membranes = readout.membrane_cadc
    scores = MaxOverTime()(membranes, lengths)
    torch.testing.assert_close(scores[0], membranes[:5, 0].max(0).values)


def test_samples_that_fit_no_batch_are_refused():
    for samples in ([], [(torch.zeros(3), 0)], [(torch.zeros(3, 2), 0), (torch.zeros(3, 4), 1)]):
        with pytest.raises(TensorShapeError, match="samples"):
            pad_collate(samples)


def test_images_of_any_kind_are_encoded():
    bright = np.array([[0, 255], [51, 255]], np.uint8)
    for image in (bright, torch.from_numpy(bright), torch.from_numpy(bright / np.float32(255))):
        spikes, label = ImageDataset([(image, 4)], BernoulliEncoder(200))[0]
        assert (spikes.shape, label) == ((200, 4), 4)
        assert spikes[:, [1, 3]].all()
        assert not spikes[:, 0].any()
        assert 10 < spikes[:, 2].sum() < 80


@pytest.mark.parametrize(
    ("package", "make"),
    [("tonic", EventDataset), ("torchvision", lambda name, **arguments: ImageDataset(name, lambda x: x, **arguments))],
)
def test_data_sets_by_name_come_from_their_package(monkeypatch, package, make):
    known = ModuleType(f"{package}.datasets")
    known.Some = Events
    monkeypatch.setitem(sys.modules, package, ModuleType(package))
    monkeypatch.setitem(sys.modules, f"{package}.datasets", known)
    data = make("Some", save_to="here", train=False)
    assert data.dataset.given == ("here", False)
    assert len(data) == 3
    with pytest.raises(ParameterError, match="does not have"):
        make("Other")
    monkeypatch.setitem(sys.modules, f"{package}.datasets", None)
    with pytest.raises(MissingPackageError, match=f"pip install {package}") as caught:
        make("Some")
    assert isinstance(caught.value, ImportError)


def test_arguments_beside_a_data_set_are_refused():
    with pytest.raises(ParameterError, match="train"):
        EventDataset(Events(), train=False)
    with pytest.raises(ParameterError, match="sensor_size"):
        EventDataset([1, 2])
