"""Programs and registers are legal once constructed."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.core import (
    ChipConfiguration,
    ConfigurationError,
    HXTorchError,
    InputEvents,
    MatrixProgram,
    OperandRangeError,
    ProgramError,
    Recording,
    RecordingError,
    SpikingProgram,
)

REGISTERS = fields(ChipConfiguration)
NAMES = [register.name for register in REGISTERS]


@pytest.mark.parametrize("register", REGISTERS, ids=NAMES)
def test_a_register_takes_its_range_and_nothing_else(register):
    declared = register.metadata
    low, high, shape = declared["low"], declared["high"], declared["shape"]
    for code in (low, high):
        config = ChipConfiguration(**{register.name: code})
        array = getattr(config, register.name)
        assert array.shape == shape
        assert array.dtype == declared["dtype"]
        assert (array == code).all()
        assert not array.flags.writeable
    for code in (low - 1, high + 1):
        values = np.full(shape, low)
        values[(-1,) * len(shape)] = code
        with pytest.raises(ConfigurationError, match=f"{register.name}: got {code}"):
            ChipConfiguration(**{register.name: values})
    for values in (np.full((*shape, 1), low), np.full(shape, 0.0), np.full(shape, np.nan), "many"):
        with pytest.raises(ConfigurationError, match=register.name):
            ChipConfiguration(**{register.name: values})


def test_replacing_shares_what_does_not_change():
    base = ChipConfiguration()
    changed = base.replace(v_leak=500, weight=np.ones((2, 256, 256), int))
    for name in NAMES:
        assert (getattr(changed, name) is getattr(base, name)) == (name not in ("v_leak", "weight"))
    with pytest.raises(ConfigurationError, match="unknown register 'v_lake'"):
        base.replace(v_lake=3)


def test_registers_do_not_follow_later_changes_of_their_source():
    values = np.full(512, 500, np.uint16)
    config = ChipConfiguration(v_leak=values)
    values[:] = 3
    assert (config.v_leak == 500).all()


def test_registers_do_not_follow_changes_behind_a_read_only_view():
    values = np.full(512, 500, np.uint16)
    view = values[:]
    view.setflags(write=False)
    config = ChipConfiguration(v_leak=view)
    values[:] = 3
    assert (config.v_leak == 500).all()
    assert ChipConfiguration(v_leak=config.v_leak).v_leak is config.v_leak


def events(times, offsets):
    return InputEvents(np.array(times, int), np.zeros(len(times), int), np.array(offsets))


@given(st.lists(st.lists(st.integers(0, 99), max_size=5).map(sorted), min_size=1, max_size=4))
def test_sorted_entries_are_legal(entries):
    made = events([time for entry in entries for time in entry], np.r_[0, np.cumsum([len(entry) for entry in entries])])
    assert made.batch_size == len(entries)
    SpikingProgram(ChipConfiguration(), 100, made)


@pytest.mark.parametrize(
    ("times", "offsets", "message"),
    [
        ([3, 2], [0, 2], "ascend"),
        ([1, 2], [0, 1], "batch_offsets"),
        ([1, 2], [1, 2], "batch_offsets"),
        ([1, 2], [0, 2, 1, 2], "batch_offsets"),
        ([1, 2], [2], "batch_offsets"),
        ([], [0], "batch_offsets"),
    ],
)
def test_illegal_batches_are_refused(times, offsets, message):
    with pytest.raises(ProgramError, match=message):
        events(times, offsets)


def test_times_may_start_again_in_the_next_entry():
    assert events([5, 1], [0, 0, 1, 1, 2, 2]).batch_size == 5


@pytest.mark.parametrize(
    ("runtime", "message"), [(0, "runtime"), (-1, "runtime"), (2**32, "34.36 s"), (100, r"cycle 100 \(0\.800 us\)")]
)
def test_runs_without_room_for_their_events_are_refused(runtime, message):
    with pytest.raises(ProgramError, match=message):
        SpikingProgram(ChipConfiguration(), runtime, events([100], [0, 1]))


def test_the_longest_run_is_legal():
    SpikingProgram(ChipConfiguration(), 2**32 - 1, events([2**32 - 2], [0, 1]))


@pytest.mark.parametrize(
    "given", [{"cadc_neurons": [3, 3]}, {"cadc_neurons": [512]}, {"cadc_neurons": [[1]]}, {"madc_neuron": -1}]
)
def test_illegal_recordings_are_refused(given):
    with pytest.raises(RecordingError):
        Recording(**{name: np.array(value) if isinstance(value, list) else value for name, value in given.items()})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"weights": np.full((2, 3), 64)}, OperandRangeError),
        ({"weights": np.full((2, 3), -64)}, OperandRangeError),
        ({"activations": np.full((1, 2), 32)}, OperandRangeError),
        ({"activations": np.full((1, 2), -1)}, OperandRangeError),
        ({"activations": np.full((1, 3), 1)}, ProgramError),
        ({"activations": np.full(2, 1)}, ProgramError),
        ({"weights": np.full((2, 0), 1)}, ProgramError),
        ({"weights": np.full((2, 3), 1.0)}, ProgramError),
        ({"activations": np.full((1, 2), np.nan)}, ProgramError),
        ({"num_sends": 0}, ProgramError),
        ({"wait_between_events": 0}, ProgramError),
    ],
)
def test_illegal_products_are_refused(change, error):
    legal = {"weights": np.full((2, 3), 63), "activations": np.full((1, 2), 31)}
    MatrixProgram(ChipConfiguration(), **legal)
    with pytest.raises(error) as raised:
        MatrixProgram(ChipConfiguration(), **{**legal, **change})
    assert isinstance(raised.value, HXTorchError)


def test_a_product_of_bytes_is_the_checked_one_and_read_only():
    weights, vectors = np.arange(-3, 3, dtype=np.int8).reshape(2, 3), np.arange(8, dtype=np.uint8).reshape(4, 2)
    configuration = ChipConfiguration()
    known = MatrixProgram.of_bytes(configuration, weights.copy(), vectors.copy(), 2, 7, 1)
    checked = MatrixProgram(configuration, weights, vectors, 2, 7, 1)
    assert known.batch == checked.batch
    for field in fields(MatrixProgram):
        one, other = getattr(known, field.name), getattr(checked, field.name)
        assert one is other or np.array_equal(one, other)
        assert not isinstance(one, np.ndarray) or (one.dtype == other.dtype and not one.flags.writeable)


def test_a_runtime_of_numpy_is_an_integer_and_arrays_of_a_recording_are_its_own():
    neurons = np.array([0, 300])
    recording = Recording(neurons)
    program = SpikingProgram(ChipConfiguration(), np.uint16(1000), InputEvents.silence(), recording)
    assert type(program.runtime) is int
    neurons[:] = 5
    assert recording.cadc_neurons.tolist() == [0, 300]
    assert [part.tolist() for part in recording.hemispheres] == [[0], [300]]
    with pytest.raises(ValueError, match="read-only"):
        recording.hemispheres[0][:] = 1
