"""Leaky integrate-and-fire neurons with exponential synaptic currents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from hxtorch.spiking.functional.euler import Value, step_fraction, tensor_like, time_steps
from hxtorch.spiking.functional.refractory import refractory_steps, refractory_update
from hxtorch.spiking.functional.threshold import Surrogate, surrogate
from hxtorch.spiking.functional.unterjubel import inject
from hxtorch.spiking.observables import NOTHING, HardwareObservables, MADCTrace


@dataclass(frozen=True, eq=False)
class CUBALIFParams:
    """Parameters of the model, each a number or a tensor (neuron,).

    Attributes:
        leak, reset, threshold: Potentials in model units.
        tau_mem, tau_syn: Time constants in seconds, at least half of the step.
        refractory_time: Seconds after a spike in which the membrane stays at the reset; rounded to whole steps.
        method: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.
        alpha: Steepness of the surrogate.
    """

    leak: Value = 0.0
    reset: Value = 0.0
    threshold: Value = 1.0
    tau_mem: Value = 10e-6
    tau_syn: Value = 10e-6
    refractory_time: Value = 0.0
    method: str | Surrogate = "superspike"
    alpha: float = 50.0


class LIF(NamedTuple):
    """Traces of the integration, (time, batch, neuron) each, in model units.

    ``membrane_cadc`` is the membrane at the end of each step, or what was injected as such. ``membrane_madc`` is
    handed through.
    """

    spikes: Tensor
    membrane_cadc: Tensor
    current: Tensor
    membrane_madc: tuple[MADCTrace, ...] | None = None


def cuba_lif_integration(
    input: Tensor, params: CUBALIFParams, hw_data: HardwareObservables | None = None, dt: float = 1e-6
) -> LIF:
    r"""Integrate by forward Euler.

    .. math::
        \tau_m \dot v = -(v - v_l) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    In each step the membrane moves by the current of the step before, then the current decays and takes up the input,
    then the membrane is compared with the threshold. A membrane that spiked is reset within the step and held there
    for the refractory time. No gradient passes through the decision to reset.

    Where the chip recorded, its values take the place of the computed ones (spikes, membrane) and the gradient goes to
    the computed ones; surrogate derivatives are taken at the recorded membrane.

    Args:
        input: Weighted spikes per step, floating (time, batch, neuron).
        params: Parameters in model units.
        hw_data: Recordings of the chip.
        dt: Step in seconds.

    Returns:
        Traces of as many steps as input and recordings both have.

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
        ParameterError: A time constant is below half a step, or the surrogate is unknown.
    """
    decay_mem = step_fraction(params.tau_mem, dt, input)
    keep_syn = 1.0 - step_fraction(params.tau_syn, dt, input)
    refractory = refractory_steps(params.refractory_time, dt, input)
    return integrate(input, params, hw_data, decay_mem, keep_syn, refractory)


def integrate(
    input: Tensor,
    params: CUBALIFParams,
    hw_data: HardwareObservables | None,
    decay_mem: Tensor,
    keep_syn: Tensor,
    refractory: Value,
) -> LIF:
    """Take the steps of :func:`cuba_lif_integration` with given factors.

    Args:
        input: Weighted spikes per step, floating (time, batch, neuron).
        params: Potentials and surrogate are used.
        hw_data: Recordings of the chip.
        decay_mem: Part of the way to its target that the membrane goes in one step.
        keep_syn: Part of the synaptic current that is left after one step.
        refractory: Steps after a spike in which the membrane stays at the reset.

    Returns:
        Traces of as many steps as input and recordings both have.
    """
    recorded = hw_data or NOTHING
    inputs = time_steps(input, recorded.steps(len(input)))
    spikes_hw = [None] * len(inputs) if recorded.spikes is None else recorded.spikes.unbind(0)

    # All potentials are relative to the leak.
    leak = tensor_like(params.leak, input)
    membrane_hw = [None] * len(inputs) if recorded.cadc is None else (recorded.cadc - leak).unbind(0)
    reset = tensor_like(params.reset, input) - leak
    threshold = tensor_like(params.threshold, input) - leak
    fire, alpha = surrogate(params.method), params.alpha

    v = i = ref = torch.zeros_like(inputs[0])
    spikes, membrane, current = [], [], []
    for x, z_hw, v_hw in zip(inputs, spikes_hw, membrane_hw, strict=False):
        v = inject(torch.where(ref > 0, v, v.lerp(i, decay_mem)), v_hw)
        i = torch.addcmul(x, i, keep_syn)
        z, v_after, ref = refractory_update(
            fire(v - threshold, alpha), v, ref, reset=reset, steps=refractory, z_hw=z_hw
        )
        spikes.append(z)
        membrane.append(v_after if v_hw is None else v)
        current.append(i)
        v = v_after
    return LIF(torch.stack(spikes), torch.stack(membrane).add_(leak), torch.stack(current), recorded.madc)
