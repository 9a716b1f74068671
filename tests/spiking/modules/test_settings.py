"""Settings of layers that change results are in their state dictionaries, or a checkpoint of others is refused."""

import pytest
import torch

import hxtorch.snn as hxsnn
from hxtorch.spiking.errors import ParameterWarning

FLAGS = ["leaky", "fire", "exponential", "subthreshold_adaptation", "spike_triggered_adaptation"]


@pytest.fixture
def experiment():
    return hxsnn.Experiment(mock=True)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_checkpoint_of_neurons_with_other_terms_is_refused(experiment, flag):
    full, other = hxsnn.AELIF(2, experiment), hxsnn.AELIF(2, experiment, **{flag: False})
    torch.nn.Sequential(full).load_state_dict(torch.nn.Sequential(hxsnn.AELIF(2, experiment)).state_dict())
    message = rf"0\.terms: got a checkpoint of neurons with (?s:.)*build an AELIF with (?s:.)*{flag}=True"
    with pytest.raises(RuntimeError, match=message):
        torch.nn.Sequential(other).load_state_dict(torch.nn.Sequential(full).state_dict())
    older = {name: value for name, value in full.state_dict().items() if name != "terms"}
    other.load_state_dict(older)


@pytest.mark.parametrize(("saved", "own"), [("IAFNeuron", "LIF"), ("LIF", "AELIF")])
def test_models_tell_their_checkpoints_apart(experiment, saved, own):
    state = getattr(hxsnn, saved)(2, experiment).state_dict()
    with pytest.raises(RuntimeError, match="terms: got a checkpoint of neurons with"):
        getattr(hxsnn, own)(2, experiment).load_state_dict(state, strict=False)


def test_a_lif_neuron_is_an_aelif_neuron_of_its_terms(experiment):
    terms = dict.fromkeys(FLAGS[2:], False)
    neuron = hxsnn.AELIF(2, experiment, **terms)
    neuron.load_state_dict(hxsnn.LIF(2, experiment).state_dict(), strict=False)
    assert neuron.state_dict()["terms"].tolist() == [True, True, False, False, False]


def test_terms_of_no_known_checkpoint_are_refused(experiment):
    neuron = hxsnn.LIF(2, experiment)
    with pytest.raises(RuntimeError, match="unknown terms"):
        neuron.load_state_dict(neuron.state_dict() | {"terms": torch.ones(3)})


@pytest.mark.parametrize(("name", "value"), [("cadc_time_shift", -2), ("shift_cadc_to_first", True)])
def test_how_traces_are_read_is_taken_over_with_a_warning(experiment, name, value):
    saved, own = hxsnn.LI(2, experiment, **{name: value}), hxsnn.LI(2, experiment)
    with pytest.warns(ParameterWarning, match=rf"{name}: took {value} from the checkpoint in the place of (0|False)"):
        own.load_state_dict(saved.state_dict())
    assert getattr(own, name) is value or getattr(own, name) == value
    assert type(getattr(own, name)) is type(value)
    own.load_state_dict(saved.state_dict())
