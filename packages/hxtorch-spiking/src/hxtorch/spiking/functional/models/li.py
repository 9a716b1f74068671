"""Leaky integrators with exponential synaptic currents: neurons that do not fire."""

from __future__ import annotations

from typing import NamedTuple, cast

from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.functional.recorded import HardwareData, observables
from hxtorch.spiking.functional.steps import integration
from hxtorch.spiking.functional.steps.constants import Constants
from hxtorch.spiking.functional.steps.euler import Value, fraction
from hxtorch.spiking.functional.steps.loop import Terms
from hxtorch.spiking.network.observables import HardwareObservables, MADCTrace

__all__ = ["CUBALIParams", "LITraces", "cuba_li_integration", "integrate"]

_TERMS = Terms(fire=False)


@checked
class CUBALIParams(NamedTuple):
    """Parameters of the model, each a number or a tensor (neuron,).

    Attributes:
        leak: Potential in model units.
        tau_mem, tau_syn: Time constants in seconds, at least half of the step.
    """

    leak: Value = 0.0
    tau_mem: Value = 10e-6
    tau_syn: Value = 10e-6


class LITraces(NamedTuple):
    """Traces of the integration, (time, batch, neuron) each, in model units.

    ``current`` is None if only the membrane was asked for. ``membrane_madc`` is handed through.
    """

    membrane_cadc: Tensor
    current: Tensor | None
    membrane_madc: MADCTrace | None = None


@checked
def cuba_li_integration(
    input: Tensor,
    params: CUBALIParams = CUBALIParams(),  # noqa: B008  # it is frozen
    hw_data: HardwareData = None,
    dt: float = 1e-6,
    *,
    traces: bool = True,
) -> LITraces:
    r"""Integrate by forward Euler.

    .. math::
        \tau_m \dot v = -(v - v_l) + i, \qquad \dot i = -i / \tau_s + \sum_k w_k \delta(t - t_k)

    The order inside a step, the arguments, what is injected and what is raised are those of
    :func:`~hxtorch.spiking.functional.models.lif.cuba_lif_integration`, without the threshold; one tensor as
    ``hw_data`` is the membrane.
    """
    gain, keep = fraction(params.tau_mem, dt, "tau_mem"), 1.0 - fraction(params.tau_syn, dt, "tau_syn")
    return integrate(input, Constants(gain, keep, rest=params.leak), observables(hw_data, fires=False), traces)


def integrate(input: Tensor, constants: Constants, hw_data: HardwareObservables | None, traces: bool) -> LITraces:
    """Take the steps of neurons without a threshold."""
    found = integration.integrate(input, constants, _TERMS, hw_data, traces=traces)
    return LITraces(cast(Tensor, found.membrane), found.current, None if hw_data is None else hw_data.madc)
