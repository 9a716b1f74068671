"""Handles take tensors by the names of both generations."""

import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch.spiking import handle as handles
from hxtorch.spiking.errors import TensorTypeError

ONE, NONE = torch.ones(2, 1, 1), torch.zeros(2, 1, 1)


@pytest.mark.parametrize(
    "name",
    ["holds", "clear", "observable_state", "observable_state_identifier", "put", "data", "_carries", "_obsv_state"],
)
def test_a_handle_has_the_attribute(name):
    assert hasattr(handles.NeuronHandle(), name)


def test_handles_have_a_type_of_types():
    assert isinstance(handles.NeuronHandle, handles.HandleMeta)


def test_put_fills_by_position_and_by_name():
    handle = handles.NeuronHandle()
    handle.put(ONE, v_cadc=NONE)
    assert handle.spikes is ONE
    assert handle.v_cadc is NONE
    assert handle.membrane_cadc is NONE


def test_which_observable_is_meant_can_be_set():
    handle = handles.NeuronHandle(spikes=ONE, v_cadc=NONE)
    assert handle.observable_state is ONE
    handle.observable_state_identifier = "v_cadc"
    assert handle.observable_state_identifier == "v_cadc"
    assert handle.observable_state is NONE


def test_a_handle_of_ones_own_names_what_it_carries():
    class Mine(handles.TensorHandle):
        _carries = ("a", "b")
        _obsv_state = "b"

    mine = Mine()
    mine.put(ONE, NONE)
    assert mine.a is ONE
    assert mine.observable_state is mine.b is NONE


@pytest.mark.parametrize(
    ("handle", "name"),
    [
        (handles.NeuronHandle(spikes=ONE, v_cadc=NONE, current=None, v_madc=None), "spikes"),
        (handles.NeuronHandle(ONE), "spikes"),
        (handles.ReadoutNeuronHandle(v_cadc=ONE), "v_cadc"),
        (handles.ReadoutNeuronHandle(ONE), "membrane_cadc"),
        (handles.SynapseHandle(graded_spikes=ONE), "graded_spikes"),
        (handles.SynapseHandle(ONE), "graded_spikes"),
        (hxsnn.LIFObservables(spikes=ONE), "spikes"),
        (hxsnn.LIObservables(membrane_cadc=ONE), "v_cadc"),
    ],
)
def test_the_first_tensor_is_the_one_that_is_meant(handle, name):
    assert getattr(handle, name) is ONE
    assert handle.observable_state is ONE
    assert handle.holds(name)


def test_clear_empties():
    handle = handles.NeuronHandle(ONE)
    handle.clear()
    assert handle.spikes is None
    assert not handle.holds("spikes")


def test_names_alone_make_a_type_that_is_one():
    assert type(handles.Handle("a", "b")) is type(handles.Handle("b", "a"))
    assert handles.Handle("a", "b").a is None
    assert handles.Handle(a=ONE).a is ONE


def test_readouts_have_no_spikes():
    assert not hasattr(hxsnn.LIObservables(), "spikes")


@pytest.mark.parametrize("fields", [None, ["spikes", "membrane_cadc", "extra"]])
def test_the_observable_state_of_a_subclass_may_have_its_older_name(fields):
    """ "This handle defines the CADC values as the observable state, this can be changed by deriving this class." """
    space = {"_obsv_state": "v_cadc", **({} if fields is None else {"_carries": fields})}
    made = type("Mine", (handles.NeuronHandle,), space)
    assert made(spikes=NONE, v_cadc=ONE).observable_state is ONE
    assert made._obsv_state == "membrane_cadc"
    with pytest.raises(TensorTypeError, match="Mine: got the observable state 'v_dac', wanted one of"):
        type("Mine", (handles.NeuronHandle,), space | {"_obsv_state": "v_dac"})


def test_a_function_fills_the_observable_state_of_a_subclass(experiment):
    class Membrane(handles.NeuronHandle):
        _obsv_state = "v_cadc"

    module = hxsnn.HXModule(experiment, lambda input: hxsnn.Handle(voltage=input))
    module.output_type = Membrane
    handle = module(handles.NeuronHandle(ONE))
    hxsnn.run(experiment, None)
    assert torch.equal(handle.membrane_cadc, ONE)
    assert handle.spikes is None
