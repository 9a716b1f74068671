"""Training steps of spiking networks against norse, snntorch, spikingjelly and a torch loop, same equations, same run.

A peer that is not installed is left out. All networks are input -> LIF -> LI with exponential synaptic currents,
SuperSpike or what the peer has in its place, no refractory time, float32, Adam. Ours go through the public modules in
mock mode: "spikes only" records the hidden layer's spikes, which is what all peers return but the loop, "full traces"
its membrane and current too. The readout's membrane is recorded in both.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings

import pytest
import torch
from torch.nn.functional import linear

from hxtorch import snn as hxsnn
from hxtorch.spiking.functional import CUBALIFParams, cuba_lif_integration

STEPS, DT, TAU, ALPHA = 100, 1e-6, 10e-6, 50.0
YINYANG = (5, 120, 3, 100, 0.05)  # inputs, hidden, outputs, batch, density of input spikes
WIDE = (700, 256, 20, 64, 0.05)


class SuperSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.save_for_backward(x)
        ctx.alpha = alpha
        return (x > 0).to(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient / (ctx.alpha * x.abs() + 1).square(), None


LIF_STEP = """
v = v + dt / tau_mem * (leak - v + i)
i = i * (1 - dt / tau_syn) + input[step]
z = superspike(v - threshold, alpha)
v = (1 - z.detach()) * v + z.detach() * reset
spikes[step], membrane[step], current[step] = z, v, i
"""

LI_STEP = """
v = v + dt / tau_mem * (leak - v + i)
i = i * (1 - dt / tau_syn) + input[step]
membrane[step], current[step] = v, i
"""


def upstream_loop(text, x, **parameters):
    """A torch loop written as upstream's is: the text of a step is executed in each step and writes traces in place."""
    scope = {name: torch.tensor(value) for name, value in parameters.items()}
    scope |= {"dt": DT, "alpha": ALPHA, "superspike": SuperSpike.apply, "input": x}
    scope |= {name: torch.zeros_like(x) for name in ("spikes", "membrane", "current") if name in text}
    scope |= {name: torch.zeros_like(x[0]) for name in "vi"}
    for step in range(len(x)):
        scope["step"] = step
        exec(text, scope)  # noqa: S102  # this is what is measured
    return scope


def upstream_lif(x):
    parameters = {"leak": 0.0, "reset": 0.0, "threshold": 1.0, "tau_mem": TAU, "tau_syn": TAU}
    return upstream_loop(LIF_STEP, x, **parameters)["spikes"]


def upstream_li(x):
    return upstream_loop(LI_STEP, x, leak=0.0, tau_mem=TAU, tau_syn=TAU)["membrane"]


def norse_layers():
    norse = importlib.import_module("norse.torch")
    inverse = torch.tensor(1 / TAU)
    lif = norse.LIF(p=norse.LIFParameters(tau_syn_inv=inverse, tau_mem_inv=inverse, alpha=torch.tensor(ALPHA)), dt=DT)
    li = norse.LI(p=norse.LIParameters(tau_syn_inv=inverse, tau_mem_inv=inverse), dt=DT)
    return lambda x: lif(x)[0], lambda x: li(x)[0]


def snntorch_layers():
    snntorch = importlib.import_module("snntorch")
    surrogate = importlib.import_module("snntorch.surrogate").fast_sigmoid(slope=ALPHA)
    decay = 1 - DT / TAU
    options = {"alpha": decay, "beta": decay, "reset_mechanism": "zero", "spike_grad": surrogate}

    def integrate(x, neuron, state):
        synapse, membrane = neuron.init_synaptic()
        found = []
        for step in range(len(x)):
            spikes, synapse, membrane = neuron(0.1 * x[step], synapse, membrane)
            found.append(membrane if state else spikes)
        return torch.stack(found)

    hidden, readout = snntorch.Synaptic(**options), snntorch.Synaptic(**options, threshold=1e9)
    return lambda x: integrate(x, hidden, False), lambda x: integrate(x, readout, True)


def spikingjelly_layers():
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
    decay = 1 - DT / TAU
    options = {"c_decay": decay, "v_decay": decay, "surrogate_function": surrogate.ATan(), "v_reset": 0.0}

    def integrate(x, node, state):
        node.reset()
        found = []
        for step in range(len(x)):
            spikes = node(0.1 * x[step])
            found.append(node.v if state else spikes)
        return torch.stack(found)

    hidden = neuron.CUBALIFNode(v_threshold=1.0, **options)
    readout = neuron.CUBALIFNode(v_threshold=1e9, **options)
    return lambda x: integrate(x, hidden, False), lambda x: integrate(x, readout, True)


PEERS = {
    "norse": norse_layers,
    "snntorch": snntorch_layers,
    "spikingjelly": spikingjelly_layers,
    "loop like upstream's": lambda: (upstream_lif, upstream_li),
}


def peers():
    found = {}
    for name, layers in PEERS.items():
        with warnings.catch_warnings(), contextlib.suppress(ImportError):
            warnings.simplefilter("ignore")
            found[name] = layers()
    return found


def problem(sources, hidden, outputs, batch, density):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(STEPS, batch, sources, generator=generator) < density).float()
    scale = 2.0 / (sources * density) ** 0.5
    weights = (
        scale * torch.randn(hidden, sources, generator=generator),
        0.1 * torch.randn(outputs, hidden, generator=generator),
    )
    target = torch.randint(0, outputs, (batch,), generator=generator)
    return spikes, [torch.nn.Parameter(weight) for weight in weights], target


def training_step(forward, parameters, target):
    optimizer = torch.optim.Adam(parameters, lr=1e-4)

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(forward().amax(0), target)
        loss.backward()
        optimizer.step()
        return loss

    return step


def peer_step(layers, size):
    lif, li = layers
    spikes, weights, target = problem(*size)
    return training_step(lambda: li(linear(lif(linear(spikes, weights[0])), weights[1])), weights, target)


def our_step(size, traces):
    sources, hidden, outputs, _, _ = size
    spikes, weights, target = problem(*size)
    exp = hxsnn.Experiment(mock=True, dt=DT)
    first, second = hxsnn.Synapse(sources, hidden, exp), hxsnn.Synapse(hidden, outputs, exp)
    first.weight, second.weight = weights
    options = {"tau_mem": TAU, "tau_syn": TAU}
    lif = hxsnn.LIF(
        hidden,
        exp,
        alpha=ALPHA,
        refractory_time=hxsnn.MixedHXModelParameter(0.0, DT),
        enable_cadc_recording=traces,
        **options,
    )
    li = hxsnn.LI(outputs, exp, **options)

    def forward():
        readout = li(second(lif(first(hxsnn.NeuronHandle(spikes)))))
        hxsnn.run(exp, None)
        return readout.membrane_cadc

    return training_step(forward, [*first.parameters(), *second.parameters()], target)


@pytest.fixture(autouse=True)
def two_threads():
    torch.manual_seed(0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", [YINYANG, WIDE], ids=["5-120-3", "700-256-20"])
def test_training_step(compare, size):
    ours = {"spikes only": our_step(size, False), "full traces": our_step(size, True)}
    others = {name: peer_step(layers, size) for name, layers in peers().items()}
    for name, step in others.items():
        compare({name: step, **ours}, rounds=11)


@pytest.mark.filterwarnings("ignore")
def test_lif_layer_alone(compare):
    _, hidden, _, batch, _ = YINYANG
    x = torch.rand(STEPS, batch, hidden, generator=torch.Generator().manual_seed(0)).mul_(0.3).requires_grad_()
    weight = torch.rand(x.shape, generator=torch.Generator().manual_seed(1))
    params = CUBALIFParams(tau_mem=TAU, tau_syn=TAU, alpha=ALPHA)

    def ours():
        torch.autograd.grad(cuba_lif_integration(x, params, dt=DT).spikes, x, weight)

    for name, (lif, _) in peers().items():
        compare({name: lambda lif=lif: torch.autograd.grad(lif(x), x, weight), "full traces": ours}, rounds=11)
