"""Functions of both generations: numbers, results and what may be handed in."""

import math
from importlib import import_module

import pytest
import torch

import hxtorch.spiking.functional as F

AELIF = {
    "leak": 0.0,
    "reset": 0.0,
    "threshold": 1.0,
    "tau_syn": 1e-5,
    "c_mem": 1e-5,
    "g_l": 1.0,
    "refractory_time": 0.0,
    "method": "superspike",
    "alpha": 50.0,
    "exp_slope": 1.0,
    "exp_threshold": 1.0,
    "subthreshold_adaptation_strength": 0.0,
    "spike_triggered_adaptation_increment": 0.0,
    "tau_adap": 1e-5,
}


def silence(steps=5, neurons=1):
    return torch.zeros(steps, 1, neurons)


@pytest.mark.parametrize("name", ["IAF", "LIF", "LI", "SuperSpike", "Unterjubel", "EventPropLIFFunction"])
def test_the_name_is_a_function_of_autograd(name):
    assert issubclass(getattr(F, name), torch.autograd.Function)


@pytest.mark.parametrize("name", ["CUBAIAFParams", "CUBALIFParams", "CUBALIParams"])
def test_parameters_are_named_tuples(name):
    params = getattr(F, name)()
    assert tuple(params) == tuple(getattr(params, field) for field in params._fields)
    assert params._replace(tau_syn=2e-6).tau_syn == 2e-6


def test_membrane_comes_before_current_with_one_step_of_delay():
    x = silence(20)
    x[2] = 1.0
    found = F.cuba_lif_integration(x, F.CUBALIFParams()).membrane_cadc.ravel()
    current = membrane = 0.0
    wanted = []
    for value in x.ravel().tolist():
        membrane += 0.1 * (current - membrane)
        current = 0.9 * current + value
        wanted.append(membrane)
    torch.testing.assert_close(found, torch.tensor(wanted), atol=1e-6, rtol=0)


def test_recorded_data_may_be_a_tuple_of_spikes_and_traces():
    spikes, membrane = torch.ones(20, 1, 1), torch.full((20, 1, 1), 0.5)
    found = F.cuba_lif_integration(silence(20), F.CUBALIFParams(), (spikes, membrane, None))
    assert torch.equal(found.spikes, spikes)
    assert torch.equal(found.membrane_cadc, membrane)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("cuba_li_integration", F.CUBALIParams()),
        ("cuba_iaf_integration", F.CUBAIAFParams()),
        ("cuba_refractory_iaf_integration", F.CUBAIAFParams(refractory_time=2e-6)),
    ],
)
def test_a_neuron_at_rest_stays_there(name, params):
    found = getattr(F, name)(silence(), params, None, 1e-6)
    assert found.membrane_cadc.shape == (5, 1, 1)
    assert (found.membrane_cadc == 0).all()


def test_one_step_of_an_iaf_neuron():
    o = torch.zeros(1, 1)
    z, v, i = F.iaf.iaf_step(o, o, o, o + 1, None, None, F.CUBAIAFParams(), 1e-6)[:3]
    assert (float(z), float(v), float(i)) == (0, 0, 1)


def test_the_refractory_update_takes_both_spellings():
    spike, high, none = torch.ones(1, 1), torch.full((1, 1), 3.0), torch.zeros(1, 1)
    older = F.refractory_update(spike, high, none, F.CUBALIFParams(refractory_time=2e-6), 1e-6)
    newer = F.refractory_update(spike, high, none, None, None, reset=torch.zeros(1, 1), refractory_time=2e-6, dt=1e-6)
    for one, other in zip(older, newer, strict=True):
        assert torch.equal(one, other)
    assert float(newer[-1]) == 2


def test_eventprop_takes_two_stacked_currents():
    values = map(torch.tensor, (0.0, 0.0, 1.0, 1e-5, 1e-5))
    spikes, membrane, current = F.EventPropLIFFunction.apply(torch.zeros(2, 6, 1, 3), *values, None, 1e-6)
    assert spikes.shape == membrane.shape == current.shape == (6, 1, 3)
    assert (membrane[0] == 0).all()


def test_eventprop_takes_the_older_parameters():
    assert F.EventPropLIFFunction.apply(silence(), F.CUBALIFParams())[0].shape == (5, 1, 1)


def test_an_eventprop_synapse_gives_the_current_and_a_place_for_a_second_gradient():
    found = F.EventPropSynapseFunction.apply(torch.ones(5, 1, 2), torch.ones(3, 2))
    assert found.shape == (2, 5, 1, 3)
    assert (found[0] == 2).all()


def test_recorded_spikes_of_inputs_are_cut_to_the_length_of_the_input():
    assert F.input_neuron(silence(), torch.ones(6, 1, 1)).sum() == 5
    assert F.input_neuron(silence() + 1).sum() == 5


def test_linear_adds_a_bias():
    assert F.linear(torch.ones(2, 1, 3), torch.ones(2, 3), torch.ones(2)).tolist() == [[[4, 4]]] * 2
    function = import_module("hxtorch.spiking.functional.linear").Linear
    assert function.apply(torch.ones(1, 1, 2), torch.ones(3, 2)).tolist() == [[[2, 2, 2]]]


def test_a_mask_is_dense_and_zeroes_the_weight_outside():
    weight = torch.nn.Parameter(torch.ones(3, 2))
    mask = torch.tensor([[True, False], [False, True], [True, True]])
    assert F.linear_sparse(torch.ones(1, 1, 2), weight, mask).tolist() == [[[1, 1, 2]]]
    assert torch.equal(weight.detach(), mask.float())


def test_without_a_mask_the_weight_is_left_alone():
    assert F.linear_sparse(torch.ones(1, 1, 2), torch.ones(3, 2)).tolist() == [[[2, 2, 2]]]


@pytest.mark.parametrize(("quantize", "wanted"), [(False, [0.2, -0.7, 1.5, 1.5]), (True, [0.1905, -0.6905, 1.5, 1.5])])
def test_the_cap_bounds_weights_in_model_units(quantize, wanted):
    weight = torch.tensor([[0.2], [-0.7], [1.6], [3.0]])
    found = F.linear_exponential_clamp(torch.ones(1, 1, 1), weight, cap=1.5, start_weight=61.0, quantize=quantize)
    torch.testing.assert_close(found.ravel(), torch.tensor(wanted), atol=2e-2, rtol=0)
    assert found.abs().max() <= 1.5 + 1e-6


def test_quantized_weights_are_multiples_of_the_cap_by_63():
    found = float(F.linear_exponential_clamp(torch.ones(1, 1, 1), torch.tensor([[0.5]]), cap=1.5, quantize=True))
    assert found / (1.5 / 63) == pytest.approx(round(found / (1.5 / 63)), abs=1e-4)
    assert found == pytest.approx(0.5, abs=1.5 / 63)


@pytest.mark.parametrize("method", ["superspike", "super_spike"])
def test_the_threshold_has_the_derivative_of_a_fast_sigmoid(method):
    x = torch.tensor([0.5, -0.5], requires_grad=True)
    z = F.threshold(x, method, 10.0)
    z.sum().backward()
    assert z.tolist() == [1, 0]
    torch.testing.assert_close(x.grad, torch.full((2,), 1 / 36))


def test_superspike_has_two_spellings():
    assert torch.equal(F.SuperSpike.apply(torch.ones(2), 3.0), F.superspike_func(torch.ones(2), 3.0))


def test_injected_values_go_forwards_and_gradients_back():
    x = torch.zeros(2, requires_grad=True)
    y = F.Unterjubel.apply(x, torch.ones(2))
    y.sum().backward()
    assert y.tolist() == [1, 1]
    assert x.grad.tolist() == [1, 1]


def test_a_dropout_mask_is_applied_to_all_batch_entries():
    found = F.batch_dropout(torch.ones(2, 3, 2), torch.tensor([True, False]))
    assert found[..., 0].sum() == 6
    assert found[..., 1].sum() == 0


def test_a_step_code_is_text():
    assert isinstance(F.CuBaStepCode(True, True, False).generate(), str)
    assert F.CuBaStepCode(leaky=True).generate() != F.CuBaStepCode(leaky=False).generate()


@pytest.mark.parametrize("together", [False, True], ids=["one input", "a tuple of inputs"])
def test_adaptive_neurons_give_six_in_the_order_of_the_chip(together):
    code = F.CuBaStepCode().generate()
    given = (torch.full((5, 1, 2), 0.25),) * 2 if together else torch.full((5, 1, 2), 0.5)
    found = F.cuba_aelif_integration(given, **AELIF, integration_step_code=code)
    membrane, membrane_madc, current, _, adaptation_madc, spikes = found
    assert membrane_madc is adaptation_madc is None
    assert membrane.shape == current.shape == spikes.shape == (5, 1, 2)
    assert float(current[0, 0, 0]) == 0.5
    assert found.spikes is spikes


def test_adaptive_neurons_take_recorded_data():
    recorded = torch.zeros(5, 1, 2), torch.full((5, 1, 2), 0.3), None
    code = F.CuBaStepCode().generate()
    found = F.cuba_aelif_integration(torch.zeros(5, 1, 2), **AELIF, hw_data=recorded, integration_step_code=code)
    assert torch.equal(found.membrane_cadc, recorded[1])


def test_exponential_factors_decay_exactly():
    one, factor = torch.tensor(1.0), torch.tensor(math.exp(-0.1))
    common = {"leak": torch.tensor(0.0), "tau_syn_exp": factor, "tau_mem_exp": factor}
    found = F.exp_cuba_lif_integration(
        silence(), **common, reset=torch.tensor(0.0), threshold=one, method="superspike", alpha=50.0
    )
    assert isinstance(found, tuple)
    membrane = F.exp_cuba_li_integration(silence(), **common)
    membrane = membrane[0] if isinstance(membrane, tuple) else membrane
    assert (membrane == 0).all()
