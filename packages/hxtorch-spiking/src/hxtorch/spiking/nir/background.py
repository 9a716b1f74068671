"""Biases of graphs: constant inputs of neurons."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.chip.background import Rhythm
from hxtorch.spiking.errors import NIRConversionError, ParameterError
from hxtorch.spiking.modules import Synapse
from hxtorch.spiking.nir.levels import Levels
from hxtorch.spiking.nir.neurons import Values

_LOG = logging.getLogger("hxtorch.spiking.nir")


@dataclass
class Bias:
    """What is added to the current of a population in each step, and what does it.

    Attributes:
        node: Name of the node that the graph has it in.
        per_step: Model units (neuron,), as the graph has them.
        shift: How far the leak of the population was shifted for it, model units (neuron,), or None for a background.
        rhythm: When regular background sources spike.
        synapse: From these sources to the population, trained as others are.
    """

    node: str
    per_step: Tensor
    shift: Tensor | None = None
    rhythm: Rhythm = Rhythm(1, 0)
    synapse: Synapse | None = None

    @property
    def kind(self) -> str:
        """What does it: "shift of the leak" or "regular background source"."""
        return "shift of the leak" if self.shift is not None else "regular background source"

    def current(self) -> Tensor:
        """Return what is added in each step now, after training maybe, in model units (neuron,)."""
        if self.synapse is None:
            return self.per_step
        return self.synapse.weight.detach().sum(1) / self.rhythm.period


def bias_of(name: str, node: str, bias: np.ndarray, values: Values, levels: Levels, dt: float) -> Bias:
    """Choose what does a bias: a shift of the leak where the chip reaches it, else background sources.

    A lasting current moves the resting potential; the shift does that at once, from before the first step on, where the
    current would take some time constants.

    Args:
        name: Of the neurons' node.
        node: Of the node with the bias.
        bias: What is added to the inputs, in units of the graph, (neuron,).
        values: Of the neurons.
        levels: Where their potentials are.
        dt: Step in seconds.

    Raises:
        NIRConversionError: It is beyond what background sources of a neuron can do.
    """
    per_step = bias * values.jump
    made = Bias(node, torch.tensor(per_step, dtype=torch.float32))
    shift = per_step * values.tau_syn / dt
    if values.leaks and levels.leak_fits(shift):
        made.shift = torch.tensor(shift, dtype=torch.float32)
    else:
        lsb = float((np.abs(per_step) * levels.weight_scale).max())
        try:
            made.rhythm = Rhythm.of(lsb, float(values.tau_syn.min()) / dt)
        except ParameterError as error:
            raise NIRConversionError(f"node {node!r}, {error}") from error
    _LOG.info("node %r, bias: becomes a %s of %r", node, made.kind, name)
    return made
