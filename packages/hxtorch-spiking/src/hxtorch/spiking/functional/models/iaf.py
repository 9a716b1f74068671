"""Integrate-and-fire neurons with exponential synaptic currents: membranes that do not leak."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.models import lif
from hxtorch.spiking.functional.recorded import HardwareData, observables
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.euler import Value, counted_steps, fraction, step_fraction, tensor_like
from hxtorch.spiking.functional.steps.loop import Feedback
from hxtorch.spiking.functional.steps.refractory import after_spike
from hxtorch.spiking.functional.surrogates.threshold import Surrogate, surrogate
from hxtorch.spiking.functional.surrogates.unterjubel import inject
from hxtorch.spiking.network.observables import MADCTrace

__all__ = [
    "CUBAIAFParams",
    "IAFTraces",
    "constants",
    "cuba_iaf_integration",
    "cuba_refractory_iaf_integration",
    "iaf_step",
]


@checked
class CUBAIAFParams(NamedTuple):
    """Parameters of the model, each a number or a tensor (neuron,).

    Attributes:
        reset, threshold: Potentials in model units. Membranes start at 0.
        tau_mem: Seconds in which a current of 1 moves the membrane by 1, at least half of the step.
        tau_syn: Time constant in seconds, at least half of the step.
        refractory_time: Seconds after a spike in which the membrane stays at the reset, for all steps that begin in it.
        method: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.
        alpha: Steepness of the surrogate.
    """

    reset: Value = 0.0
    threshold: Value = 1.0
    tau_mem: Value = 10e-6
    tau_syn: Value = 10e-6
    refractory_time: Value = 0.0
    method: str | Surrogate = "superspike"
    alpha: float = 50.0


class IAFTraces(NamedTuple):
    """Traces of the integration, fields as in :class:`~hxtorch.spiking.functional.models.lif.LIFTraces`."""

    spikes: Tensor
    membrane_cadc: Tensor | None
    current: Tensor | None
    membrane_madc: MADCTrace | None = None


def iaf_step(
    z: Tensor,
    v: Tensor,
    i: Tensor,
    input: Tensor,
    z_hw: Tensor | None,
    v_hw: Tensor | None,
    params: CUBAIAFParams,
    dt: float = 1e-6,
) -> tuple[Tensor, Tensor, Tensor]:
    """Take one step without refractory time.

    Args:
        z: Spikes of the step before (batch, neuron). What they did is in ``v`` already.
        v: Membrane after the step before, spiking neurons reset.
        i: Synaptic current after the step before.
        input: Weighted spikes of this step.
        z_hw: Recorded spikes of this step, or None.
        v_hw: Recorded membrane of this step, or None.
        params: Parameters in model units; the refractory time is not used.
        dt: Step in seconds.

    Returns:
        Spikes, membrane and current after this step, in the order of the arguments.

    Raises:
        ParameterError: A time constant is below half a step, or the surrogate is unknown.
    """
    v = inject(v + step_fraction(params.tau_mem, dt, input) * i, v_hw)
    i = tensor_like(1.0 - fraction(params.tau_syn, dt), input) * i + input
    fired = surrogate(params.method)(v - tensor_like(params.threshold, input), params.alpha)
    z, v, _ = after_spike(fired, v, torch.zeros_like(z), reset=tensor_like(params.reset, input), z_hw=z_hw)
    return z, v, i


@checked
def cuba_iaf_integration(
    input: Tensor,
    params: CUBAIAFParams = CUBAIAFParams(),  # noqa: B008  # it is frozen
    hw_data: HardwareData = None,
    dt: float = 1e-6,
    *,
    traces: bool = True,
) -> IAFTraces:
    """Integrate as :func:`cuba_refractory_iaf_integration` does with a refractory time of zero."""
    return _integrate(input, params._replace(refractory_time=0.0), hw_data, dt, traces)


@checked
def cuba_refractory_iaf_integration(
    input: Tensor,
    params: CUBAIAFParams = CUBAIAFParams(),  # noqa: B008  # it is frozen
    hw_data: HardwareData = None,
    dt: float = 1e-6,
    *,
    traces: bool = True,
    feedback: Feedback | None = None,
) -> IAFTraces:
    r"""Integrate by forward Euler.

    .. math::
        \tau_m \dot v = i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k), \qquad
        v > \vartheta \Rightarrow v \to v_r

    The order inside a step, the arguments, what is injected and what is raised are those of
    :func:`~hxtorch.spiking.functional.models.lif.cuba_lif_integration`.
    """
    return _integrate(input, params, hw_data, dt, traces, feedback)


def constants(params: CUBAIAFParams, dt: float) -> Constants:
    """Return the factors of one step.

    Raises:
        ParameterError: A time constant is below half a step.
    """
    return Constants(
        gain=fraction(params.tau_mem, dt, "tau_mem"),
        keep=1.0 - fraction(params.tau_syn, dt, "tau_syn"),
        leakage=0.0,
        reset=params.reset,
        threshold=params.threshold,
        refractory=counted_steps(params.refractory_time, dt),
    )


def _integrate(
    input: Tensor,
    params: CUBAIAFParams,
    hw_data: HardwareData,
    dt: float,
    traces: bool,
    feedback: Feedback | None = None,
) -> IAFTraces:
    factors = constants(params, dt)
    return IAFTraces(
        *lif.integrate(input, factors, observables(hw_data), params.method, params.alpha, traces, feedback)
    )
