import warnings

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError, ParameterWarning, TensorShapeError
from hxtorch.spiking.utils.model_mapper import MixinHXModelMapper


class Model(MixinHXModelMapper, torch.nn.Module):
    def __init__(self):
        super().__init__()
        exp = hxsnn.Experiment(mock=True)
        self.hidden, self.output = hxsnn.Synapse(3, 4, exp), hxsnn.Synapse(3, 4, exp)


@pytest.fixture
def other():
    return {"one": torch.rand(4, 3), "two": torch.rand(4, 3), "unused": torch.rand(7)}


def test_names_of_this_model_get_what_the_mapping_says(other):
    model = Model()
    parameters = dict(model.named_parameters())
    model.map_from(other, {"output.weight": "one", "hidden.weight": "two"})
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, other["two"])
    assert all(dict(model.named_parameters())[name] is parameter for name, parameter in parameters.items())


def test_one_value_may_go_to_several_places(other):
    model = Model()
    model.map_from(other, {"output.weight": "one", "hidden.weight": "one"})
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, other["one"])


@pytest.mark.parametrize("map_all", [True, False])
def test_map_all_loads_the_rest_by_equal_name(other, map_all):
    model = Model()
    before = model.hidden.weight.clone()
    other["hidden.weight"] = torch.rand(4, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.map_from(other, {"output.weight": "one"}, map_all)
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, other["hidden.weight"] if map_all else before)


def test_mapping_wins_over_an_equal_name(other):
    model = Model()
    model.map_from({**other, "hidden.weight": torch.rand(4, 3)}, {"hidden.weight": "two", "output.weight": "one"})
    assert torch.equal(model.hidden.weight, other["two"])


def test_parameters_without_a_value_stay_and_are_named(other):
    model = Model()
    before = model.hidden.weight.clone()
    with pytest.warns(ParameterWarning, match=r"hidden\.weight of Model keep their values.*map_all=False"):
        model.map_from(other, {"output.weight": "one"})
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, before)


@pytest.mark.parametrize(
    ("mapping", "error", "message"),
    [
        ({"output.weight": "three"}, ParameterError, "wanted names in state_dict: one, two"),
        ({"weight": "one"}, ParameterError, "wanted names in this model: hidden"),
        ({"one": "output.weight"}, ParameterError, "a mapping goes from names of this model"),
        ({"output.weight": "unused"}, TensorShapeError, r"of shape \(7,\), wanted \(4, 3\)"),
    ],
)
def test_after_a_bad_mapping_nothing_has_changed(other, mapping, error, message):
    model = Model()
    before = model.hidden.weight.clone()
    with pytest.raises(error, match=message):
        model.map_from({**other, "hidden.weight": torch.rand(4, 3)}, mapping)
    assert torch.equal(model.hidden.weight, before)


def test_mixin_is_for_modules(other):
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        MixinHXModelMapper().map_from(other, {})
