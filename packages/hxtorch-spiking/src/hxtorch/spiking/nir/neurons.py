"""Neurons of graphs in the terms of the model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hxtorch.spiking.errors import NIRConversionError
from hxtorch.spiking.nir.config import ConversionConfig
from hxtorch.spiking.nir.library import array, of_class

REFRACTORY_KEY = "hxtorch_refractory_time"
"""Metadata of a neuron: its refractory time in seconds of the graph, which NIR has no parameter for."""

TAU_SYN_KEY = "hxtorch_tau_syn"
"""Metadata of a neuron whose kind has none in NIR: its synaptic time constant in seconds of the graph."""

_TIME_RANGE = (0.1e-6, 2e-3)  # of time constants on the chip (chip facts 3.4)
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)  # times powers of ten, steps that people choose


@dataclass(frozen=True)
class Values:
    """What a model needs to know of a neuron, each float64 (neuron,).

    Attributes:
        tau_mem, tau_syn, refractory_time: Seconds of the chip; a refractory time of 0 is none.
        v_leak, v_reset, v_threshold: In units of the graph. Neurons without leak rest at the reset; those that do not
            fire have None.
        jump: How much a weight of 1 steps a current that moves the membrane by itself in the end.
        r, w_in: Of the node; 1 for nodes without ``w_in``.
        leaks: Whether the membrane has a leak.
        said: What is likely not meant.
    """

    tau_mem: np.ndarray
    tau_syn: np.ndarray
    refractory_time: np.ndarray
    v_leak: np.ndarray
    v_reset: np.ndarray | None
    v_threshold: np.ndarray | None
    jump: np.ndarray
    r: np.ndarray
    w_in: np.ndarray
    leaks: bool
    said: tuple[str, ...]


def size_of(name: str, node: Any) -> int:
    """Return how many values the time constant of a neuron has, or what there is in its place."""
    key = next(key for key in ("tau_mem", "tau", "r") if hasattr(node, key))
    return array(getattr(node, key), name, key).size


def values_of(name: str, node: Any, size: int, dt: float, config: ConversionConfig, mock: bool) -> Values:
    """Return what the model needs to know of a neuron.

    Args:
        name: Of the node.
        node: ``CubaLIF``, ``CubaLI``, ``LIF``, ``LI`` or ``IF``.
        size: Number of neurons.
        dt: Step in seconds of the chip.
        config: Units of the graph, and what stands in for what a node does not say.
        mock: Whether no chip will run it. Times that a chip does not have are refused for a chip, and warn without.

    Raises:
        NIRConversionError: A value is beyond what model or chip have, or nothing stands in for what is not there.
    """
    cuba, fires, leaks = (
        of_class(node, "CubaLIF", "CubaLI"),
        of_class(node, "CubaLIF", "LIF", "IF"),
        not of_class(node, "IF"),
    )

    def read(key: str) -> np.ndarray:
        values = array(getattr(node, key), name, key).reshape(-1)
        if values.size not in (1, size):
            raise NIRConversionError(f"node {name!r}, {key}: got {values.size} values, wanted 1 or {size}")
        return np.broadcast_to(values, (size,))

    said: list[str] = []

    def time(key: str, values: np.ndarray) -> np.ndarray:
        text = _wrong_times(name, key, values, dt, config, mock)
        if text:
            said.append(text)
        return values

    if cuba:
        tau_syn = time("tau_syn", read("tau_syn") / config.acceleration)
        said += _other_step(read("tau_syn"), read("w_in"), dt * config.acceleration, config)
    else:
        stand_in, text = _stand_in(name, node, dt, config, mock)
        said += text
        tau_syn = time("tau_syn", np.broadcast_to(stand_in, (size,)))
    if leaks:
        tau_key = "tau_mem" if cuba else "tau"
        tau_mem, jump = time(tau_key, read(tau_key) / config.acceleration), read("r")
    else:
        # A current I moves the membrane by r I per second of the graph, in the model by I / tau_mem.
        tau_mem = time("tau_mem", np.full(size, config.tau_mem))
        jump = read("r") * config.acceleration * tau_mem
    w_in = read("w_in") if cuba else np.ones(size)
    jump = jump * w_in
    if not (cuba and config.unit_jump):
        jump = jump * dt / tau_syn
    threshold = read("v_threshold") if fires else None
    reset = read("v_reset") if fires else None
    if threshold is not None and reset is not None and (reset >= threshold).any():
        raise NIRConversionError(f"node {name!r}, v_threshold: got a value at or below v_reset, wanted it above")
    leak = read("v_leak" if leaks else "v_reset")
    refractory = np.broadcast_to(_metadata(name, node, REFRACTORY_KEY, (1, size)), (size,)) / config.acceleration
    shared = (leak, reset, threshold, jump, read("r"), w_in, leaks, tuple(said))
    return Values(tau_mem, tau_syn, refractory, *shared)


def _other_step(tau_syn: np.ndarray, w_in: np.ndarray, step: float, config: ConversionConfig) -> list[str]:
    """Return what there is to say if ``w_in = tau_syn / dt`` gives away that a graph has another step than ``step``.

    Args:
        tau_syn: In seconds of the graph.
        w_in: Of the node.
        step: What a step is here, in seconds of the graph.
        config: Units of the graph.
    """
    if config.unit_jump or not (w_in >= 2).all():
        return []
    written = tau_syn / w_in
    first = float(written[0])
    mantissa = first / 10.0 ** math.floor(math.log10(first) + 1e-6)
    evident = np.allclose(written, first, rtol=1e-3, atol=0) and np.isclose(mantissa, _ROUND, rtol=1e-3).any()
    if not evident or math.isclose(first, step, rel_tol=1e-2):
        return []
    return [
        f"w_in is tau_syn / {first:.3g} s, so the graph was written for steps of {first:.3g} s; here one is {step:.3g} "
        f"s of the graph, and a spike counts {step / first:.3g} times as much as there; write "
        f"ConversionConfig(dt={first / config.acceleration:.3g})"
    ]


def _stand_in(
    name: str, node: Any, dt: float, config: ConversionConfig, mock: bool
) -> tuple[float | np.ndarray, list[str]]:
    """Return the synaptic time constant of a neuron whose kind has none, and what there is to say about it."""
    kept = _metadata(name, node, TAU_SYN_KEY, None)
    if kept.any():
        return kept / config.acceleration, []
    if config.tau_syn is not None:
        return config.tau_syn, []
    text = (
        f"got {type(node).__name__}, which has no synaptic time constant, but neurons of the chip have; say which one "
        "stands in by ConversionConfig(tau_syn=5e-6)"
    )
    if not mock:
        raise NIRConversionError(f"node {name!r}: {text}, or wanted CubaLIF or CubaLI")
    return dt, [f"{text}; without a chip it is one step, which is none"]


def _metadata(name: str, node: Any, key: str, sizes: tuple[int, ...] | None) -> np.ndarray:
    """Return times in the metadata of a node, or 0."""
    metadata = node.metadata if isinstance(node.metadata, Mapping) else {}
    values = array(metadata.get(key, 0.0), name, f"metadata {key}").reshape(-1)
    if (values < 0).any() or (sizes is not None and values.size not in sizes):
        raise NIRConversionError(
            f"node {name!r}, metadata {key}: got {values}, wanted times of 0 or more, 1 or one each"
        )
    return values


def _wrong_times(
    name: str, key: str, values: np.ndarray, dt: float, config: ConversionConfig, mock: bool
) -> str | None:
    """Return what there is to say of time constants that a chip does not have.

    Raises:
        NIRConversionError: A chip is meant, or the model does not have them either.
    """
    low, high = _TIME_RANGE
    outside = values[(values < low) | (values > high)]
    short = values[values < dt / 2]
    if not outside.size and not short.size:
        return None
    got = float((short if short.size else outside)[0])
    of_graph = got * config.acceleration
    fitting = next((one for one in (1.0, 1e3, 1e6) if max(low, 5 * dt) <= of_graph / one <= high), None)
    if got <= 0:
        advice = "wanted a positive time"
    elif short.size and low <= got:
        advice = f"wanted at least half of the step of {dt:g} s; write ConversionConfig(dt={got / 10:.1g})"
    else:
        advice = f"wanted {low:g} to {high:g} s"
        if fitting is not None:
            advice += f"; the graph says {of_graph:g} s, so write ConversionConfig(acceleration={fitting:g})"
    text = f"{key}: got {got:g} s on the chip, {advice}"
    if not mock or short.size:
        raise NIRConversionError(f"node {name!r}, {text}")
    return f"{text}; without a chip the network is built"
