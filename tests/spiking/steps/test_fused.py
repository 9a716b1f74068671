"""The compiled integration against the torch loop: outputs and all gradients, for all terms, shapes and recordings."""

import pytest
import step_problems as steps_of
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.functional import CUBALIFParams, cuba_lif_integration, step_by_step
from hxtorch.spiking.functional.steps import fused, integration
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.loop import Terms


def looped(*arguments, **options):
    with step_by_step():
        return integration.integrate(*arguments, **options)


@st.composite
def problems(draw, dtype):
    steps, batch = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    size = draw(st.one_of(st.integers(1, 40), st.just(700)))  # 700: more lanes than a block has
    terms = Terms(draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    constants = draw(steps_of.constants(generator, terms, (batch, size), dtype))
    x = steps_of.uniform(generator, -0.1, 0.6, (steps, batch, size)).to(dtype).requires_grad_(draw(st.booleans()))
    hw = draw(steps_of.recordings(generator, terms, x.shape, dtype))
    return (x, constants, terms, hw), draw(st.fixed_dictionaries(steps_of.OPTIONS)), draw(st.sets(st.integers(0, 3)))


def check(problem, rtol, margin):
    (x, constants, terms, hw), options, silent = problem
    got, law = integration.integrate(x, constants, terms, hw, **options), looped(x, constants, terms, hw, **options)
    if terms.fire:
        # The exponentials differ by rounding: leave out networks in which that decides about a spike.
        distances = steps_of.Distances()
        integration.integrate(x.detach(), constants, terms, hw, method=distances)
        assume(distances.least() > margin)
    asked = [True, options["traces"] or not terms.fire, options["traces"], options["traces"]]
    assert [a is not None for a in got] == [b is not None and wanted for b, wanted in zip(law, asked, strict=True)]
    kept = [(a, b) for a, b in zip(got, law, strict=True) if a is not None]
    steps_of.assert_same(kept, (x, *vars(constants).values()), silent, rtol)


COMMON = {"suppress_health_check": list(HealthCheck)}


@given(problems(torch.float64))
@settings(max_examples=120, **COMMON)
def test_compiled_steps_are_the_loop_in_double_precision(problem):
    check(problem, 1e-9, 1e-9)


@given(problems(torch.float32))
@settings(max_examples=80, **COMMON)
def test_compiled_steps_are_the_loop_in_single_precision(problem):
    check(problem, 1e-4, 1e-4)


def arguments(dtype=torch.float64, fire=True, full=True, traces=True, keeps=fused.CONSTANTS, recorded=True):
    generator = torch.Generator().manual_seed(3)
    x = (0.5 * torch.rand(6, 2, 3, generator=generator)).to(dtype).requires_grad_(keeps >= fused.INPUT)
    constants = Constants(0.2, 0.8, threshold=0.7, push=0.1, slope=0.4, onset=0.5, rate=0.1, pull=0.2, kick=0.1)
    packed = constants.packed(x).expand(-1, 3).clone().requires_grad_(keeps == fused.CONSTANTS)
    shown = [(torch.rand(x.shape, generator=generator) < 0.3).to(dtype) if recorded else None for _ in range(3)]
    return x, packed, *shown, fire, full, 0, 20.0, traces, keeps


@pytest.mark.parametrize("fire", [False, True])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("keeps", [fused.NOTHING, fused.INPUT, fused.CONSTANTS])
@pytest.mark.parametrize("traces", [False, True])
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_operator_keeps_the_contract_of_torch(fire, full, keeps, traces):
    for recorded in (False, True):
        torch.library.opcheck(fused.OPERATOR, arguments(torch.float32, fire, full, traces, keeps, recorded))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("trained", [False, True])
def test_integration_compiles_as_one_graph(trained):
    x = 0.6 * torch.rand(20, 3, 4, generator=torch.Generator().manual_seed(0))
    x.requires_grad_()
    threshold = torch.full((4,), 0.9, requires_grad=trained)

    def loss(x, threshold):
        traces = cuba_lif_integration(x, CUBALIFParams(threshold=threshold, alpha=10.0), dt=1e-6)
        return traces.spikes.sum() + traces.membrane_cadc.square().sum()

    leaves = [x, threshold][: 1 + trained]
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    values = [function(x, threshold) for function in (compiled, loss)]
    torch.testing.assert_close(*values)
    torch.testing.assert_close(*(torch.autograd.grad(value, leaves) for value in values))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_transforms_of_torch_func_see_the_loop():
    generator = torch.Generator().manual_seed(0)
    x = 0.6 * torch.rand(5, 20, 3, 4, generator=generator, dtype=torch.float64)
    threshold = torch.tensor(0.9, dtype=torch.float64)

    def loss(x, threshold):
        traces = cuba_lif_integration(x, CUBALIFParams(threshold=threshold, alpha=10.0), dt=1e-6)
        return traces.spikes.sum() + traces.membrane_cadc.square().sum()

    per_sample = torch.func.vmap(torch.func.grad(loss, argnums=(0, 1)), in_dims=(0, None))(x, threshold)
    for sample in range(len(x)):
        leaves = [x[sample].clone().requires_grad_(), threshold.clone().requires_grad_()]
        wanted = torch.autograd.grad(loss(*leaves), leaves)
        torch.testing.assert_close([gradient[sample] for gradient in per_sample], list(wanted))
    _, tangent = torch.func.jvp(lambda x: loss(x, threshold), (x[0],), (torch.ones_like(x[0]),))
    torch.testing.assert_close(tangent, per_sample[0][0].sum())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_forward_mode_sees_the_loop():
    x = torch.rand(10, 2, 3, dtype=torch.float64)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(x, torch.ones_like(x))
        traces = cuba_lif_integration(dual, CUBALIFParams(), dt=1e-6)
        assert torch.autograd.forward_ad.unpack_dual(traces.spikes).tangent.shape == x.shape


def test_second_derivatives_are_the_loops():
    x = torch.rand(10, 2, 3, dtype=torch.float64, requires_grad=True)

    def first():
        traces = cuba_lif_integration(x, CUBALIFParams(alpha=5.0), dt=1e-6)
        (gradient,) = torch.autograd.grad(traces.spikes.sum(), x, create_graph=True)
        return gradient.square().sum()

    with pytest.raises(ExperimentError, match="step_by_step"):
        first()
    with step_by_step():
        first().backward()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_other_types_take_the_loop(dtype):
    x = (0.6 * torch.rand(20, 2, 3, generator=torch.Generator().manual_seed(0))).to(dtype).requires_grad_()
    traces = cuba_lif_integration(x, CUBALIFParams(), dt=1e-6)
    assert {trace.dtype for trace in traces[:3]} == {dtype}
    traces.spikes.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator")
def test_other_devices_take_the_loop():
    x = (0.6 * torch.rand(20, 2, 3, generator=torch.Generator().manual_seed(0))).double().requires_grad_()
    there = x.detach().cuda().requires_grad_()
    traces = [cuba_lif_integration(values, CUBALIFParams(), dt=1e-6) for values in (x, there)]
    for here, moved in zip(traces[0][:3], traces[1][:3], strict=True):
        torch.testing.assert_close(moved.cpu(), here)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_without_gradients_values_are_the_same(context):
    x = (0.6 * torch.rand(20, 2, 3, generator=torch.Generator().manual_seed(0))).requires_grad_()
    wanted = cuba_lif_integration(x, CUBALIFParams(), dt=1e-6)
    with context():
        got = cuba_lif_integration(x, CUBALIFParams(), dt=1e-6)
    assert all(torch.equal(a, b.detach()) for a, b in zip(got[:3], wanted[:3], strict=True))
    assert not got.spikes.requires_grad


def test_strided_inputs_and_gradients_are_those_of_contiguous_ones():
    generator = torch.Generator().manual_seed(0)
    x = 0.6 * torch.rand(3, 20, 4, generator=generator, dtype=torch.float64)
    strided, dense = x.transpose(0, 1), x.transpose(0, 1).contiguous()
    weight = torch.rand(4, 20, 3, generator=generator, dtype=torch.float64).permute(1, 2, 0)
    gradients = []
    for values, seed in ((strided, weight), (dense, weight.contiguous())):
        leaf = values.detach().requires_grad_()
        traces = cuba_lif_integration(leaf, CUBALIFParams(), dt=1e-6)
        gradients.append(torch.autograd.grad(traces.spikes, leaf, seed)[0])
    assert torch.equal(*gradients)


def test_steps_do_not_depend_on_the_number_of_threads():
    x = (0.3 * torch.rand(50, 30, 100, generator=torch.Generator().manual_seed(0))).requires_grad_()
    threshold = torch.ones(100, requires_grad=True)
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            traces = cuba_lif_integration(x, CUBALIFParams(threshold=threshold), dt=1e-6)
            loss = traces.spikes.sum() + traces.membrane_cadc.sum()
            results.append([traces.membrane_cadc, *torch.autograd.grad(loss, (x, threshold))])
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1:], results[1][1:])


@pytest.mark.parametrize("steps", [300, 2000])
@pytest.mark.parametrize("per_neuron", [False, True])
@pytest.mark.parametrize("wanted", [False, True])
def test_way_back_through_many_steps_is_the_loops(steps, per_neuron, wanted):
    """What the way back computes again has to fit the caches: blocks get smaller the more steps there are."""
    generator = torch.Generator().manual_seed(0)
    x = (0.5 * torch.rand(steps, 3, 50, generator=generator, dtype=torch.float64)).requires_grad_()
    weight = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    threshold = 0.5 + torch.rand(50, generator=generator, dtype=torch.float64) if per_neuron else 1.0
    params = CUBALIFParams(threshold=threshold, refractory_time=2e-6, alpha=5.0)

    def traces_and_gradient():
        traces = cuba_lif_integration(x, params, dt=1e-6, traces=wanted)[: 1 + 2 * wanted]
        return *traces, torch.autograd.grad(traces[0], x, weight)[0]

    got = traces_and_gradient()
    with step_by_step():
        torch.testing.assert_close(got, traces_and_gradient(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("batch", [40, 240])  # the larger ones lie on huge pages where there are any
def test_memory_is_given_to_others_only_when_nobody_reads_it(batch):
    """Large results live in memory that is used again: each must keep its values as long as somebody holds it."""
    params = CUBALIFParams(alpha=10.0)
    inputs = [0.3 * torch.rand(50, batch, 60, generator=torch.Generator().manual_seed(i)) for i in range(3)]
    with step_by_step():
        wanted = [cuba_lif_integration(x, params, dt=1e-6) for x in inputs]
    for _ in range(3):
        held = [cuba_lif_integration(x, params, dt=1e-6) for x in inputs]
        views = [traces.spikes[3:, ::2] for traces in held]
        spikes = [traces.spikes for traces in wanted]
        del held
        for x in inputs:
            cuba_lif_integration(x, params, dt=1e-6)
        assert all(torch.equal(view, law[3:, ::2]) for view, law in zip(views, spikes, strict=True))
