"""The numerics in the forms of both generations: functions of autograd, tuples, recordings, one step."""

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking import functional
from hxtorch.spiking.errors import TensorTypeError
from hxtorch.spiking.observables import AnalogObservable, HardwareObservables

DT = 1e-6


def some_input(scale=0.5, seed=0):
    return scale * torch.rand(40, 2, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def models():
    """Return each function, its integration, and parameters of which one is trained."""
    tau = torch.tensor([8e-6, 9e-6, 1e-5], dtype=torch.float64, requires_grad=True)
    return [
        (functional.LIF, functional.cuba_lif_integration, functional.CUBALIFParams(tau_mem=tau, alpha=5.0)),
        (functional.IAF, functional.cuba_refractory_iaf_integration, functional.CUBAIAFParams(tau_mem=tau, alpha=5.0)),
        (functional.LI, functional.cuba_li_integration, functional.CUBALIParams(tau_mem=tau)),
    ]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("recorded", [False, True])
def test_functions_of_autograd_have_values_and_gradients_of_the_integration(number, recorded):
    function, integrate, params = models()[number]
    assert issubclass(function, torch.autograd.Function)
    hw_data = (None, some_input(2.0, 1), None) if recorded else None
    found = []
    for call in (function.apply, integrate):
        x = some_input().requires_grad_()
        traces = [trace for trace in call(x, params, hw_data, DT) if trace is not None]
        loss = sum((index + 1) * trace.square().sum() for index, trace in enumerate(traces))
        found.append((traces, torch.autograd.grad(loss, (x, params.tau_mem))))
    (traces, gradients), (wanted, law) = found
    for got, trace in zip(traces, wanted, strict=True):
        assert torch.equal(got, trace)
    torch.testing.assert_close(gradients, law)
    assert gradients[0].abs().sum() > 0


def test_function_of_autograd_without_parameters_takes_the_defaults():
    x = some_input()
    assert torch.equal(
        functional.LIF.apply(x)[1], functional.cuba_lif_integration(x, functional.CUBALIFParams()).membrane_cadc
    )


def test_parameters_are_named_tuples():
    params = functional.CUBALIFParams(leak=0.1)
    leak, *_ = params
    assert leak == 0.1
    assert params._replace(threshold=2.0).threshold == 2.0
    assert isinstance(functional.CUBAIAFParams(), tuple)
    assert isinstance(functional.CUBALIParams(), tuple)


def test_recordings_are_a_tuple_or_a_handle_or_what_a_run_hands_over():
    x, spikes, membrane = some_input(), (some_input() > 0.4).double(), some_input(2.0, 1)

    class Shown:
        voltage, adaptation = membrane, None

    Shown.spikes = spikes
    wanted = functional.cuba_lif_integration(x, functional.CUBALIFParams(), HardwareObservables(spikes, membrane))
    assert torch.equal(wanted.spikes, spikes)

    class Named(Shown):
        voltage = AnalogObservable(cadc=membrane)

    for form in ((spikes, membrane, None), (spikes, membrane), Shown(), Named()):
        got = functional.cuba_lif_integration(x, functional.CUBALIFParams(), form)
        assert torch.equal(got.spikes, spikes)
        assert torch.equal(got.membrane_cadc, wanted.membrane_cadc)
    assert torch.equal(functional.cuba_li_integration(x, functional.CUBALIParams(), membrane).membrane_cadc, membrane)
    assert torch.equal(functional.input_neuron(x, spikes), spikes)
    with pytest.raises(TensorTypeError, match="hw_data: got str"):
        functional.cuba_lif_integration(x, functional.CUBALIFParams(), "recorded")


def test_adaptive_traces_are_six_in_the_documented_order_and_inputs_add_up():
    x = some_input()
    traces = functional.cuba_aelif_integration(
        (x, x), subthreshold_adaptation=True, subthreshold_adaptation_strength=0.5, dt=DT
    )
    assert traces._fields == (
        "membrane_cadc", "membrane_madc", "current", "adaptation_cadc", "adaptation_madc", "spikes",
    )  # fmt: skip
    once = functional.cuba_aelif_integration(
        2 * x, subthreshold_adaptation=True, subthreshold_adaptation_strength=0.5, dt=DT
    )
    torch.testing.assert_close(traces.membrane_cadc, once.membrane_cadc)
    assert traces.membrane_madc is traces.adaptation_madc is None


def test_membrane_without_a_leak_starts_at_zero():
    x = torch.zeros(5, 1, 1)
    assert not functional.cuba_iaf_integration(x, functional.CUBAIAFParams(reset=0.5)).membrane_cadc.any()
    assert (
        not functional.cuba_aelif_integration(x, leak=0.3, reset=0.5, leaky=False, dt=DT)
        .membrane_cadc.abs()
        .gt(1e-7)
        .any()
    )
    with_leak = functional.cuba_lif_integration(x, functional.CUBALIFParams(leak=0.3)).membrane_cadc
    assert torch.equal(with_leak, torch.full_like(x, 0.3))


def test_one_step_passes_between_input_and_membrane_and_a_spike_is_strictly_above():
    x = torch.zeros(4, 1, 1)
    x[1] = 1.0
    traces = functional.cuba_lif_integration(x, functional.CUBALIFParams(threshold=torch.tensor(0.1)))
    assert traces.membrane_cadc.flatten()[:3].tolist() == pytest.approx([0, 0, 0.1])
    assert not traces.spikes[2].any()


@pytest.mark.parametrize("time", [0.0, 1e-6, 2.5e-6, 3e-6])
def test_refractory_update_counts_the_same_in_both_forms(time):
    z, v, left = torch.ones(1, 1), torch.full((1, 1), 0.7), torch.zeros(1, 1)
    params = functional.CUBALIFParams(reset=-0.2, refractory_time=time)
    older = functional.refractory_update(z, v, left, params, DT)
    newer = functional.refractory_update(z, v, left, None, None, reset=torch.tensor(-0.2), refractory_time=time, dt=DT)
    for one, other in zip(older, newer, strict=True):
        assert torch.equal(one, other)
    assert newer[1].item() == pytest.approx(-0.2)
    assert newer[2].item() == pytest.approx(time / DT)
    held = functional.refractory_update(z, v, newer[2], params, DT)
    assert held[0].item() == (time == 0)


def test_refractory_update_takes_recordings():
    z, v, left = torch.ones(1, 1), torch.full((1, 1), 0.7), torch.zeros(1, 1)
    z, v, _ = functional.refractory_update(z, v, left, torch.zeros(1, 1), torch.full((1, 1), 0.4), reset=0.0)
    assert (z.item(), v.item()) == (0.0, pytest.approx(0.4))


def test_step_code_takes_what_was_recorded_and_is_text():
    code = functional.CuBaStepCode(True, True, False, False, True, False, True, True, True)
    lines = code.generate().splitlines()
    assert {"v = recorded membrane", "z = recorded spikes", "w = recorded adaptation"} <= set(lines)


@pytest.mark.parametrize("own", [functional.LIF, functional.cuba_lif_integration])
def test_functions_of_both_kinds_are_a_layer_s_model(own):
    exp = hxsnn.Experiment(mock=True, dt=DT)
    x = torch.zeros(40, 1, 2)
    x[5::4] = 1
    synapse = hxsnn.Synapse(2, 3, exp)
    torch.nn.init.constant_(synapse.weight, 0.6)
    z = hxsnn.Neuron(3, exp, own, functional.CUBALIFParams(tau_mem=8e-6))(synapse(hxsnn.NeuronHandle(x)))
    hxsnn.run(exp, None)
    wanted = functional.cuba_lif_integration(x @ synapse.weight.T, functional.CUBALIFParams(tau_mem=8e-6), None, DT)
    assert wanted.spikes.sum() > 0
    assert torch.equal(z.spikes, wanted.spikes)
    assert torch.equal(z.membrane_cadc, wanted.membrane_cadc)
