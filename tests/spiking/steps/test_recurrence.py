"""Compiled recurrent integration against the torch loop: outputs and all gradients, for all terms and recordings."""

import pytest
import step_problems as steps_of
import torch
import unit_layers as unit
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ExperimentError, TensorTypeError
from hxtorch.spiking.functional import CUBALIFParams, cuba_lif_integration, step_by_step
from hxtorch.spiking.functional.steps import fused, integration, recurrence
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.feedback import Recurrence
from hxtorch.spiking.functional.steps.loop import Terms

COMMON = {"suppress_health_check": list(HealthCheck)}


@st.composite
def problems(draw, dtype):
    """Batches around a group of the kernel, neurons around its registers."""
    steps, batch = draw(st.integers(1, 12)), draw(st.sampled_from([1, 2, 3, 5, 7, 33, 130]))
    size = draw(st.sampled_from([1, 2, 7, 16, 17, 40]))
    terms = Terms(True, draw(st.booleans()), draw(st.booleans()))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    constants = draw(steps_of.constants(generator, terms, (batch, size), dtype))
    x = steps_of.uniform(generator, -0.1, 0.6, (steps, batch, size)).to(dtype).requires_grad_(draw(st.booleans()))
    weight = steps_of.uniform(generator, -1.5, 1.5, (size, size)).div(size**0.5).to(dtype)
    options = draw(st.fixed_dictionaries(steps_of.OPTIONS))
    options["feedback"] = Recurrence(weight.requires_grad_(draw(st.booleans())))
    hw = draw(steps_of.recordings(generator, terms, x.shape, dtype))
    return (x, constants, terms, hw), options, draw(st.sets(st.integers(0, 3)))


def check(problem, rtol, margin):
    (x, constants, terms, hw), options, silent = problem
    got = integration.integrate(x, constants, terms, hw, **options)
    with step_by_step():
        law = integration.integrate(x, constants, terms, hw, **options)
    distances = steps_of.Distances()
    integration.integrate(x.detach(), constants, terms, hw, method=distances, feedback=options["feedback"])
    assume(distances.least() > margin)  # sums differ by rounding: where that decides about a spike
    kept = [(a, b) for a, b in zip(got, law, strict=True) if a is not None]
    assert len(kept) == (3 + terms.adapting if options["traces"] else 1)
    leaves = (x, options["feedback"].weight, *vars(constants).values())
    steps_of.assert_same(kept, leaves, silent, rtol)


@given(problems(torch.float64))
@settings(max_examples=100, **COMMON)
def test_compiled_recurrence_is_the_loop_in_double_precision(problem):
    check(problem, 1e-9, 1e-9)


@given(problems(torch.float32))
@settings(max_examples=60, **COMMON)
def test_compiled_recurrence_is_the_loop_in_single_precision(problem):
    check(problem, 1e-4, 1e-5)


def operands(dtype=torch.float64, full=True, traces=True, keeps=fused.CONSTANTS, recorded=True):
    generator = torch.Generator().manual_seed(3)
    x = (0.5 * torch.rand(6, 2, 3, generator=generator)).to(dtype).requires_grad_(keeps >= fused.INPUT)
    weight = torch.randn(3, 3, generator=generator).to(dtype).requires_grad_(keeps >= fused.INPUT)
    constants = Constants(0.2, 0.8, threshold=0.7, push=0.1, slope=0.4, onset=0.5, rate=0.1, pull=0.2, kick=0.1)
    packed = constants.packed(x).expand(-1, 3).clone().requires_grad_(keeps == fused.CONSTANTS)
    shown = [(torch.rand(x.shape, generator=generator) < 0.3).to(dtype) if recorded else None for _ in range(3)]
    return x, weight, packed, *shown, full, 0, 20.0, traces, keeps


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("keeps", [fused.NOTHING, fused.INPUT, fused.CONSTANTS])
@pytest.mark.parametrize("traces", [False, True])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_operator_keeps_the_contract_of_torch(full, keeps, traces):
    for recorded in (False, True):
        torch.library.opcheck(recurrence.OPERATOR, operands(torch.float32, full, traces, keeps, recorded))


def loss(x, weight, threshold):
    traces = cuba_lif_integration(
        x, CUBALIFParams(threshold=threshold, alpha=10.0), dt=1e-6, feedback=Recurrence(weight)
    )
    return traces.spikes.sum() + traces.membrane_cadc.square().sum()


def leaves(dtype=torch.float64, samples=()):
    generator = torch.Generator().manual_seed(0)
    x = 0.6 * torch.rand(*samples, 20, 3, 4, generator=generator, dtype=dtype)
    return x, torch.randn(4, 4, generator=generator, dtype=dtype), torch.tensor(0.9, dtype=dtype)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_recurrence_compiles_as_one_graph():
    given = [leaf.requires_grad_() for leaf in leaves(torch.float32)]
    values = [function(*given) for function in (torch.compile(loss, backend="aot_eager", fullgraph=True), loss)]
    torch.testing.assert_close(*values)
    torch.testing.assert_close(*(torch.autograd.grad(value, given) for value in values))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_transforms_of_torch_func_see_the_loop():
    x, weight, threshold = leaves(samples=(5,))
    per_sample = torch.func.vmap(torch.func.grad(loss, argnums=(0, 1, 2)), in_dims=(0, None, None))(
        x, weight, threshold
    )
    for sample, one in enumerate(x):
        given = [leaf.clone().requires_grad_() for leaf in (one, weight, threshold)]
        wanted = torch.autograd.grad(loss(*given), given)
        torch.testing.assert_close([gradient[sample] for gradient in per_sample], list(wanted))


def test_second_derivatives_are_the_loops():
    given = [leaf.requires_grad_() for leaf in leaves()]
    with pytest.raises(ExperimentError, match="step_by_step"):
        torch.autograd.grad(loss(*given), given, create_graph=True)
    with step_by_step():
        first = torch.autograd.grad(loss(*given), given[:1], create_graph=True)[0]
        assert first.requires_grad


def test_other_types_take_the_loop():
    x, weight, threshold = leaves(torch.bfloat16)
    assert loss(x, weight, threshold).dtype == torch.bfloat16


def test_gradients_stay_finite_on_large_inputs():
    for scale in (1e4, -1e4):
        given = [leaf.requires_grad_() for leaf in leaves(torch.float32)]
        total = loss(scale * given[0], given[1], given[2])
        assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(total, given))


def test_bytes_do_not_depend_on_threads():
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            generator = torch.Generator().manual_seed(0)
            x = (0.6 * torch.rand(30, 37, 21, generator=generator)).requires_grad_()
            weight = (0.3 * torch.randn(21, 21, generator=generator)).requires_grad_()
            found.append(torch.autograd.grad(loss(x, weight, 0.9), [x, weight]))
    finally:
        torch.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)


def layer(kind, synapse, dtype=torch.float32, **arguments):
    """Return what a recurrent layer puts out, and the gradient of its weights."""
    exp = hxsnn.Experiment(mock=True)
    neuron, back = kind(6, exp, **arguments), synapse(exp)
    back.to(dtype)
    with torch.no_grad():
        back.weight.copy_(2 * torch.randn(back.weight.shape, generator=torch.Generator().manual_seed(1)))
    x = torch.rand(40, 5, 6, generator=torch.Generator().manual_seed(0)).mul(0.5).to(dtype)
    z = hxsnn.Recurrent(exp, neuron, back)(hxsnn.SynapseHandle(x))
    hxsnn.run(exp, None)
    assert z.spikes.sum() > 20
    return z.spikes, torch.autograd.grad(z.spikes.square().sum() + z.membrane_cadc.square().sum(), back.weight)[0]


def adaptive(size, exp, **arguments):
    return unit.aelif(size, exp, exponential=True, spike_triggered_adaptation=True, **arguments)


def ring(exp):
    return hxsnn.SparseSynapse(torch.roll(torch.eye(6), 1, 0) + torch.eye(6), exp)


@pytest.mark.parametrize("kind", [unit.lif, unit.iaf, adaptive])
@pytest.mark.parametrize("synapse", [lambda exp: hxsnn.Synapse(6, 6, exp), ring], ids=["dense", "sparse"])
def test_layers_take_the_compiled_steps_and_agree_with_the_loop(kind, synapse, monkeypatch):
    calls = []
    compiled = recurrence.integrate
    monkeypatch.setattr(recurrence, "integrate", lambda *given: calls.append(1) or compiled(*given))
    found = layer(kind, synapse)
    assert calls == [1]
    with step_by_step():
        wanted = layer(kind, synapse)
    assert calls == [1]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4 * float(wanted[1].abs().max()))


def test_a_synapse_with_a_model_of_its_own_takes_the_loop(monkeypatch):
    def halved(spikes, weight):
        return torch.nn.functional.linear(spikes, 0.5 * weight)

    monkeypatch.setattr(recurrence, "integrate", None)
    spikes, gradient = layer(unit.lif, lambda exp: hxsnn.Synapse(6, 6, exp, func=halved))
    assert spikes.sum() > 20
    assert gradient.abs().sum() > 0


def test_a_large_and_thin_recurrence_stays_sparse():
    exp = hxsnn.Experiment(mock=True)
    thin = hxsnn.SparseSynapse(torch.roll(torch.eye(600), 1, 1), exp)
    assert thin.matrix() is None
    torch.nn.init.constant_(thin.weight, 20.0)
    x = torch.zeros(30, 1, 600)
    x[2, 0, 0] = 20.0
    z = hxsnn.Recurrent(exp, unit.lif(600, exp), thin)(hxsnn.SynapseHandle(x))
    hxsnn.run(exp, None)
    assert (z.spikes.sum((0, 1)) > 0).sum() > 5
    z.membrane_cadc.square().sum().backward()
    assert thin.weight.grad.isfinite().all()


def test_weights_of_another_type_are_refused():
    exp = hxsnn.Experiment(mock=True)
    back = hxsnn.Synapse(6, 6, exp, dtype=torch.float64)
    hxsnn.Recurrent(exp, unit.lif(6, exp), back)(hxsnn.SynapseHandle(torch.zeros(10, 2, 6)))
    with pytest.raises(TensorTypeError, match=r"got torch\.float32, wanted torch\.float64"):
        hxsnn.run(exp, None)
