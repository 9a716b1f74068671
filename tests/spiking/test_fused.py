"""The compiled integration against the torch loop: outputs and all gradients, for all terms, shapes and recordings."""

from unittest import mock

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hxtorch.spiking.errors import ExperimentError
from hxtorch.spiking.functional import CUBALIFParams, cuba_aelif_integration, cuba_lif_integration, fused, integration
from hxtorch.spiking.functional.constants import ROWS, Constants
from hxtorch.spiking.functional.loop import Terms
from hxtorch.spiking.functional.surrogates import SURROGATES
from hxtorch.spiking.observables import HardwareObservables

RANGES = {
    "gain": (0.05, 0.4),
    "keep": (0.5, 0.95),
    "leakage": (0.0, 1.2),
    "rest": (-0.3, 0.3),
    "start": (-0.3, 0.3),
    "reset": (-0.3, 0.2),
    "threshold": (0.5, 1.2),
    "push": (0.0, 1.0),
    "slope": (0.2, 0.6),
    "onset": (0.4, 1.0),
    "rate": (0.05, 0.3),
    "pull": (-0.3, 0.6),
    "kick": (-0.2, 0.5),
    "refractory": (0, 3),
}
RECORDINGS = ("spikes", "cadc", "adaptation")


def looped(*arguments, **options):
    """Integrate by the loop."""
    with mock.patch.object(integration, "_compilable", return_value=False):
        return integration.integrate(*arguments, **options)


@st.composite
def problems(draw, dtype):
    steps, batch = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    size = draw(st.one_of(st.integers(1, 40), st.just(700)))  # 700: more lanes than a block has
    terms = Terms(draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))

    def uniform(low, high, shape):
        return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)

    def recording(name):
        if (
            not draw(st.booleans())
            or (name == "spikes" and not terms.fire)
            or (name == "adaptation" and not terms.adapting)
        ):
            return None
        shape = (steps + draw(st.integers(0, 2)), batch, size)
        return (uniform(0, 1, shape) < 0.2).to(dtype) if name == "spikes" else uniform(-0.5, 1.5, shape).to(dtype)

    shapes = st.sampled_from([(), (1,), (size,), (1, size), (batch, size)])
    absent = (set() if terms.exponential else {"push"}) | (set() if terms.adapting else {"rate", "pull", "kick"})
    trained = draw(st.sets(st.sampled_from(ROWS[:-1]))) - absent
    constants = {}
    for name, (low, high) in RANGES.items():
        value = uniform(low, high, draw(shapes)) * (name not in absent)
        value = value.round() if name == "refractory" else value
        number = draw(st.booleans()) and not value.shape and name not in trained
        constants[name] = float(value) if number else value.to(dtype).requires_grad_(name in trained)
    x = uniform(-0.1, 0.6, (steps, batch, size)).to(dtype).requires_grad_(draw(st.booleans()))
    hw = HardwareObservables(**{name: recording(name) for name in RECORDINGS})
    options = {
        "method": draw(st.sampled_from(sorted(SURROGATES))),
        "alpha": draw(st.sampled_from([0.5, 5.0, 50.0])),
        "traces": draw(st.booleans()),
    }
    return (x, Constants(**constants), terms, hw), options, draw(st.sets(st.integers(0, 3)))


def check(problem, rtol, margin):
    (x, constants, terms, hw), options, silent = problem
    got, law = integration.integrate(x, constants, terms, hw, **options), looped(x, constants, terms, hw, **options)
    if terms.fire:
        # The exponentials differ by rounding: leave out networks in which that decides about a spike.
        with mock.patch.object(integration, "_compilable", return_value=False):
            distances = []
            spy = lambda distance, alpha: distances.append(distance.detach()) or (distance > 0).to(distance)  # noqa: E731
            integration.integrate(x.detach(), constants, terms, hw, method=spy)
        assume(torch.stack(distances).abs().min() > margin)
    asked = [True, options["traces"] or not terms.fire, options["traces"], options["traces"]]
    assert [a is not None for a in got] == [b is not None and wanted for b, wanted in zip(law, asked, strict=True)]
    kept = [(a, b) for a, b in zip(got, law, strict=True) if a is not None]
    for trace, wanted in kept:
        torch.testing.assert_close(trace, wanted, rtol=rtol, atol=rtol)
    leaves = [
        value for value in (x, *vars(constants).values()) if isinstance(value, torch.Tensor) and value.requires_grad
    ]
    used = [pair for index, pair in enumerate(kept) if index not in silent] or kept[:1]
    if not leaves:
        return
    weights = [
        torch.randn(trace.shape, generator=torch.Generator().manual_seed(i), dtype=torch.float64).to(trace)
        for i, (trace, _) in enumerate(used)
    ]
    untouched = sum(0 * leaf.sum() for leaf in leaves)  # in one step nothing reaches the membrane
    gradients = [
        torch.autograd.grad(
            sum(((weight * pair[side]).sum() for weight, pair in zip(weights, used, strict=True)), untouched),
            leaves,
            retain_graph=True,
        )
        for side in (0, 1)
    ]
    for gradient, wanted in zip(*gradients, strict=True):
        scale = float(wanted.abs().max())
        torch.testing.assert_close(gradient, wanted, rtol=rtol, atol=rtol * max(scale, 1e-3))


COMMON = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@given(problems(torch.float64))
@settings(max_examples=120, **COMMON)
def test_compiled_steps_are_the_loop_in_double_precision(problem):
    check(problem, 1e-9, 1e-9)


@given(problems(torch.float32))
@settings(max_examples=80, **COMMON)
def test_compiled_steps_are_the_loop_in_single_precision(problem):
    check(problem, 1e-4, 1e-4)
