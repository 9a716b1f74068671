"""Networks under the compiler and the transforms of torch, and in another type."""

import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.experiment = hxsnn.Experiment(mock=True)
        self.syn, self.lif = hxsnn.Synapse(5, 3, self.experiment), unit.lif(3, self.experiment)
        torch.nn.init.normal_(self.syn.weight, 1.0, 1.0, generator=torch.Generator().manual_seed(0))

    def forward(self, spikes):
        z = self.lif(self.syn(hxsnn.NeuronHandle(2.0 * spikes - spikes)))
        hxsnn.run(self.experiment, None)
        return 3.0 * z.membrane_cadc


def some_spikes(*shape):
    return (torch.rand(*shape, 40, 6, 5, generator=torch.Generator().manual_seed(1)) < 0.2).float()


def gradient(call, model, spikes):
    found = torch.autograd.grad(call(spikes).square().sum(), model.syn.weight)[0]
    assert found.abs().max() > 0
    return found


@pytest.mark.parametrize("compiled", ["the model", "its caller"])
def test_a_compiled_model_is_the_model(compiled):
    model = Network()
    call = torch.compile(model if compiled == "the model" else lambda x: model(x), backend="eager")
    law = gradient(model, model, some_spikes())
    for function in (call, model, call):
        assert torch.equal(gradient(function, model, some_spikes()), law)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_gradients_of_each_sample_by_torch_func_are_those_of_one_after_the_other():
    model, samples = Network(), some_spikes(3)
    weights = {name: value.detach() for name, value in model.named_parameters()}

    def loss(weights, spikes):
        return torch.func.functional_call(model, weights, (spikes,)).square().sum()

    found = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, samples)["syn.weight"]
    torch.testing.assert_close(found, torch.stack([gradient(model, model, one) for one in samples]))


def test_a_model_that_was_moved_to_another_type_and_back_is_the_model():
    model = Network()
    law = model(some_spikes())
    moved = model.to(torch.float64)(some_spikes().double())
    assert moved.dtype == torch.float64
    torch.testing.assert_close(moved.float(), law)
    assert torch.equal(model.to(torch.float32)(some_spikes()), law)
