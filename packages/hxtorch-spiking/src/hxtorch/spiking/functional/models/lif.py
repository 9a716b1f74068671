"""Leaky integrate-and-fire neurons with exponential synaptic currents."""

from __future__ import annotations

from typing import NamedTuple, cast

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.recorded import HardwareData, observables
from hxtorch.spiking.functional.steps import integration
from hxtorch.spiking.functional.steps.constants import Constants, relative
from hxtorch.spiking.functional.steps.euler import Value, counted_steps, fraction
from hxtorch.spiking.functional.steps.loop import Feedback, Terms
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate
from hxtorch.spiking.network.observables import HardwareObservables, MADCTrace

__all__ = ["CUBALIFParams", "LIFTraces", "constants", "cuba_lif_integration", "integrate"]

_TERMS = Terms(fire=True)


@checked
class CUBALIFParams(NamedTuple):
    """Parameters of the model, each a number or a tensor (neuron,).

    Attributes:
        leak, reset, threshold: Potentials in model units.
        tau_mem, tau_syn: Time constants in seconds, at least half of the step.
        refractory_time: Seconds after a spike in which the membrane stays at the reset, for all steps that begin in it.
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


class LIFTraces(NamedTuple):
    """Traces of the integration, (time, batch, neuron) each, in model units.

    ``membrane_cadc`` is the membrane at the end of each step, or what was injected as such. It and ``current`` are None
    if only spikes were asked for. ``membrane_madc`` is handed through.
    """

    spikes: Tensor
    membrane_cadc: Tensor | None
    current: Tensor | None
    membrane_madc: MADCTrace | None = None


@checked
def cuba_lif_integration(
    input: Tensor,
    params: CUBALIFParams = CUBALIFParams(),  # noqa: B008  # it is frozen
    hw_data: HardwareData = None,
    dt: float = 1e-6,
    *,
    traces: bool = True,
    feedback: Feedback | None = None,
) -> LIFTraces:
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
        hw_data: Recordings of the chip: as runs hand them over, (spikes, cadc, madc), or a handle; what is None was not
            recorded.
        dt: Step in seconds.
        traces: Whether membrane and current are wanted; without, memory and time are saved.
        feedback: What spikes of one step (batch, neuron) add to the input of the next, in recurrent layers.

    Returns:
        Traces of as many steps as input and recordings both have.

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
        ParameterError: A time constant is below half a step, or the surrogate is unknown.
    """
    return integrate(input, constants(params, dt), observables(hw_data), params.method, params.alpha, traces, feedback)


def constants(params: CUBALIFParams, dt: float) -> Constants:
    """Return the factors of one step.

    Raises:
        ParameterError: A time constant is below half a step.
    """
    return Constants(
        gain=fraction(params.tau_mem, dt, "tau_mem"),
        keep=1.0 - fraction(params.tau_syn, dt, "tau_syn"),
        rest=params.leak,
        reset=relative(params.reset, params.leak),
        threshold=relative(params.threshold, params.leak),
        refractory=counted_steps(params.refractory_time, dt),
    )


def integrate(
    input: Tensor,
    factors: Constants,
    hw_data: HardwareObservables | None,
    method: str | Surrogate,
    alpha: float,
    traces: bool,
    feedback: Feedback | None = None,
) -> LIFTraces:
    """Take the steps of neurons with a threshold and without exponential and adaptation terms."""
    found = integration.integrate(input, factors, _TERMS, hw_data, method, alpha, traces, feedback)
    return LIFTraces(
        cast(Tensor, found.spikes), found.membrane, found.current, None if hw_data is None else hw_data.madc
    )
