import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError, TensorShapeError
from hxtorch.spiking.utils.model_mapper import MixinHXModelMapper


class Model(MixinHXModelMapper, torch.nn.Module):
    def __init__(self):
        super().__init__()
        exp = hxsnn.Experiment(mock=True)
        self.hidden, self.output = hxsnn.Synapse(3, 4, exp), hxsnn.Synapse(3, 4, exp)


@pytest.fixture
def other():
    return {"one": torch.rand(4, 3), "two": torch.rand(4, 3), "unused": torch.rand(7)}


def test_values_go_where_the_mapping_says(other):
    model = Model()
    parameters = dict(model.named_parameters())
    model.map_from(other, {"one": "output.weight", "two": "hidden.weight"})
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, other["two"])
    assert all(dict(model.named_parameters())[name] is parameter for name, parameter in parameters.items())


def test_one_value_may_go_to_several_places(other):
    model = Model()
    model.map_from(other, {"one": ["output.weight", "hidden.weight"]})
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, other["one"])


def test_what_is_left_out_stays_if_that_is_wanted(other):
    model = Model()
    before = model.hidden.weight.clone()
    with pytest.raises(ParameterError, match=r"leaves out hidden\.weight"):
        model.map_from(other, {"one": "output.weight"})
    assert not torch.equal(model.output.weight, other["one"])
    model.map_from(other, {"one": "output.weight"}, map_all=False)
    assert torch.equal(model.output.weight, other["one"])
    assert torch.equal(model.hidden.weight, before)


@pytest.mark.parametrize(
    ("mapping", "error", "message"),
    [
        ({"three": "output.weight"}, ParameterError, "wanted names in state_dict: one, two"),
        ({"one": "weight"}, ParameterError, "wanted names in this model: hidden"),
        ({"one": "output.weight", "two": "output.weight"}, ParameterError, "gets two values"),
        ({"unused": "output.weight"}, TensorShapeError, r"of shape \(7,\), wanted \(4, 3\)"),
    ],
)
def test_bad_mappings(other, mapping, error, message):
    with pytest.raises(error, match=message):
        Model().map_from(other, mapping)


def test_mixin_is_for_modules(other):
    with pytest.raises(TypeError, match=r"torch\.nn\.Module"):
        MixinHXModelMapper().map_from(other, {})
