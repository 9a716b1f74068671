"""AELIF: special cases are the simpler models, the text of the step says what the loop does, codes reach the chip."""

import math

import numpy as np
import pytest
import torch

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError, ParameterWarning
from hxtorch.spiking.functional import (
    CUBAIAFParams,
    CUBALIFParams,
    CUBALIParams,
    CuBaStepCode,
    cuba_aelif_integration,
    cuba_li_integration,
    cuba_lif_integration,
    cuba_refractory_iaf_integration,
    step_by_step,
)
from hxtorch.spiking.observables import HardwareObservables

DT = 1e-6
FLAGS = ("leaky", "fire", "refractory", "exponential", "subthreshold_adaptation", "spike_triggered_adaptation")


def some_input(shape=(60, 2, 3), scale=0.6):
    return scale * torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def scalar(x, flags, p):
    """The equations of one neuron, one assignment after the other."""
    on = dict(zip(FLAGS, flags, strict=True))
    v, i, w, wait, rows = p["leak"] if on["leaky"] else 0.0, 0.0, 0.0, 0, []
    for u in x:
        drive = i
        if on["leaky"]:
            drive -= p["g_l"] * (v - p["leak"])
        if on["exponential"]:
            drive += p["g_l"] * p["exp_slope"] * math.exp(min((v - p["exp_threshold"]) / p["exp_slope"], 20))
        drive -= w
        if not wait:
            v += DT / p["c_mem"] * drive
        i = (1 - DT / p["tau_syn"]) * i + u
        z = float(on["fire"] and v > p["threshold"] and not wait)
        pull = p["subthreshold_adaptation_strength"] * (v - p["leak"]) if on["subthreshold_adaptation"] else 0.0
        if on["subthreshold_adaptation"] or on["spike_triggered_adaptation"]:
            w += DT / p["tau_adap"] * (pull - w)
        if on["spike_triggered_adaptation"]:
            w += p["spike_triggered_adaptation_increment"] * z
        wait = max(wait - 1, 0)
        if z:
            v, wait = p["reset"], round(p["refractory_time"] / DT) if on["refractory"] else 0
        rows.append((z, v, i, w))
    return torch.tensor(rows, dtype=torch.float64).T


PARAMETERS = {
    "leak": 0.1,
    "reset": -0.2,
    "threshold": 0.9,
    "tau_syn": 8e-6,
    "c_mem": 12e-6,
    "g_l": 1.3,
    "refractory_time": 2e-6,
    "exp_slope": 0.2,
    "exp_threshold": 0.7,
    "subthreshold_adaptation_strength": 0.3,
    "spike_triggered_adaptation_increment": 0.15,
    "tau_adap": 30e-6,
}


@pytest.mark.parametrize("number", range(64))
def test_all_combinations_of_terms_are_the_equations_written_out(number):
    flags = [bool(number >> bit & 1) for bit in range(6)]
    x = some_input((40, 1, 2), 0.4)
    options = {**PARAMETERS, **dict(zip(FLAGS, flags, strict=True))}
    got = cuba_aelif_integration(x, **options, dt=DT)
    assert (got.spikes is not None) == flags[1]
    assert (got.adaptation_cadc is not None) == (flags[4] or flags[5])
    for neuron in range(2):
        law = scalar(x[:, 0, neuron].tolist(), flags, PARAMETERS)
        traces = got.spikes, got.membrane_cadc, got.current, got.adaptation_cadc
        for trace, wanted in zip(traces, law, strict=True):
            if trace is not None:
                torch.testing.assert_close(trace[:, 0, neuron], wanted, rtol=1e-9, atol=1e-12)


def test_special_cases_are_the_simpler_models():
    x, common = some_input(), {"tau_syn": 8e-6, "dt": DT}
    potentials = {"reset": -0.2, "threshold": 0.9}
    lif = cuba_lif_integration(
        x, CUBALIFParams(0.1, **potentials, tau_mem=12e-6, tau_syn=8e-6, refractory_time=2e-6), dt=DT
    )
    iaf = cuba_refractory_iaf_integration(x, CUBAIAFParams(**potentials, tau_mem=12e-6, tau_syn=8e-6), dt=DT)
    li = cuba_li_integration(x, CUBALIParams(0.1, 12e-6, 8e-6), dt=DT)
    pairs = [
        (
            lif,
            cuba_aelif_integration(
                x, leak=0.1, c_mem=12e-6, refractory_time=2e-6, refractory=True, **potentials, **common
            ),
        ),
        (iaf, cuba_aelif_integration(x, leak=0.1, c_mem=12e-6, leaky=False, **potentials, **common)),
        (li, cuba_aelif_integration(x, leak=0.1, c_mem=12e-6, fire=False, **common)),
    ]
    assert lif.spikes.sum() > 10
    for law, got in pairs:
        for name in ("spikes", "membrane_cadc", "current"):
            if hasattr(law, name):
                torch.testing.assert_close(getattr(got, name), getattr(law, name), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("exponential", [False, True])
def test_gradients_agree_with_finite_differences_below_the_threshold(exponential):
    x = some_input((12, 1, 2), 0.2).requires_grad_()
    values = [torch.tensor([0.3, 0.4], dtype=torch.float64, requires_grad=True) for _ in range(3)]

    def integrate(x, slope, strength, leak):
        options = {"exp_slope": slope, "exp_threshold": 0.5, "subthreshold_adaptation_strength": strength, "leak": leak}
        traces = cuba_aelif_integration(
            x, **options, threshold=1e9, dt=DT, subthreshold_adaptation=True, exponential=exponential
        )
        return traces.membrane_cadc, traces.current, traces.adaptation_cadc

    assert torch.autograd.gradcheck(integrate, (x, *values))


def test_huge_inputs_have_finite_traces_and_gradients():
    for scale in (1e4, -1e4):
        for fire in (False, True):
            for context in (step_by_step,):
                x = torch.full((30, 2, 3), scale, requires_grad=True)
                options = {"fire": fire, "exponential": True, "subthreshold_adaptation": True, "dt": DT}
                for run in (False, True):
                    if run:
                        with context():
                            traces = cuba_aelif_integration(x, **options, spike_triggered_adaptation=True)
                    else:
                        traces = cuba_aelif_integration(x, **options, spike_triggered_adaptation=True)
                    kept = [trace for trace in traces if trace is not None]
                    (gradient,) = torch.autograd.grad(sum(trace.sum() for trace in kept), x)
                    assert all(trace.isfinite().all() for trace in (*kept, gradient))


def test_recorded_adaptation_takes_the_place_of_the_computed_one():
    x = some_input()
    recorded = torch.rand(x.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    options = {"subthreshold_adaptation": True, "dt": DT}
    traces = cuba_aelif_integration(x, **options, hw_data=HardwareObservables(adaptation=recorded))
    assert torch.equal(traces.adaptation_cadc, recorded)
    assert not torch.equal(traces.membrane_cadc, cuba_aelif_integration(x, **options).membrane_cadc)


def test_text_of_a_step_is_text_and_carries_its_flags():
    step = CuBaStepCode(exponential=True, refractory=True, spike_triggered_adaptation=True)
    text = step.generate()
    assert isinstance(text, str)
    assert text.step == step
    lines = text.splitlines()
    assert [line.split(" = ")[0] for line in lines] == ["v", "i", "z", "w", "v", "wait"]
    assert "exp((v - exp_threshold) / exp_slope)" in lines[0]
    assert "exp(" not in CuBaStepCode().generate()
    assert (
        CuBaStepCode(leaky=False, fire=False).generate()
        == "v = v + dt / c_mem * (i)\ni = (1 - dt / tau_syn) * i + input"
    )


def test_text_of_a_step_decides_about_the_terms_and_other_text_is_refused():
    x = some_input()
    step = CuBaStepCode(refractory=True, subthreshold_adaptation=True)
    flags = {"refractory": True, "subthreshold_adaptation": True, "refractory_time": 2e-6, "dt": DT}
    wanted = cuba_aelif_integration(x, subthreshold_adaptation_strength=0.5, **flags)
    for code in (step, step.generate()):
        options = {"subthreshold_adaptation_strength": 0.5, "refractory_time": 2e-6, "dt": DT}
        got = cuba_aelif_integration(x, **options, integration_step_code=code)
        assert torch.equal(got.adaptation_cadc, wanted.adaptation_cadc)
        assert torch.equal(got.spikes, wanted.spikes)
    for other in (str(step.generate()) + "", "v = 0", b"v = 0", 3):
        with pytest.raises(ParameterError, match="not executed"):
            cuba_aelif_integration(x, integration_step_code=other)


@pytest.mark.parametrize(
    "wrong",
    [{"c_mem": 0.0}, {"g_l": -1.0}, {"exp_slope": 0.0}, {"c_mem": 0.3e-6}, {"tau_syn": 0.0}, {"method": "none"},
     {"tau_adap": 0.1e-6, "subthreshold_adaptation": True}],
)  # fmt: skip
def test_parameters_that_no_step_can_follow_are_refused(wrong):
    with pytest.raises(ParameterError, match="wanted"):
        cuba_aelif_integration(some_input(), **wrong, dt=DT)


TERMS = ("exponential", "subthreshold_adaptation", "spike_triggered_adaptation")
MODEL = {
    "exponential_slope": 0.1,
    "exponential_threshold": 0.8,
    "subthreshold_adaptation_strength": 0.1,
    "spike_triggered_adaptation_increment": 0.1,
}
CODES = dict(zip(MODEL, (500, 511, 100, 100), strict=True))


def unit_potentials():
    """Return potentials that the model counts from the rest, in parts of the threshold."""
    return {
        "leak": hxsnn.MixedHXModelParameter(0.0, 80),
        "reset": hxsnn.MixedHXModelParameter(0.0, 80),
        "threshold": hxsnn.MixedHXModelParameter(1.0, 125),
    }


def network(terms, mock=True, **options):
    exp = hxsnn.Experiment(mock=mock, dt=DT)
    synapse = hxsnn.Synapse(3, 4, exp)
    torch.nn.init.constant_(synapse.weight, 0.5 if mock else 60)
    terms = {**dict.fromkeys(TERMS, False), **terms}
    mixed = {name: hxsnn.MixedHXModelParameter(value, CODES[name]) for name, value in MODEL.items()}
    neuron = hxsnn.AELIF(4, exp, **terms, **{**unit_potentials(), **mixed, **options})
    spikes = torch.zeros(40, 2, 3)
    spikes[4::4] = 1
    handle = neuron(synapse(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, None if mock else 40)
    return synapse, neuron, handle


def test_module_is_its_function():
    terms = {"exponential": True, "subthreshold_adaptation": True, "spike_triggered_adaptation": True}
    exp_terms = {**terms, "refractory": True}
    synapse, _, z = network(terms, tau_mem=6e-6, membrane_capacitance=6e-6, leak=0.1)
    x = torch.zeros(40, 2, 3)
    x[4::4] = 1
    wanted = cuba_aelif_integration(
        torch.nn.functional.linear(x, synapse.weight), leak=0.1, c_mem=6e-6, refractory_time=1e-6, exp_slope=0.1,
        exp_threshold=0.8, subthreshold_adaptation_strength=0.1, spike_triggered_adaptation_increment=0.1,
        tau_adap=100e-6, dt=DT, **exp_terms,
    )  # fmt: skip
    assert wanted.spikes.sum() > 4
    for name in ("spikes", "membrane_cadc", "current", "adaptation_cadc"):
        torch.testing.assert_close(getattr(z, name), getattr(wanted, name))
    (z.spikes.sum() + z.adaptation_cadc.sum()).backward()
    assert synapse.weight.grad.abs().sum() > 0


def test_module_without_further_terms_is_lif_and_without_threshold_li():
    _, _, z = network({})
    exp = hxsnn.Experiment(mock=True, dt=DT)
    lif, synapse = hxsnn.LIF(4, exp, **unit_potentials()), hxsnn.Synapse(3, 4, exp)
    torch.nn.init.constant_(synapse.weight, 0.5)
    x = torch.zeros(40, 2, 3)
    x[4::4] = 1
    law = lif(synapse(hxsnn.NeuronHandle(x)))
    hxsnn.run(exp, None)
    assert law.spikes.sum() > 4
    torch.testing.assert_close(z.spikes, law.spikes)
    torch.testing.assert_close(z.membrane_cadc, law.membrane_cadc)
    _, _, y = network({"fire": False})
    assert isinstance(y, hxsnn.ReadoutNeuronHandle)
    assert y.membrane_cadc.max() > 1


def test_parameters_of_the_terms_are_trained():
    exp = hxsnn.Experiment(mock=True, dt=DT)
    values = {**{name: entry.model_value for name, entry in unit_potentials().items()}, **MODEL}
    times = {"tau_mem": 10e-6, "tau_adap": 100e-6}
    neuron = hxsnn.AELIF(4, exp, **{name: hxsnn.ModelParameter(value) for name, value in {**values, **times}.items()})
    synapse = hxsnn.Synapse(3, 4, exp)
    torch.nn.init.constant_(synapse.weight, 0.5)
    trained = ("exponential_slope", "exponential_threshold", "subthreshold_adaptation_strength",
               "spike_triggered_adaptation_increment", "tau_adap", "tau_mem", "threshold")  # fmt: skip
    for name in trained:
        getattr(neuron, name).make_trainable()
    x = torch.zeros(40, 2, 3)
    x[4::4] = 1
    z = neuron(synapse(hxsnn.NeuronHandle(x)))
    hxsnn.run(exp, None)
    (z.spikes.sum() + z.membrane_cadc.sum()).backward()
    for name in trained:
        assert getattr(neuron, name).model_value.grad.abs().sum() > 0, name


def test_codes_of_the_terms_reach_the_registers():
    exp = hxsnn.Experiment(dt=DT)
    neuron = hxsnn.AELIF(
        2, exp, exponential=True, subthreshold_adaptation=True, spike_triggered_adaptation=True,
        exponential_slope=hxsnn.MixedHXModelParameter(0.2, torch.tensor([300.0, 400.0])),
        subthreshold_adaptation_strength=hxsnn.MixedHXModelParameter(-0.2, -70), clock_scale_adaptation_pulse=7,
    )  # fmt: skip
    places = [core.LogicalNeuronOnDLS(anchor=n) for n in (3, 9)]
    neuron.coordinates = tuple(places)
    block = core.NeuronBlock()
    for number, place in enumerate(places):
        block = neuron.configure_hw_entity(number, block, place)
    registers = block.chip.configuration
    circuits = [3, 9]
    assert registers.i_exp[circuits].tolist() == [300, 400]
    assert registers.v_exp[circuits].tolist() == [511, 511]
    assert registers.i_adapt_a[circuits].tolist() == [70, 70]
    assert registers.adaptation_a_negative[circuits].all()
    assert not registers.adaptation_b_negative.any()
    assert registers.v_adapt_ref[circuits].tolist() == [511, 511]
    assert np.flatnonzero(registers.enable_exponential).tolist() == circuits
    assert np.flatnonzero(registers.enable_adaptation).tolist() == circuits
    assert set(registers.adaptation_pulse_scale.tolist()) == {7}


@pytest.mark.parametrize("wrong", [{"exponential_slope": 1023}, {"tau_adap": -1}, {"leak_adaptation": 2000}])
def test_codes_that_no_register_takes_are_refused(wrong):
    exp = hxsnn.Experiment(dt=DT)
    neuron = hxsnn.AELIF(2, exp, exponential=True, subthreshold_adaptation=True, **wrong)
    with pytest.raises(ParameterError, match="wanted register codes"):
        neuron.register_codes()


def test_arguments_that_no_neuron_has_are_refused():
    exp = hxsnn.Experiment(mock=True, dt=DT)
    with pytest.raises(ParameterError, match="one chip"):
        hxsnn.AELIF(2, exp, chip_coordinate=3)
    with pytest.warns(ParameterWarning, match="no argument 'exponential_slop'.*did you mean 'exponential_slope'"):
        hxsnn.AELIF(2, exp, exponential_slop=3)


@pytest.mark.parametrize("terms", [{}, {"leaky": False}, {"subthreshold_adaptation": True, "exponential": True}])
def test_module_runs_on_a_chip(ideal_chip, terms):
    synapse, _, z = network(terms, mock=False)
    assert z.spikes.sum() > 4
    z.spikes.sum().backward()
    assert torch.isfinite(synapse.weight.grad).all()


@pytest.mark.parametrize(("leaky", "rest"), [(True, 90), (False, 110)])
def test_membrane_without_leak_rests_at_the_reset_potential(ideal_chip, leaky, rest):
    exp = hxsnn.Experiment(dt=DT)
    potentials = {"leak": hxsnn.MixedHXModelParameter(0.0, 90), "reset": hxsnn.MixedHXModelParameter(0.0, 110)}
    recording = {"enable_cadc_recording_placement_in_dram": True}  # long enough for the leak that remains, 5 ms
    neuron = hxsnn.AELIF(
        2,
        exp,
        leaky=leaky,
        threshold=hxsnn.MixedHXModelParameter(1.0, 150),
        **dict.fromkeys(TERMS, False),
        **potentials,
        **recording,
    )
    z = neuron(hxsnn.Synapse(3, 2, exp)(hxsnn.NeuronHandle(torch.zeros(5000, 1, 3))))
    hxsnn.run(exp, 5000)
    assert z.membrane_cadc[-100:].mean().item() == pytest.approx(rest - 128, abs=2)
