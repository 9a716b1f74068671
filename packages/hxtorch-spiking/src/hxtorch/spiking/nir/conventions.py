"""Graphs as other libraries read them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from hxtorch.spiking.errors import NIRConversionError, ParameterWarning

_UNREACHED = 1e9
"""Threshold of neurons that do not fire: no library reads NIR's CubaLI."""
_ENDLESS = 1e9
"""Steps of the membrane time constant of neurons that do not leak: none of these reads an IF with synapses."""


@dataclass(frozen=True)
class Convention:
    """What a library makes of the neurons of a graph.

    All of them read ``CubaLIF`` alone with synaptic currents, step by Euler's method, move the membrane by the current
    of the same step, have no refractory time, and begin where they reset to, which for two of them is 0 in any graph.

    Attributes:
        name: Of the library.
        step: Seconds of the graph that its importer takes a step to be, or None if it is told so.
        one_threshold, one_tau: Whether all neurons of a population must have the same.
    """

    name: str
    step: float | None
    one_threshold: bool
    one_tau: bool


CONVENTIONS = {
    "norse": Convention("norse", None, one_threshold=False, one_tau=False),
    "snntorch": Convention("snntorch", 1e-4, one_threshold=True, one_tau=False),
    "spikingjelly": Convention("spikingjelly", 1e-4, one_threshold=True, one_tau=True),
}
"""As of norse 1.1, snntorch 1.0 and spikingjelly 2.0."""


def convention_of(name: str | None) -> Convention | None:
    """Return a convention by the name of the library.

    Raises:
        NIRConversionError: There is none.
    """
    if name is None:
        return None
    if name not in CONVENTIONS:
        known = ", ".join(CONVENTIONS)
        raise NIRConversionError(f"for_: got {name!r}, wanted one of {known}, or None for NIR as it is")
    return CONVENTIONS[name]


@dataclass(frozen=True)
class Neurons:
    """Neurons of the model, each float64 (neuron,), times in seconds.

    Attributes:
        tau_syn, tau_mem, capacity: Of the model; ``tau_mem`` None for neurons without leak.
        leak: Resting potential, model units; that of neurons without leak is the reset.
        threshold, reset: Model units; None for neurons that do not fire.
    """

    tau_syn: np.ndarray
    tau_mem: np.ndarray | None
    capacity: np.ndarray
    leak: np.ndarray
    threshold: np.ndarray | None
    reset: np.ndarray | None


def node_of(
    nir: Any, name: str, neurons: Neurons, convention: Convention, dt: float, step: float
) -> tuple[Any, np.ndarray]:
    """Return the node of neurons, and how many model units a weight of 1 is (neuron,).

    A weight of 1 steps the current by 1, and a current of 1 the membrane by 1 per step. Potentials count from the
    resting potential; where thresholds must be the same they are 1, in units of each neuron's way to it.

    Args:
        nir: The library.
        name: Of the node.
        neurons: Of the model.
        convention: Of the library that is to read the graph.
        dt: Step in seconds of the chip.
        step: The same in seconds of the graph, if the convention has none.

    Raises:
        NIRConversionError: The library cannot do what the neurons do.
    """
    step = convention.step or step

    def refuse(what: str, advice: str) -> NIRConversionError:
        return NIRConversionError(f"node {name!r}: {convention.name} {what}; {advice}")

    one = np.ones_like(neurons.tau_syn)
    scale, threshold = one, _UNREACHED * one
    if neurons.threshold is not None and neurons.reset is not None:
        threshold = neurons.threshold - neurons.leak
        if not (threshold > 0).all():
            raise refuse("begins below its thresholds", "wanted each threshold above the leak")
        if convention.one_threshold and np.ptp(threshold):
            scale = threshold
        if (neurons.reset != neurons.leak).any():
            raise refuse("resets to the resting potential", "wanted reset and leak to be the same")
        threshold = threshold / scale
    tau_mem = _ENDLESS * dt * one if neurons.tau_mem is None else neurons.tau_mem
    if convention.one_tau and (np.ptp(tau_mem) or np.ptp(neurons.tau_syn)):
        raise refuse("has one time constant for a population", "wanted the same for all neurons, or for_='norse'")
    if (np.minimum(tau_mem, neurons.tau_syn) < dt).any():
        raise refuse("has time constants of a step and more", f"wanted at least {dt:g} s")
    in_steps = {"tau_mem": tau_mem / dt, "tau_syn": neurons.tau_syn / dt}
    values = {
        **{key: value * step for key, value in in_steps.items()},
        "r": in_steps["tau_mem"],
        "w_in": in_steps["tau_syn"],
        "v_leak": 0 * one,
        "v_threshold": threshold,
        "v_reset": 0 * one,
    }
    node = nir.CubaLIF(**{key: np.asarray(value, np.float32) for key, value in values.items()})
    return node, neurons.capacity * scale / dt


@dataclass(frozen=True)
class Refractory:
    """The refractory time that a population has and a library has not.

    Attributes:
        name: Of the node.
        seconds: The longest in the population, whole steps.
        interval: Between spikes for which the difference is said, without a sample: the membrane time constant.
        part: Of the sample that its neurons were refractory for, or None without one.
    """

    name: str
    seconds: float
    interval: float
    part: float | None

    def __str__(self) -> str:
        if self.part is not None:
            return f"{self.name!r} has {self.seconds:.2g} s, in which it was for {self.part:.1%} of the sample"
        return (
            f"{self.name!r} has {self.seconds:.2g} s: what fires every {self.interval + self.seconds:.2g} s here does "
            f"so every {self.interval:.2g} s there, {self.seconds / self.interval:.0%} more"
        )


def warn_of(convention: Convention, refractory: list[Refractory], circles: bool) -> None:
    """Say in one warning what a library does otherwise."""
    said = []
    if refractory:
        said.append(f"no refractory time ({'; '.join(map(str, refractory))})")
    if circles:
        said.append("spikes that come back to their neurons a step earlier")
    if said:
        warnings.warn(f"to_nir: {convention.name} has {', and '.join(said)}", ParameterWarning, stacklevel=5)
