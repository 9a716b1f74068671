"""Biases of synapses on their way to a chip: shifts of the leak, or regular background sources."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from hxtorch.spiking.chip.background import Rhythm
from hxtorch.spiking.lowering.plan import Plan, Source, Wire
from hxtorch.spiking.modules.neurons.analog import AnalogNeuron
from hxtorch.spiking.modules.neurons.checks import REACHABLE
from hxtorch.spiking.modules.synapses.bias import Background
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection
from hxtorch.spiking.network.handle import NeuronHandle

SHIFT, SOURCE = "shift of the leak", "regular background source"


def add_biases(plan: Plan, dt: float, runtime: int, batch_size: int) -> None:
    """Put the biases of a plan's synapses on the chip.

    A lasting current moves the resting potential, so a bias that stays as it is becomes a shift of the leak where the
    chip reaches that. One that is trained becomes a background source: each shift would ask for another calibration.

    Args:
        plan: Gets shifts, or sources and their synapses.
        dt: Step in seconds.
        runtime: Length of the run in steps.
        batch_size: Number of batch entries.
    """
    for wire in tuple(plan.wires):
        synapse = wire.projection
        if not isinstance(synapse, WeightedProjection) or synapse.bias is None:
            continue
        shift = _shift(plan, synapse, wire.post, dt)
        if shift is not None:
            plan.shifts[wire.post] = plan.shifts.get(wire.post, 0.0) + shift
            synapse.background, synapse.bias_on_chip = None, SHIFT
            continue
        synapse.bias_on_chip = SOURCE
        rhythm = Rhythm.of(synapse.largest_bias(), _smallest(wire.post.tau_syn.model_value) / dt)
        background = synapse.background
        if background is None or background.rhythm.sources != rhythm.sources:
            background = synapse.background = Background(synapse, rhythm.sources)
        background.rhythm = rhythm
        spikes = NeuronHandle(rhythm.spikes(runtime, batch_size, torch.empty(0)))
        source = Source(spikes, rhythm.sources, None, synapse)
        plan.sources.append(source)
        plan.wires.append(Wire(background, source, wire.post))


def _shift(plan: Plan, synapse: WeightedProjection, post: AnalogNeuron, dt: float) -> np.ndarray | None:
    """Return by how much the leak is shifted, LSB (neuron,), or None if it is not."""
    bias = synapse.bias
    scale = post.trace_scale
    if bias is None or bias.requires_grad or plan.instance.calibration is not None:
        return None
    if not post.step.leaky or post.shift_cadc_to_first or isinstance(scale, Mapping):
        return None
    capacity, tau_mem = post.membrane_capacitance.model_value, post.tau_mem.model_value
    gain = 1.0 if capacity is None else _array(tau_mem) / _array(capacity)
    shift: np.ndarray = _array(bias) * _array(post.tau_syn.model_value) / dt * gain / _array(scale)
    leak = _array(post.leak.hardware_value) + plan.shifts.get(post, 0.0) + shift
    lowest, highest = REACHABLE["leak"]
    return shift if bool(((leak >= lowest) & (leak <= highest)).all()) else None


def _array(values: object) -> np.ndarray:
    return torch.as_tensor(values).detach().cpu().double().numpy()


def _smallest(values: object) -> float:
    return float(_array(values).min())
