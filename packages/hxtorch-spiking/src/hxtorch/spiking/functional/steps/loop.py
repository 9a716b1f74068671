"""Integration of neurons step by step in torch: the specification, on any device and in any floating type."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.refractory import after_spike
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate
from hxtorch.spiking.functional.surrogates.unterjubel import inject

EXPONENT_LIMIT = 20.0
"""Largest exponent of the exponential term: there the chip's membrane is long at its rail; numbers overflow soon."""


Feedback = Callable[[Tensor], Tensor]
"""Turns the spikes of one step (batch, neuron) into weighted spikes of the next, of the same shape."""


class Terms(NamedTuple):
    """Terms that the equations of a neuron have.

    Attributes:
        fire: There is a threshold.
        exponential: The membrane is driven by an exponential of itself.
        adapting: The membrane is driven by an adaptation current.
    """

    fire: bool = True
    exponential: bool = False
    adapting: bool = False

    @property
    def full(self) -> bool:
        """Whether there are other terms than those of integrate-and-fire neurons."""
        return self.exponential or self.adapting


class Recorded(NamedTuple):
    """What the chip showed, (time, batch, neuron) each, in model units; None where nothing was recorded."""

    spikes: Tensor | None = None
    membrane: Tensor | None = None
    adaptation: Tensor | None = None


class Traces(NamedTuple):
    """What comes out of an integration, (time, batch, neuron) each; None where there is none or nobody asked."""

    spikes: Tensor | None
    membrane: Tensor | None
    current: Tensor | None
    adaptation: Tensor | None


def integrate(
    input: Tensor,
    constants: Constants,
    terms: Terms,
    fire: Surrogate,
    alpha: float,
    recorded: Recorded,
    feedback: Feedback | None = None,
) -> Traces:
    r"""Take all steps.

    With potentials relative to the rest, and :math:`T`, :math:`\vartheta_T` slope and threshold of the exponential
    term, each step is

    .. math::
        v &\leftarrow v + \frac{\Delta t}{C} \left( i - g_l v + g_e T e^{(v - \vartheta_T) / T} - w \right)
            \quad \text{unless refractory} \\
        i &\leftarrow \left( 1 - \frac{\Delta t}{\tau_s} \right) i + x \\
        z &= v > \vartheta \quad \text{unless refractory} \\
        w &\leftarrow w + \frac{\Delta t}{\tau_w} (a v - w) + b z \\
        v &\leftarrow v_r \quad \text{where } z

    Args:
        input: Weighted spikes :math:`x` per step, floating (time, batch, neuron).
        constants: Factors of one step, tensors that broadcast to (batch, neuron).
        terms: Which terms there are.
        fire: Comparator with its surrogate derivative.
        alpha: Its steepness.
        recorded: What the chip showed, as long as ``input``; takes the place of what is computed.
        feedback: What spikes of one step add to the input of the next, in recurrent layers.

    Returns:
        All traces that the model has.
    """
    rest, reset = constants.rest, constants.reset
    absent = [None] * len(input)
    spikes_hw = absent if recorded.spikes is None else recorded.spikes.unbind(0)
    membrane_hw = absent if recorded.membrane is None else (recorded.membrane - rest).detach().unbind(0)
    adaptation_hw = absent if recorded.adaptation is None else recorded.adaptation.unbind(0)
    i = w = ref = z = torch.zeros_like(input[0])
    v = constants.start + i
    spikes, membrane, current, adaptation = [], [], [], []
    for x, z_hw, v_hw, w_hw in zip(input.unbind(0), spikes_hw, membrane_hw, adaptation_hw, strict=True):
        if feedback is not None:
            x = x + feedback(z)
        drive = i - constants.leakage * v
        if terms.exponential:
            exponent = ((v - constants.onset) / constants.slope).clamp(max=EXPONENT_LIMIT)
            drive = drive + constants.push * (constants.slope * torch.exp(exponent))
        if terms.adapting:
            drive = drive - w
        moved = v + constants.gain * drive
        if terms.fire:
            moved = torch.where(ref > 0, v, moved)
        moved = inject(moved, v_hw)
        i = constants.keep * i + x
        if terms.adapting:
            w = w + constants.rate * (constants.pull * moved - w)
        v = moved
        if terms.fire:
            z, v, ref = after_spike(
                fire(moved - constants.threshold, alpha),
                moved,
                ref,
                reset=reset,
                steps=constants.refractory,
                z_hw=z_hw,
            )
            spikes.append(z)
            if terms.adapting:
                w = w + constants.kick * z
        if terms.adapting:
            w = inject(w, w_hw)
            adaptation.append(w)
        membrane.append(v if v_hw is None else moved)
        current.append(i)
    return Traces(
        torch.stack(spikes) if spikes else None,
        inject(torch.stack(membrane) + rest, recorded.membrane),
        torch.stack(current),
        torch.stack(adaptation) if adaptation else None,
    )
