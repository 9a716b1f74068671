"""Weights that fit 6 bits: their scale, and first values."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hxtorch.snn as hxsnn
from hxtorch.spiking.chip.weight_scale import nominal_weight_scale
from hxtorch.spiking.errors import ParameterError, ParameterWarning
from hxtorch.spiking.transforms.weight_transforms import AutoScale, linear_saturating
from hxtorch.spiking.utils.dynamic_range.weight_scaling import get_weight_scaling

M = hxsnn.MixedHXModelParameter


def unit(threshold=125, **arguments):
    return {"leak": M(0.0, 80), "reset": M(0.0, 80), "threshold": M(1.0, threshold), **arguments}


POINTS = {
    "default": unit(),
    "fast and strong": unit(
        150, tau_mem=6e-6, tau_syn=6e-6, membrane_capacitance=M(6e-6, 63), i_synin_gm=500, synapse_dac_bias=1000
    ),
    "weak input": unit(i_synin_gm=100),
    "small capacitance": unit(tau_mem=20e-6, membrane_capacitance=M(20e-6, 30)),
    "short synapse": unit(tau_syn=5e-6, synapse_dac_bias=800),
}


@pytest.mark.parametrize("point", POINTS)
def test_nominal_scale_is_what_is_measured_on_a_chip_without_mismatch(ideal_chip, point):
    params = POINTS[point]
    nominal = nominal_weight_scale(hxsnn.LIF(4, hxsnn.Experiment(mock=True), **params))
    trace_scale = 1 / (params["threshold"].hardware_value - 80)
    measured = get_weight_scaling(params, trace_scale=trace_scale, batch=2)
    assert abs(nominal / measured - 1) < 0.06


@settings(max_examples=50, deadline=None)
@given(weights=st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=9), scale=st.floats(1, 100))
def test_auto_scale_keeps_proportions_and_fits(weights, scale):
    weight = torch.tensor(weights)[None]
    lsb = AutoScale(scale)(weight)
    assert float(lsb.abs().max()) <= 63
    wanted = min(scale, 63 / max(float(weight.abs().max()), 1e-30))
    torch.testing.assert_close(lsb, weight * wanted)


def test_auto_takes_the_scale_of_the_neurons_that_the_synapse_reaches(ideal_chip):
    for params in POINTS["default"], POINTS["weak input"]:
        exp = hxsnn.Experiment(dt=1e-6)
        linear, lif = hxsnn.Synapse(2, 4, exp, transform="auto"), hxsnn.LIF(4, exp, **params)
        torch.nn.init.constant_(linear.weight, 0.1)
        lif(linear(hxsnn.NeuronHandle(torch.zeros(10, 1, 2))))
        hxsnn.run(exp, 10)
        wanted = linear_saturating(linear.weight, nominal_weight_scale(lif)).detach().round()
        assert torch.equal(torch.from_numpy(linear.hardware_weights().T).float(), wanted)


def test_weights_beyond_the_range_are_said_to_be_weaker_once():
    linear = hxsnn.Synapse(2, 1, hxsnn.Experiment(mock=True), transform=AutoScale(64.0))
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[2.0, -1.0]]))
    with pytest.warns(ParameterWarning, match=r"up to 128 LSB.*0\.49 of the model's strength"):
        assert linear.hardware_weights().T.tolist() == [[63, -32]]
    linear.hardware_weights()


def test_a_bias_gets_the_scale_of_its_weight():
    linear = hxsnn.Synapse(2, 1, hxsnn.Experiment(mock=True), transform=AutoScale(50.0), bias=True)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[2.0, -1.0]]))
    assert linear.bias_lsb(torch.tensor([[1.0]])).tolist() == [[32]]


def test_without_a_target_weights_fill_the_range():
    linear = hxsnn.Synapse(2, 1, hxsnn.Experiment(mock=True), transform="auto")
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[0.2, -0.1]]))
    assert linear.hardware_weights().T.tolist() == [[63, -32]]


def test_bad_scales():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(ParameterError, match="'auto'"):
        hxsnn.Synapse(2, 1, exp, transform="fit")
    with pytest.raises(ParameterError, match="positive"):
        AutoScale(0.0)
    with pytest.raises(ParameterError, match="another side of the leak"):
        nominal_weight_scale(hxsnn.LIF(2, exp, leak=M(2.0, 80), reset=M(0.0, 80), threshold=M(1.0, 125)))


@pytest.mark.filterwarnings("error")
def test_warning_of_clipped_weights_names_auto():
    linear = hxsnn.Synapse(2, 1, hxsnn.Experiment(mock=True))
    with torch.no_grad():
        linear.weight.fill_(90.0)
    with pytest.warns(ParameterWarning, match="transform='auto'"):
        linear.hardware_weights()


RATE, STEPS = 1e5, 400


def rates(inputs, xi, make=None, **params):
    """Return spikes of each neuron per membrane time constant."""
    exp = hxsnn.Experiment(mock=True, dt=1e-6)
    generator = torch.Generator().manual_seed(3)
    linear = make(exp) if make else hxsnn.Synapse(inputs, 60, exp, transform="auto")
    lif = hxsnn.LIF(60, exp, **{**unit(), **params})
    hxsnn.init.fluctuation_driven_(linear, lif, RATE, xi, generator=generator)
    spikes = (torch.rand(STEPS, 2, inputs, generator=generator) < RATE * 1e-6).float()
    z = lif(linear(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, None)
    return z.spikes.detach().mean((0, 1)) / 1e-6 * lif.tau_mem.model_value, linear


@pytest.mark.parametrize("inputs", [60, 250])
@pytest.mark.parametrize(
    "params",
    [{}, {"tau_mem": 20e-6, "membrane_capacitance": M(20e-6, 63)}, {"tau_syn": 5e-6, "threshold": M(3.0, 125)}],
)
def test_rates_are_useful_for_any_number_of_inputs_threshold_and_time_constant(inputs, params):
    fired, _ = rates(inputs, 1.0, **params)
    assert 0.03 < float(fired.mean()) < 0.5
    assert float((fired > 0).float().mean()) > 0.8


def test_a_threshold_further_away_means_lower_rates():
    means = [float(rates(100, xi)[0].mean()) for xi in (0.5, 1.0, 2.0)]
    assert means[0] > 1.5 * means[1] > 2 * means[2] > 0


@pytest.mark.parametrize("packed", [False, True])
def test_sparse_synapses_count_the_inputs_that_are_there(packed):
    connections = (torch.rand(200, 60, generator=torch.Generator().manual_seed(1)) < 0.3).float()

    def make(exp):
        return hxsnn.SparseSynapse(connections, exp, transform="auto", packed=packed)

    fired, synapse = rates(200, 1.0, make)
    assert 0.03 < float(fired.mean()) < 0.5
    dense = rates(60, 1.0)[1].weight
    values = synapse.values()
    assert abs(float(values.detach().std() / dense.detach().std()) - 1) < 0.1
    assert packed or not synapse.weight[~synapse.mask].any()


def test_drawn_weights_fit_the_chip():
    exp = hxsnn.Experiment(mock=True)
    linear, lif = hxsnn.Synapse(200, 50, exp, transform="auto"), hxsnn.LIF(50, exp, **unit())
    hxsnn.init.fluctuation_driven_(linear, lif, 5e4)
    lsb = linear.weight.detach() * nominal_weight_scale(lif)
    assert float(lsb.abs().max()) <= 63.001
    assert float(lsb.std()) > 3


@pytest.mark.parametrize(("inputs", "rate", "said"), [(4, 1e3, "beyond its 63"), (20000, 1e6, "round to nothing")])
def test_what_six_bits_do_not_hold_is_said(inputs, rate, said):
    exp = hxsnn.Experiment(mock=True)
    linear, lif = hxsnn.Synapse(inputs, 2, exp, transform="auto"), hxsnn.LIF(2, exp, **unit())
    with pytest.warns(ParameterWarning, match=said):
        hxsnn.init.fluctuation_driven_(linear, lif, rate)


def test_what_has_no_such_weights_is_refused():
    exp = hxsnn.Experiment(mock=True)
    linear, lif = hxsnn.Synapse(10, 3, exp), hxsnn.LIF(3, exp, **unit())
    for arguments in ({"rate": 0.0}, {"rate": 1e4, "xi": -1.0}, {"rate": 1e6, "mean": 10.0}):
        with pytest.raises(ParameterError, match="wanted"):
            hxsnn.init.fluctuation_driven_(linear, lif, **arguments)
    for neuron in (hxsnn.LI(3, exp), hxsnn.LIF(4, exp, **unit()), hxsnn.IAFNeuron(3, exp)):
        with pytest.raises(ParameterError, match="wanted"):
            hxsnn.init.fluctuation_driven_(linear, neuron, 1e4)
