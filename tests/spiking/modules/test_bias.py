"""Biases of synapses: ours, beyond the documents, whose functions of synapses take one."""

from functools import partial

import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking import functional
from hxtorch.spiking.errors import ParameterError, TensorValueError
from hxtorch.spiking.functional.linear import Linear
from hxtorch.spiking.transforms.weight_transforms import linear_saturating

BIAS = torch.tensor([2.0, -1.5, 0.5])
SCALE = 1.28  # LSB: a weight moves the membrane on the chip as far as in the model


def layer(kind, experiment, bias=True, **arguments):
    if kind == "dense":
        return hxsnn.Synapse(2, 3, experiment, bias=bias, **arguments)
    return hxsnn.SparseSynapse(torch.tensor([[1, 0, 1], [0, 1, 1]]), experiment, bias=bias, **arguments)


def resting(mock, trained=True, bias=BIAS, steps=100, **arguments):
    """Return where membranes are that get the bias alone, and what it was on the chip."""
    experiment = hxsnn.Experiment(mock=mock)
    synapse = hxsnn.Synapse(2, 3, experiment, bias=bias, transform=partial(linear_saturating, scale=SCALE))
    synapse.weight.data.zero_()
    synapse.bias.requires_grad_(trained)
    neuron = hxsnn.LI(3, experiment, trace_offset=-48.0, leak=hxsnn.MixedHXModelParameter(0.0, 80), **arguments)
    handle = neuron(synapse(hxsnn.NeuronHandle(torch.zeros(steps, 2, 2))))
    hxsnn.run(experiment, steps)
    return handle.membrane_cadc[-20:, 0].mean(0).detach(), synapse


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_bias_is_added_to_each_output_in_each_step_and_trained(kind):
    experiment = hxsnn.Experiment(mock=True)
    synapse = layer(kind, experiment)
    spikes = (torch.rand(20, 3, 2) < 0.2).float()
    graded = synapse(hxsnn.NeuronHandle(spikes))
    hxsnn.run(experiment, None)
    torch.testing.assert_close(graded.graded_spikes, spikes @ synapse.weight.T + synapse.bias)
    graded.graded_spikes.sum().backward()
    assert synapse.bias.grad.tolist() == [60.0, 60.0, 60.0]
    assert "bias" in synapse.state_dict()


def test_a_synapse_has_no_bias_unless_it_is_asked_for():
    synapse = hxsnn.Synapse(2, 3, hxsnn.Experiment(mock=True))
    assert synapse.bias is None
    assert list(synapse.state_dict()) == ["weight"]


def test_a_bias_is_drawn_as_that_of_a_linear_layer_or_given():
    experiment = hxsnn.Experiment(mock=True)
    bound = 1 / np.sqrt(4)
    drawn = hxsnn.Synapse(4, 200, experiment, bias=True).bias
    assert 0.9 * bound < drawn.abs().max() <= bound
    assert torch.equal(hxsnn.Synapse(4, 3, experiment, bias=BIAS).bias, BIAS)


def test_a_changed_bias_is_a_change_since_the_last_run():
    experiment = hxsnn.Experiment(mock=True)
    synapse = layer("dense", experiment)
    synapse(hxsnn.NeuronHandle(torch.zeros(2, 1, 2)))
    hxsnn.run(experiment, None)
    assert not synapse.changed_since_last_run
    synapse.bias.data += 1
    assert synapse.changed_since_last_run


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"bias": 3}, ParameterError, "bias: got 3, wanted True, False or a tensor"),
        ({"bias": torch.zeros(2)}, ParameterError, r"bias: got shape \(2,\), wanted \(3,\)"),
        ({"bias": torch.full((3,), torch.nan)}, ParameterError, "bias: holds NaN"),
        ({"func": lambda spikes, weight: spikes @ weight.T}, ParameterError, "takes none"),
    ],
)
def test_what_is_no_bias_is_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        layer("dense", hxsnn.Experiment(mock=True), **arguments)


def test_a_bias_that_became_nan_is_named():
    experiment = hxsnn.Experiment(mock=True)
    synapse = layer("dense", experiment)
    synapse.bias.data[1] = torch.nan
    synapse(hxsnn.NeuronHandle(torch.zeros(2, 1, 2)))
    with pytest.raises(TensorValueError, match="bias of Synapse"):
        hxsnn.run(experiment, None)


@pytest.mark.parametrize("func", [functional.linear_exponential_clamp, Linear])
def test_models_of_synapses_that_take_a_bias_get_it(func):
    experiment = hxsnn.Experiment(mock=True)
    synapse = layer("dense", experiment, bias=BIAS, func=func)
    graded = synapse(hxsnn.NeuronHandle(torch.zeros(4, 1, 2)))
    hxsnn.run(experiment, None)
    assert torch.equal(graded.graded_spikes.detach(), BIAS.expand(4, 1, 3))


def test_synapses_within_recurrent_layers_have_none():
    experiment = hxsnn.Experiment(mock=True)
    neuron, synapse = hxsnn.Neuron(3, experiment), hxsnn.Synapse(3, 3, experiment, bias=True)
    with pytest.raises(ParameterError, match="give it to the synapse into the layer"):
        hxsnn.Recurrent(experiment, neuron, synapse)
    with pytest.raises(ParameterError, match="give it to the synapse into the layer"):
        hxsnn.RecurrentNetwork(experiment, [neuron], [(neuron, neuron, synapse)])


@pytest.mark.parametrize(
    ("trained", "bias", "arguments", "kind"),
    [
        (False, BIAS, {}, "shift of the leak"),
        (True, BIAS, {}, "regular background source"),
        (False, -2 * BIAS, {}, "regular background source"),
        (False, BIAS, {"tau_syn": 5e-6, "tau_mem": 20e-6}, "shift of the leak"),
    ],
)
def test_chip_and_model_agree_about_a_bias(ideal_chip, trained, bias, arguments, kind):
    """Leaks from 50 to 160 LSB are on the chip; what is trained asks for no new calibration in each step."""
    wanted, synapse = resting(True, trained, bias, **arguments)
    assert synapse.bias_on_chip is None
    got, synapse = resting(False, trained, bias, **arguments)
    assert synapse.bias_on_chip == kind
    torch.testing.assert_close(got, wanted, atol=1.0, rtol=0.1)


def test_a_calibration_that_was_loaded_is_not_shifted(ideal_chip):
    experiment = hxsnn.Experiment()
    synapse, neuron = hxsnn.Synapse(1, 1, experiment, bias=torch.tensor([2.0])), hxsnn.LI(1, experiment)
    synapse.bias.requires_grad_(False)
    experiment.load_calib()
    neuron(synapse(hxsnn.NeuronHandle(torch.zeros(10, 1, 1))))
    hxsnn.run(experiment, 10)
    assert synapse.bias_on_chip == "regular background source"


def test_a_bias_is_trained_in_the_loop_without_another_routing(ideal_chip):
    """10 steps bring the membrane from its rest to a target 12 LSB above."""
    experiment = hxsnn.Experiment()
    synapse = hxsnn.Synapse(1, 1, experiment, bias=torch.zeros(1), transform=partial(linear_saturating, scale=SCALE))
    neuron = hxsnn.LI(1, experiment, trace_offset=-48.0, leak=hxsnn.MixedHXModelParameter(0.0, 80))
    optimizer = torch.optim.SGD([synapse.bias], 0.003)
    routed = set()
    for _ in range(10):
        optimizer.zero_grad()
        handle = neuron(synapse(hxsnn.NeuronHandle(torch.zeros(60, 1, 1))))
        hxsnn.run(experiment, 60)
        (handle.membrane_cadc[40:] - 12.0).square().mean().backward()
        optimizer.step()
        routed.add(id(experiment.grenade_network_graph.routing))
    assert handle.membrane_cadc[40:].mean().item() == pytest.approx(12.0, abs=3.0)
    assert len(routed) == 1


def test_a_bias_beyond_one_source_takes_several(ideal_chip):
    _, synapse = resting(False, True, 70 * BIAS)
    assert synapse.background.rhythm.sources == 3
    assert abs(synapse.background.hardware_weights()).max() <= 63


def test_a_bias_comes_out_as_that_of_an_affine_node():
    experiment = hxsnn.Experiment(mock=True)
    synapse, neuron = layer("dense", experiment), hxsnn.LI(3, experiment, leak=0.0)
    neuron(synapse(hxsnn.NeuronHandle(torch.zeros(2, 1, 2))))
    graph = hxsnn.to_nir(experiment)
    experiment.clear()
    affine = graph.nodes["synapse"]
    assert type(affine).__name__ == "Affine"
    torch.testing.assert_close(
        torch.tensor(affine.bias / affine.weight[:, 0]), synapse.bias.detach() / synapse.weight[:, 0].detach()
    )
