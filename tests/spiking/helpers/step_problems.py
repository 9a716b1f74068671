"""Problems for the compiled steps: constants, recordings and the comparison of gradients with the torch loop."""

import torch
from hypothesis import strategies as st

from hxtorch.spiking.functional.steps.constants import ROWS, Constants
from hxtorch.spiking.functional.surrogates.derivatives import SURROGATES
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


def uniform(generator, low, high, shape):
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)


@st.composite
def constants(draw, generator, terms, lanes, dtype):
    """Constants for all neurons, for each, or for each of each entry; some are trained, some are plain numbers."""
    batch, size = lanes
    shapes = st.sampled_from([(), (1,), (size,), (1, size), (batch, size)])
    absent = (set() if terms.exponential else {"push"}) | (set() if terms.adapting else {"rate", "pull", "kick"})
    trained = draw(st.sets(st.sampled_from(ROWS[:-1]))) - absent
    found = {}
    for name, (low, high) in RANGES.items():
        value = uniform(generator, low, high, draw(shapes)) * (name not in absent)
        value = value.round() if name == "refractory" else value
        number = draw(st.booleans()) and not value.shape and name not in trained
        found[name] = float(value) if number else value.to(dtype).requires_grad_(name in trained)
    return Constants(**found)


@st.composite
def recordings(draw, generator, terms, shape, dtype):
    """Some recordings, as long as the input or longer."""
    found = {}
    for name, possible in (("spikes", terms.fire), ("cadc", True), ("adaptation", terms.adapting)):
        if draw(st.booleans()) and possible:
            longer = (shape[0] + draw(st.integers(0, 2)), *shape[1:])
            low, high = (0, 1) if name == "spikes" else (-0.5, 1.5)
            value = uniform(generator, low, high, longer)
            found[name] = ((value < 0.2) if name == "spikes" else value).to(dtype)
    return HardwareObservables(**found)


OPTIONS = {
    "method": st.sampled_from(sorted(SURROGATES)),
    "alpha": st.sampled_from([0.5, 5.0, 50.0]),
    "traces": st.booleans(),
}


class Distances:
    """A surrogate that keeps how far membranes were from their thresholds."""

    def __init__(self):
        self.seen = []

    def __call__(self, distance, alpha):
        self.seen.append(distance.detach())
        return (distance > 0).to(distance)

    def least(self):
        return torch.stack(self.seen).abs().min()


def assert_same(pairs, leaves, silent, rtol):
    """Traces are the same, and so are the gradients that those reach leaves with which are not silent."""
    for trace, wanted in pairs:
        torch.testing.assert_close(trace, wanted, rtol=rtol, atol=rtol)
    leaves = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.requires_grad]
    used = [pair for index, pair in enumerate(pairs) if index not in silent] or pairs[:1]
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
