# %% [markdown]
# # A first network on a BrainScaleS-2 chip
#
# One neuron is excited by a few spikes, on the chip and in simulation. Then the units of both are brought together by
# measuring, and three neurons are trained, with the chip in the loop, to follow a curve.
#
# The chip is emulated unless another backend is installed. Run the whole tutorial by
# `python docs/tutorials/intro.py [--plot-path FIGURE]`.

# %%
"""Tutorial: run, compare with simulation, scale, train."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.snn.transforms.weight_transforms import linear_saturating
from hxtorch.snn.utils.calib_helper import nightly_calib_path

DT = 1e-6  # seconds; a step of all tensors

# %% [markdown]
# ## One neuron
#
# Modules are collected in an `Experiment` as handles pass through them. A handle is a promise: its tensors are `None`
# until `hxsnn.run` ran the chip and filled them. Tensors are `(time, batch, neuron)`.
#
# Without a chip, `mock=True`, the same network is integrated in PyTorch. By default its potentials are those of the
# chip in CADC steps, leak and reset at 80 and threshold at 125, and its weights count in the same units. On the chip
# they count in steps of the synapse's 6-bit current source.


# %%
def run_one_neuron(mock: bool = False) -> hxsnn.NeuronHandle:
    """Excite one neuron by four spikes and return its observables."""
    exp = hxsnn.Experiment(mock=mock, dt=DT)
    if not mock:
        exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
    syn = hxsnn.Synapse(in_features=1, out_features=1, experiment=exp)
    lif = hxsnn.Neuron(
        size=1,
        experiment=exp,
        enable_cadc_recording=True,
        enable_madc_recording=True,
        enable_spike_recording=True,
        record_neuron_id=0,
        cadc_time_shift=-1,
    )
    syn.weight.data.fill_(50.0 if mock else 63.0)

    inputs = torch.zeros(50, 1, 1)
    inputs[[10, 15, 20, 30]] = 1
    g = syn(hxsnn.NeuronHandle(inputs))
    z = lif(g)
    print("before the run:", z.spikes)
    hxsnn.run(exp, 50)
    print("spikes after the run, in steps:", z.spikes[:, 0, 0].nonzero().flatten().tolist())
    return z


# %% [markdown]
# On the chip, the column ADC (CADC) records the membranes of all neurons, every two microseconds, in steps of about
# 4.5 mV; `membrane_cadc` is that interpolated to the time grid. The membrane ADC (MADC) records a single neuron with
# 29 MHz, in steps a third as large.


# %%
def describe(z: hxsnn.NeuronHandle) -> None:
    """Print what was recorded."""
    print("membrane, CADC:", tuple(z.membrane_cadc.shape), "from", z.membrane_cadc[:8, 0, 0].mean().item(), "at rest")
    if z.membrane_madc is not None:
        values = z.membrane_madc[1, :, 0]  # row 0 has the times, in cycles of 8 ns
        print("membrane, MADC:", len(values), "samples, from", values[:100].mean().item(), "at rest")


# %% [markdown]
# ## Bringing chip and model together
#
# For training, a model that counts potentials from the rest in parts of the threshold is handy. A
# `MixedHXModelParameter` has one value for the model and one for the chip.


# %%
MODEL: dict[str, Any] = {
    "leak": hxsnn.MixedHXModelParameter(0.0, 80),
    "reset": hxsnn.MixedHXModelParameter(0.0, 80),
    "threshold": hxsnn.MixedHXModelParameter(1.0, 125),
}

# %% [markdown]
# Three measurements, each averaged over many trials, as trials differ: the membrane at rest, the threshold, and the
# response to one event (postsynaptic potential, PSP). They give `trace_scale`, model units per CADC step, and
# `weight_scale`, steps of the synapse per model unit of weight.


# %%
@dataclass(frozen=True)
class Scales:
    """What was measured; potentials in CADC steps, PSPs in units of the distance from rest to threshold."""

    baseline: float
    threshold: float
    psp: Tensor  # mean over trials, (time,)
    trials: Tensor  # single trials, (time, trial)

    @property
    def trace_scale(self) -> float:
        """Model units per CADC step."""
        return 1 / (self.threshold - self.baseline)

    @property
    def weight_scale(self) -> float:
        """Steps of the synapse per model unit of weight."""
        return PSP_WEIGHT * model_psp().max().item() / self.psp.max().item()


PSP_WEIGHT = 55  # steps
PSP_EVENT = 20  # step of time
TRIALS = 50


def record_membrane(weight: float, inputs: Tensor) -> Tensor:
    """Return the membrane of one neuron (time, trial) in CADC steps, for input spikes (time,)."""
    exp = hxsnn.Experiment(dt=DT)
    exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
    syn = hxsnn.Synapse(1, 1, exp)
    lif = hxsnn.Neuron(1, exp)
    syn.weight.data.fill_(weight)
    z = lif(syn(hxsnn.NeuronHandle(inputs[:, None, None].repeat(1, TRIALS, 1))))
    hxsnn.run(exp, len(inputs))
    return z.membrane_cadc[:, :, 0].detach()


def model_psp() -> Tensor:
    """Return the model's response to one spike of unit weight, (time,)."""
    exp = hxsnn.Experiment(mock=True, dt=DT)
    syn, lif = hxsnn.Synapse(1, 1, exp), hxsnn.Neuron(1, exp, **MODEL)
    syn.weight.data.fill_(1.0)
    inputs = torch.zeros(80, 1, 1)
    inputs[PSP_EVENT] = 1
    z = lif(syn(hxsnn.NeuronHandle(inputs)))
    hxsnn.run(exp, None)
    return z.membrane_cadc[:, 0, 0].detach()


def measure_scales() -> Scales:
    """Measure baseline, threshold and PSP."""
    baseline = record_membrane(0, torch.zeros(80)).mean().item()

    # Regular weak input lets the membrane creep up to the threshold, where it is seen before the reset.
    regular = torch.zeros(120)
    regular[10::2] = 1
    threshold = record_membrane(13, regular).max(0).values.mean().item()

    event = torch.zeros(80)
    event[PSP_EVENT] = 1
    trials = (record_membrane(PSP_WEIGHT, event) - baseline) / (threshold - baseline)
    return Scales(baseline, threshold, trials.mean(1), trials)


# %% [markdown]
# ## Training with the chip in the loop
#
# Three neurons without threshold shall follow a sum of sines each. In every epoch the chip runs the network; the model
# is differentiated at what the chip recorded. `shift_cadc_to_first` takes the first value of each recorded membrane as
# zero, so no baseline needs to be known.


# %%
def targets(steps: int = 100) -> Tensor:
    """Return three sums of sines, (time, batch, neuron)."""
    phase = torch.linspace(0, 2 * math.pi, steps)
    curves = [
        0.5 * torch.sin(phase) + 0.3 * torch.sin(2 * phase),
        0.4 * torch.sin(2 * phase) - 0.4 * torch.sin(phase),
        0.3 * torch.sin(phase) + 0.3 * torch.sin(3 * phase),
    ]
    return torch.stack(curves, 1)[:, None]


def train(scales: Scales, epochs: int = 200, mock: bool = False) -> tuple[list[float], Tensor]:
    """Train; return the loss in each epoch and the last membranes (time, batch, neuron)."""
    torch.manual_seed(1)
    target = targets()
    inputs = (torch.rand(len(target), 1, 128) < 0.05).float()

    exp = hxsnn.Experiment(mock=mock, dt=DT)
    if not mock:
        exp.default_execution_instance.load_calib(nightly_calib_path("spiking"))
    syn = hxsnn.Synapse(128, 3, exp, transform=partial(linear_saturating, scale=scales.weight_scale))
    readout = hxsnn.ReadoutNeuron(3, exp, leak=MODEL["leak"], trace_scale=scales.trace_scale, shift_cadc_to_first=True)
    torch.nn.init.normal_(syn.weight, 0.0, 0.1)
    optimizer = torch.optim.Adam(syn.parameters(), lr=0.02)

    losses = []
    for epoch in range(epochs):
        optimizer.zero_grad()
        y = readout(syn(hxsnn.NeuronHandle(inputs)))
        hxsnn.run(exp, len(target))
        loss = torch.nn.functional.mse_loss(y.membrane_cadc, target)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
        if epoch % 20 == 0 or epoch == epochs - 1:
            print(f"epoch {epoch}: loss {losses[-1]:.4f}")
    return losses, y.membrane_cadc.detach()


# %% [markdown]
# ## All of it


# %%
def draw(path: str, chip: Any, mock: Any, scales: Scales, losses: list[float], membranes: Tensor) -> None:
    """Write a figure of all steps (needs matplotlib)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 4), layout="constrained")
    first, second, third, fourth = figure.subplots(1, 4)
    hxsnn.viz.traces(chip, axes=first).set(title="one neuron on the chip", ylabel="membrane (CADC steps)")
    hxsnn.viz.traces(mock, axes=second).set(title="the same in the model", ylabel="membrane (model units)")
    third.plot(scales.trials, color="C0", alpha=0.1)
    third.plot(scales.psp, color="k", label="mean of trials")
    third.plot(model_psp() * PSP_WEIGHT / scales.weight_scale, color="C1", label="model")
    third.set(title=f"response to one event of weight {PSP_WEIGHT}", xlabel="time (us)", ylabel="part of the threshold")
    third.legend()
    fourth.plot(targets()[:, 0], "k:")
    fourth.plot(membranes[:, 0])
    fourth.set(title=f"training, loss {losses[-1]:.4f}", xlabel="time (us)", ylabel="membrane (model units)")
    figure.savefig(path)


def main(plot_path: str | None = None) -> None:
    """Run all steps on the connected chip."""
    hxtorch.init_hardware()
    print("\n* One neuron on the chip")
    chip = run_one_neuron()
    describe(chip)
    print("\n* The same in the model")
    mock = run_one_neuron(mock=True)
    describe(mock)
    print("\n* Scales")
    scales = measure_scales()
    print(f"rest at {scales.baseline:.1f}, threshold at {scales.threshold:.1f} CADC steps")
    print(f"PSP of weight {PSP_WEIGHT}: {scales.psp.max():.2f} of the threshold")
    print(f"standard deviation of trials: {scales.trials.std(1).mean():.3f} of the threshold")
    print(f"trace_scale {scales.trace_scale:.4f}, weight_scale {scales.weight_scale:.1f}")
    print("\n* Training")
    losses, membranes = train(scales)
    if plot_path:
        draw(plot_path, chip, mock, scales, losses, membranes)
    hxtorch.release_hardware()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot-path", help="where to write a figure (needs matplotlib)")
    main(parser.parse_args().plot_path)
