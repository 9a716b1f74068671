"""Adaptive exponential leaky integrate-and-fire neurons with exponential synaptic currents."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional.models.step_code import CuBaStepCode, described
from hxtorch.spiking.functional.recorded import HardwareData, observables
from hxtorch.spiking.functional.steps import integration
from hxtorch.spiking.functional.steps.constants import Constants, relative
from hxtorch.spiking.functional.steps.euler import Value, counted_steps, fraction, is_positive, precise
from hxtorch.spiking.functional.steps.loop import Feedback, Terms
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate
from hxtorch.spiking.network.observables import MADCTrace

__all__ = ["AELIFTraces", "constants", "cuba_aelif_integration", "terms"]


class AELIFTraces(NamedTuple):
    """Traces of the integration, (time, batch, neuron) each, in model units.

    ``membrane_cadc`` is the membrane at the end of each step, or what was injected as such. The adaptation is None for
    neurons without one, ``spikes`` for neurons without a threshold, all but the spikes if only these were asked for.
    What the membrane ADC recorded is handed through.
    """

    membrane_cadc: Tensor | None
    membrane_madc: MADCTrace | None
    current: Tensor | None
    adaptation_cadc: Tensor | None
    adaptation_madc: MADCTrace | None
    spikes: Tensor | None


@checked
def cuba_aelif_integration(
    input: Tensor | tuple[Tensor, ...],
    *,
    leak: Value = 0.0,
    reset: Value = 0.0,
    threshold: Value = 1.0,
    tau_syn: Value = 10e-6,
    c_mem: Value = 10e-6,
    g_l: Value = 1.0,
    refractory_time: Value = 0.0,
    method: str | Surrogate = "superspike",
    alpha: float = 50.0,
    exp_slope: Value = 1.0,
    exp_threshold: Value = 1.0,
    subthreshold_adaptation_strength: Value = 0.0,
    spike_triggered_adaptation_increment: Value = 0.0,
    tau_adap: Value = 10e-6,
    hw_data: HardwareData = None,
    dt: float = 1e-6,
    leaky: bool = True,
    fire: bool = True,
    refractory: bool = False,
    exponential: bool = False,
    subthreshold_adaptation: bool = False,
    spike_triggered_adaptation: bool = False,
    integration_step_code: CuBaStepCode | str | None = None,
    traces: bool = True,
    feedback: Feedback | None = None,
) -> AELIFTraces:
    r"""Integrate by forward Euler.

    .. math::
        C \dot v &= -g_l (v - v_l) + g_l \Delta_T e^{(v - v_T) / \Delta_T} + i - w, \qquad
        \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k) \\
        \tau_w \dot w &= a (v - v_l) - w, \qquad
        v > \vartheta \Rightarrow v \to v_r, \; w \to w + b

    Each term is there only if its flag is set. The order inside a step is that of the text that
    :meth:`~hxtorch.spiking.functional.CuBaStepCode.generate` returns. Membranes start at the leak potential, without a
    leak at 0. The exponent is at most 20: further up the chip's membrane is at its rail. What is injected is
    described at :func:`~hxtorch.spiking.functional.models.lif.cuba_lif_integration`; a recorded adaptation takes the
    place of the computed one as a membrane does.

    Args:
        input: Weighted spikes per step, floating (time, batch, neuron), or a tuple of such tensors, which are added
            up.
        leak: Potential :math:`v_l` in model units; this and all other parameters are a number or a tensor (neuron,).
        reset: Potential :math:`v_r`.
        threshold: Potential :math:`\vartheta`.
        tau_syn: Time constant :math:`\tau_s` in seconds, at least half of the step.
        c_mem: Capacitance :math:`C`, in seconds if ``g_l`` has no unit; ``c_mem / g_l`` is the time constant of the
            membrane.
        g_l: Conductance of the leak, positive.
        refractory_time: Seconds after a spike in which the membrane stays at the reset, for all steps that begin in it.
        method: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.
        alpha: Its steepness.
        exp_slope: Slope :math:`\Delta_T` in model units, positive.
        exp_threshold: Threshold :math:`v_T` of the exponential term.
        subthreshold_adaptation_strength: Conductance :math:`a` in units of ``g_l``'s.
        spike_triggered_adaptation_increment: Step :math:`b` of the adaptation current.
        tau_adap: Time constant :math:`\tau_w` in seconds, at least half of the step.
        hw_data: Recordings of the chip.
        dt: Step in seconds.
        leaky: The membrane leaks.
        fire: There is a threshold.
        refractory: A membrane that spiked is held for the refractory time.
        exponential: The membrane is driven by an exponential of itself.
        subthreshold_adaptation: The membrane drives the adaptation.
        spike_triggered_adaptation: Each spike increments the adaptation.
        integration_step_code: Says which terms there are instead of these flags: a
            :class:`~hxtorch.spiking.functional.CuBaStepCode` or the text that it generates.
        traces: Whether other traces than spikes are wanted.
        feedback: What spikes of one step (batch, neuron) add to the input of the next, in recurrent layers.

    Returns:
        Traces of as many steps as input and recordings both have.

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
        ParameterError: A time constant is below half a step, a conductance, the capacitance or the slope is not
            positive, the surrogate is unknown, or ``integration_step_code`` is other text.
    """
    step = CuBaStepCode(leaky, fire, refractory, exponential, subthreshold_adaptation, spike_triggered_adaptation)
    if integration_step_code is not None:
        step = described(integration_step_code)
    factors = constants(
        step,
        dt,
        leak=leak,
        reset=reset,
        threshold=threshold,
        tau_syn=tau_syn,
        c_mem=c_mem,
        g_l=g_l,
        refractory_time=refractory_time,
        exp_slope=exp_slope,
        exp_threshold=exp_threshold,
        subthreshold_adaptation_strength=subthreshold_adaptation_strength,
        spike_triggered_adaptation_increment=spike_triggered_adaptation_increment,
        tau_adap=tau_adap,
    )
    total = sum(input[1:], input[0]) if isinstance(input, (tuple, list)) else input
    recorded = observables(hw_data, step.fire)
    found = integration.integrate(total, factors, terms(step), recorded, method, alpha, traces, feedback)
    madc = None if recorded is None else recorded.madc
    return AELIFTraces(found.membrane, madc, found.current, found.adaptation, None, found.spikes)


def terms(step: CuBaStepCode) -> Terms:
    """Return which terms the integration has."""
    return Terms(step.fire, step.exponential, step.adapting)


def constants(
    step: CuBaStepCode,
    dt: float,
    *,
    leak: Value = 0.0,
    reset: Value = 0.0,
    threshold: Value = 0.0,
    tau_syn: Value,
    c_mem: Value,
    g_l: Value = 1.0,
    refractory_time: Value = 0.0,
    exp_slope: Value = 1.0,
    exp_threshold: Value = 0.0,
    subthreshold_adaptation_strength: Value = 0.0,
    spike_triggered_adaptation_increment: Value = 0.0,
    tau_adap: Value = 10e-6,
) -> Constants:
    """Return the factors of one step of length ``dt``; parameters as in :func:`cuba_aelif_integration`.

    Raises:
        ParameterError: A time constant is below half a step, or a conductance, the capacitance or the slope is not
            positive.
    """
    c_mem, g_l = precise(c_mem), precise(g_l)
    for name, value in (("c_mem", c_mem), ("g_l", g_l), ("exp_slope", exp_slope)):
        if not is_positive(value):
            raise ParameterError(f"{name}: got {value}, wanted a positive number")
    if step.leaky:
        fraction(c_mem / g_l, dt, "tau_mem")  # forward Euler must not diverge
    return Constants(
        gain=dt / c_mem,
        keep=1.0 - fraction(tau_syn, dt, "tau_syn"),
        leakage=g_l if step.leaky else 0.0,
        rest=leak,
        start=0.0 if step.leaky else relative(0.0, leak),
        reset=relative(reset, leak) if step.fire else 0.0,
        threshold=relative(threshold, leak) if step.fire else 0.0,
        push=g_l if step.exponential else 0.0,
        slope=exp_slope if step.exponential else 1.0,
        onset=relative(exp_threshold, leak) if step.exponential else 0.0,
        rate=fraction(tau_adap, dt, "tau_adap") if step.adapting else 0.0,
        pull=subthreshold_adaptation_strength if step.subthreshold_adaptation else 0.0,
        kick=spike_triggered_adaptation_increment if step.spike_triggered_adaptation else 0.0,
        refractory=counted_steps(refractory_time, dt) if step.refractory else 0.0,
    )
