"""Neurons whose steps are exact for a current that stands still during a step, by decay factors instead of times."""

from __future__ import annotations

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.models import li, lif
from hxtorch.spiking.functional.recorded import HardwareData, observables
from hxtorch.spiking.functional.steps.constants import Constants, relative
from hxtorch.spiking.functional.steps.euler import Value, decay_factor
from hxtorch.spiking.functional.surrogates.derivatives import Surrogate


@checked
def exp_cuba_lif_integration(
    input: Tensor,
    *,
    leak: Value = 0.0,
    reset: Value = 0.0,
    threshold: Value = 1.0,
    tau_syn_exp: Value,
    tau_mem_exp: Value,
    method: str | Surrogate = "superspike",
    alpha: float = 50.0,
    hw_data: HardwareData = None,
    traces: bool = True,
) -> lif.LIFTraces:
    r"""Integrate leaky integrate-and-fire neurons without refractory time by exponential Euler.

    .. math::
        v \leftarrow e^{-\Delta t / \tau_m} v + (1 - e^{-\Delta t / \tau_m}) (v_l + i), \qquad
        i \leftarrow e^{-\Delta t / \tau_s} i + \sum_k w_k, \qquad v > \vartheta \Rightarrow v \to v_r

    The order inside a step and what is injected are those of
    :func:`~hxtorch.spiking.functional.models.lif.cuba_lif_integration`.

    Args:
        input: Weighted spikes per step, floating (time, batch, neuron).
        leak: Potential in model units, a number or a tensor (neuron,).
        reset: As ``leak``.
        threshold: As ``leak``.
        tau_syn_exp: ``exp(-dt / tau_syn)``, a number or a tensor (neuron,).
        tau_mem_exp: ``exp(-dt / tau_mem)``, a number or a tensor (neuron,).
        method: Surrogate derivative, see :func:`~hxtorch.spiking.functional.threshold`.
        alpha: Steepness of the surrogate.
        hw_data: Recordings of the chip.
        traces: Whether membrane and current are wanted.

    Returns:
        Traces of as many steps as input and recordings both have.

    Raises:
        TensorShapeError: ``input`` has other axes, or no time.
        ParameterError: A factor is not in [0, 1), or the surrogate is unknown.
    """
    constants = Constants(
        gain=1.0 - decay_factor(tau_mem_exp, "tau_mem_exp"),
        keep=decay_factor(tau_syn_exp, "tau_syn_exp"),
        rest=leak,
        reset=relative(reset, leak),
        threshold=relative(threshold, leak),
    )
    return lif.integrate(input, constants, observables(hw_data), method, alpha, traces)


@checked
def exp_cuba_li_integration(
    input: Tensor,
    *,
    leak: Value = 0.0,
    tau_syn_exp: Value,
    tau_mem_exp: Value,
    hw_data: HardwareData = None,
    traces: bool = True,
) -> li.LITraces:
    """Integrate leaky integrators by exponential Euler; see :func:`exp_cuba_lif_integration`, without the threshold."""
    gain, keep = 1.0 - decay_factor(tau_mem_exp, "tau_mem_exp"), decay_factor(tau_syn_exp, "tau_syn_exp")
    return li.integrate(input, Constants(gain, keep, rest=leak), observables(hw_data, fires=False), traces)
