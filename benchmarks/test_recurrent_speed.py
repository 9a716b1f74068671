"""A recurrent layer with its input synapses, forward and backward: against norse's, and against our own torch loop.

Inputs -> LIF with all-to-all recurrence, exponential synaptic currents, SuperSpike, no refractory time, float32,
gradients of both weights. Ours goes through the public modules in mock mode.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.functional import step_by_step

STEPS, DT, TAU, ALPHA = 100, 1e-6, 10e-6, 50.0
SIZES = {"5-120": (5, 120, 100, 0.05), "700-256": (700, 256, 64, 0.05)}  # inputs, neurons, batch, density


def problem(sources, size, batch, density):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(STEPS, batch, sources, generator=generator) < density).float()
    weight = 2.0 / (sources * density) ** 0.5 * torch.randn(size, sources, generator=generator)
    return spikes, weight, 0.5 / size**0.5 * torch.randn(size, size, generator=generator)


def our_layer(spikes, weight, back, traces):
    exp = hxsnn.Experiment(mock=True, dt=DT)
    size, sources = weight.shape
    synapse, ring = hxsnn.Synapse(sources, size, exp), hxsnn.Synapse(size, size, exp)
    synapse.weight, ring.weight = torch.nn.Parameter(weight.clone()), torch.nn.Parameter(back.clone())
    silent = hxsnn.MixedHXModelParameter(0.0, DT)
    options = {"tau_mem": TAU, "tau_syn": TAU, "alpha": ALPHA, "refractory_time": silent}
    layer = hxsnn.Recurrent(exp, hxsnn.LIF(size, exp, enable_cadc_recording=traces, **options), ring)

    def step():
        z = layer(synapse(hxsnn.NeuronHandle(spikes)))
        hxsnn.run(exp, None)
        torch.autograd.grad(z.spikes.sum(), [synapse.weight, ring.weight])
        return z.spikes

    return step


def looped(step):
    def slow():
        with step_by_step():
            return step()

    return slow


def norse_layer(spikes, weight, back):
    norse = importlib.import_module("norse.torch")
    inverse = torch.tensor(1 / TAU)
    parameters = norse.LIFParameters(tau_syn_inv=inverse, tau_mem_inv=inverse, alpha=torch.tensor(ALPHA))
    size, sources = weight.shape
    layer = norse.LIFRecurrent(sources, size, p=parameters, dt=DT, autapses=True)
    with torch.no_grad():
        layer.input_weights.copy_(weight)
        layer.recurrent_weights.copy_(back)

    def step():
        z, _ = layer(spikes)
        torch.autograd.grad(z.sum(), [layer.input_weights, layer.recurrent_weights])
        return z

    return step


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_recurrent_layer(compare, size):
    given = problem(*size)
    ours = our_layer(*given, traces=True)
    compare({"torch loop": looped(ours), "full traces": ours}, rounds=7)
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        compare(
            {"norse": norse_layer(*given), "spikes only": our_layer(*given, traces=False), "full traces": ours},
            rounds=7,
        )
