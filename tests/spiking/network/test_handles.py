"""Handles by names: one type for the same names, older names beside today's, and what is meant without a name."""

import copy
import inspect
import pickle

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking import handle
from hxtorch.spiking.errors import TensorTypeError

ONES, ZEROS = torch.ones(2, 1, 1), torch.zeros(2, 1, 1)


def test_handles_with_the_same_names_are_of_one_type():
    assert type(hxsnn.Handle("a", "b")) is type(hxsnn.Handle("b", "a")) is type(hxsnn.Handle(a=ONES, b=None))
    assert type(hxsnn.Handle("a", "b")) is not type(hxsnn.Handle("a"))
    assert type(hxsnn.Handle("a", "b")).__name__ == "Handle_a_b"
    names = ("membrane_madc", "spikes", "current", "membrane_cadc")
    assert type(hxsnn.Handle(*names)) is hxsnn.LIFObservables is hxsnn.NeuronHandle is handle.LIFObservables
    assert type(hxsnn.Handle(*(names[:1] + names[2:]))) is hxsnn.LIObservables is hxsnn.ReadoutNeuronHandle
    assert isinstance(hxsnn.Handle("a"), handle.TensorHandle)
    assert isinstance(hxsnn.NeuronHandle(), hxsnn.Handle)


def test_filled_and_empty_handles():
    empty, filled = hxsnn.Handle("a", "b"), hxsnn.Handle(a=ONES, b=None)
    assert (empty.a, empty.b) == (None, None)
    assert filled.a is ONES
    assert filled.holds("a")
    assert not filled.holds("b")
    assert not filled.holds("c")
    empty.clone(filled)
    assert empty.a is ONES
    assert empty == filled
    filled.clear()
    assert filled.a is None
    assert empty != filled
    assert filled == hxsnn.Handle("a", "b")
    assert hxsnn.Handle("a") != hxsnn.Handle("b")
    assert len({empty, filled, hxsnn.Handle("a", "b"), empty}) == 3  # each is a promise of its own


def test_equality_is_that_of_the_tensors():
    assert hxsnn.NeuronHandle(ONES) == hxsnn.NeuronHandle(ONES.clone())
    assert hxsnn.NeuronHandle(ONES) != hxsnn.NeuronHandle(ZEROS)
    assert hxsnn.NeuronHandle(ONES) != hxsnn.NeuronHandle()
    assert hxsnn.NeuronHandle(ONES) != 3


def test_put_takes_the_order_of_the_fields_and_names_of_both_generations():
    one = hxsnn.NeuronHandle()
    one.put(ONES, v_cadc=ZEROS)
    assert one.spikes is ONES
    assert one.v_cadc is one.membrane_cadc is ZEROS
    one.v_madc = ONES
    assert one.membrane_madc is ONES
    assert one.data["spikes"] is ONES
    with pytest.raises(TensorTypeError, match="got the name 'spike', wanted one of spikes, membrane_cadc"):
        one.put(spike=ONES)
    with pytest.raises(TensorTypeError, match="got 5 tensors"):
        one.put(*[ONES] * 5)
    with pytest.raises(TensorTypeError, match=r"Handle\(spikes=tensor\)"):
        hxsnn.Handle(ONES)


@pytest.mark.parametrize("kind", [hxsnn.NeuronHandle, hxsnn.ReadoutNeuronHandle, hxsnn.SynapseHandle])
def test_the_first_position_is_what_modules_read(kind):
    assert kind(ONES).observable_state is ONES
    assert kind(ONES).observable_state_identifier in kind._carries


def test_handles_of_a_model_mean_their_spikes_if_it_has_some():
    assert hxsnn.Handle("current", "membrane_cadc", "spikes", "adaptation_cadc").observable_state_identifier == "spikes"
    assert hxsnn.Handle("current", "membrane_cadc").observable_state_identifier == "membrane_cadc"


def test_a_derived_handle_says_what_it_carries_and_what_is_read():
    class Mine(handle.TensorHandle):
        _carries = ["a", "b"]  # noqa: RUF012  # as scripts write it
        _obsv_state = "b"

    mine = Mine()
    mine.put(ZEROS, ONES)
    assert mine.observable_state is ONES
    mine.observable_state_identifier = "a"
    assert mine.observable_state is ZEROS
    assert Mine().observable_state_identifier == "b"
    with pytest.raises(TensorTypeError, match="observable state 'c'"):
        mine.observable_state_identifier = "c"
    with pytest.raises(TensorTypeError, match="observable state 'c'"):
        handle.HandleMeta("Wrong", (handle.TensorHandle,), {"_carries": ["a"], "_obsv_state": "c"})


def test_the_older_name_of_the_read_state_can_be_set():
    one = hxsnn.NeuronHandle(v_cadc=ONES)
    one.observable_state_identifier = "v_cadc"
    assert one.observable_state_identifier == "v_cadc"
    assert one.observable_state is ONES


@pytest.mark.parametrize("one", [hxsnn.Handle(a=ONES, zeta=ZEROS), hxsnn.NeuronHandle(ONES)])
def test_handles_are_copied_and_sent(one):
    assert copy.deepcopy(one) == one
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  # ours
    assert type(copy.copy(one)) is type(one)


def test_types_of_handles_show_their_fields():
    assert list(inspect.signature(hxsnn.NeuronHandle).parameters) == list(hxsnn.NeuronHandle._carries)
    assert str(inspect.signature(type(hxsnn.Handle("b", "a")))).startswith("(a: 'Tensor | None' = None, b: ")
    assert "spikes" not in inspect.signature(hxsnn.ReadoutNeuronHandle).parameters
