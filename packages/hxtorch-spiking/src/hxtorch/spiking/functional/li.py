"""Leaky integrators with exponential synaptic currents: neurons that do not fire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from hxtorch.spiking.functional.euler import Value, step_fraction, tensor_like, time_steps
from hxtorch.spiking.functional.unterjubel import inject
from hxtorch.spiking.observables import NOTHING, HardwareObservables, MADCTrace


@dataclass(frozen=True, eq=False)
class CUBALIParams:
    """Parameters of the model, each a number or a tensor (neuron,).

    Attributes:
        leak: Potential in model units.
        tau_mem, tau_syn: Time constants in seconds, at least half of the step.
    """

    leak: Value = 0.0
    tau_mem: Value = 10e-6
    tau_syn: Value = 10e-6


class LI(NamedTuple):
    """Traces of the integration, (time, batch, neuron) each, in model units. ``membrane_madc`` is handed through."""

    membrane_cadc: Tensor
    current: Tensor
    membrane_madc: tuple[MADCTrace, ...] | None = None


def cuba_li_integration(
    input: Tensor, params: CUBALIParams, hw_data: HardwareObservables | None = None, dt: float = 1e-6
) -> LI:
    r"""Integrate by forward Euler.

    .. math::
        \tau_m \dot v = -(v - v_l) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k)

    The order inside a step, the arguments, what is injected and what is raised are those of
    :func:`~hxtorch.spiking.functional.lif.cuba_lif_integration`, without the threshold.
    """
    decay_mem = step_fraction(params.tau_mem, dt, input)
    return integrate(input, params.leak, hw_data, decay_mem, 1.0 - step_fraction(params.tau_syn, dt, input))


def integrate(
    input: Tensor, leak: Value, hw_data: HardwareObservables | None, decay_mem: Tensor, keep_syn: Tensor
) -> LI:
    """Take the steps of :func:`cuba_li_integration` with given factors.

    Args:
        input: Weighted spikes per step, floating (time, batch, neuron).
        leak: Potential in model units.
        hw_data: Recordings of the chip.
        decay_mem: Part of the way to its target that the membrane goes in one step.
        keep_syn: Part of the synaptic current that is left after one step.

    Returns:
        Traces of as many steps as input and recordings both have.
    """
    recorded = hw_data or NOTHING
    inputs = time_steps(input, recorded.steps(len(input)))
    leak = tensor_like(leak, input)
    membrane_hw = [None] * len(inputs) if recorded.cadc is None else (recorded.cadc - leak).unbind(0)

    v = i = torch.zeros_like(inputs[0])  # v is relative to the leak
    membrane, current = [], []
    for x, v_hw in zip(inputs, membrane_hw, strict=False):
        v = inject(v.lerp(i, decay_mem), v_hw)
        i = torch.addcmul(x, i, keep_syn)
        membrane.append(v)
        current.append(i)
    return LI(torch.stack(membrane).add_(leak), torch.stack(current), recorded.madc)
