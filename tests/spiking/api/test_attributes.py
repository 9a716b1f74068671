"""What is set on modules and experiments afterwards is looked at as what their constructors get."""

from decimal import Decimal

import numpy as np
import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch.core import HXTorchError, open_session
from hxtorch.core.errors import RecordingError

TEXT, NAN, THING = "False", float("nan"), object()
COMPLEX, TRUTH, SPARSE = (
    torch.ones(4, dtype=torch.complex64),
    torch.ones(4, dtype=torch.bool),
    torch.ones(4).to_sparse(),
)
TENSOR, ARRAY = torch.ones(3), np.full(4, np.nan)
PARAMETERS = "leak", "reset", "threshold", "tau_mem", "tau_syn", "refractory_time", "membrane_capacitance"
FLAGS = "enable_cadc_recording", "enable_spike_recording", "enable_madc_recording", "shift_cadc_to_first"
WRONG = {
    "neuron": {
        **dict.fromkeys(PARAMETERS, (TEXT, NAN, THING, COMPLEX, TRUTH, SPARSE, TENSOR, ARRAY, 1e300, 5e-324)),
        **dict.fromkeys((*FLAGS, "enable_cadc_recording_placement_in_dram"), (TEXT, None, 1, NAN, TENSOR, [])),
        "placement_constraint": (1, TEXT, [], THING),
        "neuron_structure": (TEXT, 1),
        "record_neuron_id": (TEXT, NAN, True),
        "chip_coordinate": (1, TEXT),
        "method": ("none", [], 1),
        "alpha": (NAN, TEXT, None, -1, TENSOR),
        "size": (0, None, 2.5, TENSOR, True, 7),
        "mask": (TEXT, 1, [True] * 4, TENSOR),
        "func": (TEXT, 1, TENSOR),
        "execution_instance": (TEXT, 1, []),
        "experiment": (None, TEXT, 1),
    },
    "synapse": {
        **dict.fromkeys(("in_features", "out_features"), (0, None, TENSOR, TEXT, 2**40, 7)),
        "weight_transform": (None, "none", 1),
        "func": (None, TEXT, 1),
        "extra_args": (None, 1, TEXT),
        "extra_kwargs": (None, TEXT, [1]),
        "weight": (None,),
        "experiment": (None, TEXT),
    },
    "dropout": {
        "dropout": (NAN, 2, TEXT, True),
        "size": (0, TEXT, 7),
        "drop_inputs": (TEXT, 1),
        "mask": (TEXT, TENSOR),
    },
    "experiment": {"mock": (TEXT, None, 1, TENSOR), "dt": (TEXT, None, NAN, 0, -1e-6, 1e300, TENSOR, THING)},
}


def network():
    experiment = hxsnn.Experiment(mock=True)
    synapse, neuron = hxsnn.Synapse(2, 4, experiment), hxsnn.Neuron(4, experiment)
    return {
        "experiment": experiment,
        "synapse": synapse,
        "neuron": neuron,
        "dropout": hxsnn.BatchDropout(4, 0.5, experiment),
    }


@pytest.mark.parametrize("part", WRONG)
def test_what_is_wrong_is_refused_by_name_and_changes_nothing(part):
    parts = network()
    for name, values in WRONG[part].items():
        for value in values:
            with pytest.raises(HXTorchError, match=name.removeprefix("weight_")):
                setattr(parts[part], name, value)
    neuron, synapse, experiment = parts["neuron"], parts["synapse"], parts["experiment"]
    out = neuron(synapse(hxsnn.NeuronHandle(torch.ones(5, 1, 2))))
    hxsnn.run(experiment, None)
    assert out.spikes.shape == (5, 1, 4)


@pytest.mark.parametrize("name", ["leak", "reset", "threshold", "refractory_time", "tau_mem", "tau_syn"])
def test_a_parameter_that_the_model_needs_is_not_none(name):
    parts = network()
    setattr(parts["neuron"], name, None)
    parts["neuron"](parts["synapse"](hxsnn.NeuronHandle(torch.ones(5, 1, 2))))
    with pytest.raises(HXTorchError, match=f"{name}: got None"):
        hxsnn.run(parts["experiment"], None)


@pytest.mark.parametrize("value", [torch.tensor(1j), torch.tensor(True), "x", 1.0])
def test_a_state_of_other_types_is_refused(value):
    neuron = network()["neuron"]
    state = neuron.state_dict() | {"leak._model_value": value}
    with pytest.raises(RuntimeError, match=r"leak._model_value: got .*, wanted a tensor of real numbers"):
        neuron.load_state_dict(state)


def test_what_is_right_is_kept_as_python_has_it():
    parts = network()
    neuron, experiment = parts["neuron"], parts["experiment"]
    neuron.enable_madc_recording, neuron.record_neuron_id = np.bool_(True), np.int64(2)
    assert (neuron.enable_madc_recording, neuron.record_neuron_id) == (True, 2)
    experiment.mock, experiment.dt = np.bool_(False), Decimal("2e-6")
    assert (experiment.mock, experiment.dt) == (False, 2e-6)
    neuron.execution_instance = None
    assert neuron.execution_instance is experiment.default_execution_instance


def test_a_probability_may_be_a_scalar_of_any_kind():
    dropout = network()["dropout"]
    for value in (torch.tensor(0.25), np.array(0.25), np.float32(0.25), 0.25):
        dropout.dropout = value
        assert dropout.dropout == 0.25


def test_recordings_that_are_set_later_are_checked_before_a_run_on_the_chip():
    experiment = hxsnn.Experiment()
    synapse, neuron = hxsnn.Synapse(2, 4, experiment), hxsnn.Neuron(4, experiment)
    neuron.enable_madc_recording = True
    neuron(synapse(hxsnn.NeuronHandle(torch.zeros(5, 1, 2))))
    with open_session(), pytest.raises(RecordingError, match="record_neuron_id: got None, wanted one neuron, 0 to 3"):
        hxsnn.run(experiment, 5)
