"""One training problem, our modules and those of others that solve it: same equations, same weights, same run.

All networks are input -> LIF -> LI with exponential synaptic currents, SuperSpike or what the peer has in its place, no
refractory time, float32, Adam. A peer that is not installed is left out. Where a peer adds an input to the membrane
unscaled, its weights carry the scale. Peers return the hidden spikes and the readout's membrane; the compiled steps
return what ours record. Each step takes the next of a few inputs, which do not fit into caches together.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import linear

from hxtorch import snn as hxsnn

STEPS, DT, TAU, ALPHA = 100, 1e-6, 10e-6, 50.0
GAIN = DT / TAU
UNROLLED = 10
INPUTS = 4


@dataclass(frozen=True)
class Size:
    """A network, and how often its inputs spike."""

    inputs: int
    hidden: int
    outputs: int
    batch: int
    density: float = 0.05
    steps: int = STEPS

    def __str__(self) -> str:
        return f"{self.inputs}-{self.hidden}-{self.outputs}, batch {self.batch}, {self.density:.0%} input"


SMALL = Size(5, 120, 3, 100)
WIDE = Size(700, 256, 20, 64)
DENSE = Size(700, 256, 20, 64, 0.2)


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    """Compute on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class SuperSpike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x > 0).to(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient / (ALPHA * x.abs() + 1).square()


def lif_step(x: Tensor, v: Tensor, i: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    v = v + GAIN * (i - v)
    i = i - GAIN * i + x
    z = SuperSpike.apply(v - 1)
    return z, v * (1 - z.detach()), i


def li_step(x: Tensor, v: Tensor, i: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    v = v + GAIN * (i - v)
    return v, v, i - GAIN * i + x


def by_steps(step: Callable[..., tuple[Tensor, ...]], traces: bool) -> Callable[..., tuple[Tensor, ...]]:
    """Return a function that takes all steps that it is given, and what it records of them."""

    def several(x: Tensor, v: Tensor, i: Tensor) -> tuple[Tensor, ...]:
        found = []
        for one in x.unbind(0):
            z, v, i = step(one, v, i)
            found.append((z, v, i) if traces else (z,))
        return *(torch.stack(each) for each in zip(*found, strict=True)), v, i

    return several


def by_tens(several: Callable[..., tuple[Tensor, ...]]) -> Callable[[Tensor], tuple[Tensor, ...]]:
    """Return a function that takes ten steps at a time and joins what was recorded."""

    def layer(x: Tensor) -> tuple[Tensor, ...]:
        v = i = torch.zeros_like(x[0])
        found = []
        for part in x.split(UNROLLED):
            *recorded, v, i = several(part, v, i)
            found.append(recorded)
        return tuple(torch.cat(each) for each in zip(*found, strict=True))

    return layer


Layers = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


def compiled_layers(traces: bool) -> Layers:
    """Return layers of ten unrolled steps each, compiled by torch: all hundred take it ten minutes."""
    torch._dynamo.reset()  # which counts how often one function is compiled
    lif = by_tens(torch.compile(by_steps(lif_step, traces), dynamic=False))
    li = by_tens(torch.compile(by_steps(li_step, False), dynamic=False))
    return lambda x: lif(x)[0], lambda x: li(x)[0]


def looped_layers() -> Layers:
    """Return the same without a compiler."""
    lif, li = by_tens(by_steps(lif_step, False)), by_tens(by_steps(li_step, False))
    return lambda x: lif(x)[0], lambda x: li(x)[0]


def norse_layers() -> Layers:
    norse = importlib.import_module("norse.torch")
    inverse = torch.tensor(1 / TAU)
    lif = norse.LIF(p=norse.LIFParameters(tau_syn_inv=inverse, tau_mem_inv=inverse, alpha=torch.tensor(ALPHA)), dt=DT)
    li = norse.LI(p=norse.LIParameters(tau_syn_inv=inverse, tau_mem_inv=inverse), dt=DT)
    return lambda x: lif(x)[0], lambda x: li(x)[0]


def snntorch_options() -> dict[str, object]:
    surrogate = importlib.import_module("snntorch.surrogate").fast_sigmoid(slope=ALPHA)
    decay = 1 - GAIN
    return {"alpha": decay, "beta": decay, "reset_mechanism": "zero", "reset_delay": False, "spike_grad": surrogate}


def snntorch_layers() -> Layers:
    snntorch = importlib.import_module("snntorch")
    options = snntorch_options()

    def integrate(x: Tensor, neuron, state: bool) -> Tensor:
        synapse, membrane = neuron.init_synaptic()
        found = []
        for one in x.unbind(0):
            spikes, synapse, membrane = neuron(one, synapse, membrane)
            found.append(membrane if state else spikes)
        return torch.stack(found)

    hidden, readout = snntorch.Synaptic(**options), snntorch.Synaptic(**options, threshold=1e9)
    return lambda x: integrate(x, hidden, False), lambda x: integrate(x, readout, True)


def spikingjelly_layers() -> Layers:
    neuron = importlib.import_module("spikingjelly.activation_based.neuron")
    surrogate = importlib.import_module("spikingjelly.activation_based.surrogate")
    decay = 1 - GAIN
    options = {"c_decay": decay, "v_decay": decay, "surrogate_function": surrogate.ATan(), "v_reset": 0.0}
    hidden = neuron.CUBALIFNode(v_threshold=1.0, **options)
    readout = neuron.CUBALIFNode(v_threshold=1e9, **options)
    hidden.step_mode = readout.step_mode = "m"
    readout.store_v_seq = True

    def spikes(x: Tensor) -> Tensor:
        hidden.reset()
        return hidden(x)

    def membrane(x: Tensor) -> Tensor:
        readout.reset()
        readout(x)
        return readout.v_seq

    return spikes, membrane


PEERS: dict[str, tuple[Callable[[], Layers], float]] = {
    "torch loop": (looped_layers, 1.0),
    "norse": (norse_layers, 1.0),
    "snntorch": (snntorch_layers, GAIN),
    "spikingjelly": (spikingjelly_layers, GAIN),
}
"""Layers, and the scale that their weights carry."""


def peer_step(name: str, size: Size, traces: bool) -> Callable[[], Tensor] | None:
    """Return one training step of a peer, None where it is not installed."""
    if name == "torch.compile":
        return _step(compiled_layers(traces), size, 1.0)
    layers, scale = PEERS[name]
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        return _step(layers(), size, scale)
    return None


def problem(size: Size, scale: float = 1.0) -> tuple[Iterator[Tensor], list[torch.nn.Parameter], Tensor]:
    """Return inputs without end, weights and classes."""
    generator = torch.Generator().manual_seed(0)
    shape = INPUTS, size.steps, size.batch, size.inputs
    spikes = (torch.rand(shape, generator=generator) < size.density).float()
    width = 2.0 / (size.inputs * size.density) ** 0.5
    weights = (
        width * torch.randn(size.hidden, size.inputs, generator=generator),
        0.1 * torch.randn(size.outputs, size.hidden, generator=generator),
    )
    target = torch.randint(0, size.outputs, (size.batch,), generator=generator)
    return itertools.cycle(spikes), [torch.nn.Parameter(scale * weight) for weight in weights], target


def _step(layers: Layers, size: Size, scale: float) -> Callable[[], Tensor]:
    lif, li = layers
    spikes, weights, target = problem(size, scale)

    def forward() -> tuple[Tensor, Tensor]:
        hidden = lif(linear(next(spikes), weights[0]))
        return hidden, li(linear(hidden, weights[1]))

    return training_step(forward, weights, target)


def training_step(
    forward: Callable[[], tuple[Tensor, Tensor]], parameters: list[torch.nn.Parameter], target: Tensor
) -> Callable[[], Tensor]:
    """Return a step that gives back the hidden spikes."""
    optimizer = torch.optim.Adam(parameters, lr=1e-6)  # so small that activity stays what it is

    def step() -> Tensor:
        optimizer.zero_grad()
        hidden, readout = forward()
        torch.nn.functional.cross_entropy(readout.amax(0), target).backward()
        optimizer.step()
        return hidden

    return step


def unit_neuron() -> dict[str, object]:
    """Return options of neurons whose potentials are those of the peers: rest and reset 0, threshold 1."""
    zero, one = hxsnn.MixedHXModelParameter(0.0, 80), hxsnn.MixedHXModelParameter(1.0, 125)
    return {
        "leak": zero,
        "reset": zero,
        "threshold": one,
        "tau_mem": TAU,
        "tau_syn": TAU,
        "alpha": ALPHA,
        "refractory_time": hxsnn.MixedHXModelParameter(0.0, DT),
    }


def our_step(size: Size, traces: bool) -> Callable[[], Tensor]:
    """Return one training step of ours: public modules in mock mode."""
    spikes, weights, target = problem(size)
    experiment = hxsnn.Experiment(mock=True, dt=DT)
    first = hxsnn.Synapse(size.inputs, size.hidden, experiment)
    second = hxsnn.Synapse(size.hidden, size.outputs, experiment)
    first.weight, second.weight = weights
    lif = hxsnn.LIF(size.hidden, experiment, enable_cadc_recording=traces, **unit_neuron())
    leak = hxsnn.MixedHXModelParameter(0.0, 80)
    li = hxsnn.LI(size.outputs, experiment, leak=leak, tau_mem=TAU, tau_syn=TAU)

    def forward() -> tuple[Tensor, Tensor]:
        hidden = lif(first(hxsnn.NeuronHandle(next(spikes))))
        readout = li(second(hidden))
        hxsnn.run(experiment, None)
        return hidden.spikes, readout.membrane_cadc

    return training_step(forward, weights, target)


def ring_problem(size: Size, scale: float = 1.0) -> tuple[Iterator[Tensor], Tensor, Tensor]:
    """Return inputs without end, input weights and recurrent weights."""
    spikes, (weight, _), _ = problem(size, scale)
    generator = torch.Generator().manual_seed(1)
    back = scale * 0.5 / size.hidden**0.5 * torch.randn(size.hidden, size.hidden, generator=generator)
    return spikes, weight.detach(), back


def ring_step(forward: Callable[[], Tensor], *weights: Tensor) -> Callable[[], Tensor]:
    """Return a pass forward and back through a recurrent layer that gives back its spikes."""

    def step() -> Tensor:
        z = forward()
        torch.autograd.grad(z.sum(), weights)
        return z

    return step


def our_ring(size: Size, traces: bool) -> Callable[[], Tensor]:
    """Return a pass through a recurrent layer of ours: public modules in mock mode."""
    spikes, weight, back = ring_problem(size)
    experiment = hxsnn.Experiment(mock=True, dt=DT)
    synapse = hxsnn.Synapse(size.inputs, size.hidden, experiment)
    ring = hxsnn.Synapse(size.hidden, size.hidden, experiment)
    synapse.weight, ring.weight = torch.nn.Parameter(weight), torch.nn.Parameter(back)
    neurons = hxsnn.LIF(size.hidden, experiment, enable_cadc_recording=traces, **unit_neuron())
    layer = hxsnn.Recurrent(experiment, neurons, ring)

    def forward() -> Tensor:
        z = layer(synapse(hxsnn.NeuronHandle(next(spikes))))
        hxsnn.run(experiment, None)
        return z.spikes

    return ring_step(forward, synapse.weight, ring.weight)


def compiled_ring(size: Size, traces: bool) -> Callable[[], Tensor]:
    """Return the same of ten unrolled steps, compiled by torch."""
    torch._dynamo.reset()
    spikes, weight, back = ring_problem(size)
    weight, back = torch.nn.Parameter(weight), torch.nn.Parameter(back)

    def several(x: Tensor, z: Tensor, v: Tensor, i: Tensor, back: Tensor) -> tuple[Tensor, ...]:
        found = []
        for one in x.unbind(0):
            z, v, i = lif_step(one + linear(z, back), v, i)
            found.append((z, v, i) if traces else (z,))
        return *(torch.stack(each) for each in zip(*found, strict=True)), z, v, i

    ten = torch.compile(several, dynamic=False)

    def forward() -> Tensor:
        x = linear(next(spikes), weight)
        z = v = i = torch.zeros_like(x[0])
        found = []
        for part in x.split(UNROLLED):
            recorded, *_, z, v, i = ten(part, z, v, i, back)
            found.append(recorded)
        return torch.cat(found)

    return ring_step(forward, weight, back)


def norse_ring(size: Size, traces: bool) -> Callable[[], Tensor]:
    """Return the same with norse's recurrent layer."""
    norse = importlib.import_module("norse.torch")
    spikes, weight, back = ring_problem(size)
    inverse = torch.tensor(1 / TAU)
    parameters = norse.LIFParameters(tau_syn_inv=inverse, tau_mem_inv=inverse, alpha=torch.tensor(ALPHA))
    layer = norse.LIFRecurrent(size.inputs, size.hidden, p=parameters, dt=DT, autapses=True)
    with torch.no_grad():
        layer.input_weights.copy_(weight)
        layer.recurrent_weights.copy_(back)
    return ring_step(lambda: layer(next(spikes))[0], layer.input_weights, layer.recurrent_weights)


def snntorch_ring(size: Size, traces: bool) -> Callable[[], Tensor]:
    """Return the same with snntorch's layer, fed back by hand: its recurrent one resets a step later, and fires on."""
    snntorch = importlib.import_module("snntorch")
    spikes, weight, back = ring_problem(size, GAIN)
    weight, back = torch.nn.Parameter(weight), torch.nn.Parameter(back)
    layer = snntorch.Synaptic(**snntorch_options())

    def forward() -> Tensor:
        x = linear(next(spikes), weight)
        synapse, membrane = layer.init_synaptic()
        z = torch.zeros_like(x[0])
        found = []
        for one in x.unbind(0):
            z, synapse, membrane = layer(one + linear(z, back), synapse, membrane)
            found.append(z)
        return torch.stack(found)

    return ring_step(forward, weight, back)


RINGS = {"torch.compile": compiled_ring, "norse": norse_ring, "snntorch": snntorch_ring}


def peer_ring(name: str, size: Size, traces: bool) -> Callable[[], Tensor] | None:
    """Return a pass through a recurrent layer of a peer, None where it is not installed."""
    with warnings.catch_warnings(), contextlib.suppress(ImportError):
        warnings.simplefilter("ignore")
        return RINGS[name](size, traces)
    return None
