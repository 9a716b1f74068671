"""Neurons of graphs in the terms of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.errors import NIRConversionError
from hxtorch.spiking.nir.config import ConversionConfig
from hxtorch.spiking.nir.flat import array
from hxtorch.spiking.nir.library import nir_library

REFRACTORY_KEY = "hxtorch_refractory_time"
"""Metadata of a neuron: its refractory time in seconds of the graph, which NIR has no parameter for."""

_TIME_RANGE = (0.1e-6, 2e-3)  # of time constants on the chip (chip facts 3.4)
_POTENTIAL_RANGE = (50.0, 160.0)  # of resets, CADC LSB (chip facts 3.4)

Values = dict[str, Tensor]
"""Parameters of a neuron by name, float32 (neuron,)."""


def fires(node: Any) -> bool:
    """Return whether a neuron has a threshold."""
    nir = nir_library()
    return isinstance(node, (nir.CubaLIF, nir.LIF, nir.IF))


def leaks(node: Any) -> bool:
    """Return whether a neuron has a leak."""
    return not isinstance(node, nir_library().IF)


def size_of(name: str, node: Any) -> int:
    """Return how many values the time constant of a neuron has, or what there is in its place."""
    key = next(key for key in ("tau_mem", "tau", "r") if hasattr(node, key))
    return array(getattr(node, key), name, key).size


def values_of(name: str, node: Any, size: int, dt: float, config: ConversionConfig) -> Values:
    """Return what model and chip need to know of a neuron.

    Args:
        name: Of the node.
        node: ``CubaLIF``, ``CubaLI``, ``LIF``, ``LI`` or ``IF``.
        size: Number of neurons.
        dt: Step in seconds of the chip.
        config: Units of the graph, and what stands in for what a node does not say.

    Returns:
        ``tau_mem``, ``tau_syn`` and ``refractory_time`` in seconds of the chip; ``v_leak``, ``v_reset``,
        ``v_threshold`` and ``span``, what is above the leak, in units of the graph; ``reset_lsb``; ``jump``, how much a
        weight of 1 steps a current that moves the membrane by itself.

    Raises:
        NIRConversionError: A value is beyond what the chip has, or nothing stands in for what is not there.
    """
    nir = nir_library()
    cuba = isinstance(node, (nir.CubaLIF, nir.CubaLI))
    if not cuba and config.tau_syn is None:
        raise NIRConversionError(
            f"node {name!r}: got {type(node).__name__}, which has no synaptic time constant, but neurons of the chip "
            "have; say which one stands in by ConversionConfig(tau_syn=...), or wanted CubaLIF or CubaLI"
        )

    def read(key: str) -> np.ndarray:
        values = array(getattr(node, key), name, key).reshape(-1)
        if values.size not in (1, size):
            raise NIRConversionError(f"node {name!r}, {key}: got {values.size} values, wanted 1 or {size}")
        return np.broadcast_to(values, (size,))

    def time(key: str, chosen: float | None = None) -> np.ndarray:
        values = np.full(size, chosen) if chosen is not None else read(key) / config.acceleration
        outside = values[(values < _TIME_RANGE[0]) | (values > _TIME_RANGE[1])]
        if outside.size:
            raise NIRConversionError(
                f"node {name!r}, {key}: got {outside[0]:g} s on the chip, wanted {_TIME_RANGE[0]:g} to "
                f"{_TIME_RANGE[1]:g} s; say acceleration=1000 for graphs in biological time"
            )
        return values

    found = {"tau_syn": time("tau_syn", None if cuba else config.tau_syn)}
    if leaks(node):
        found["tau_mem"], found["v_leak"] = time("tau_mem" if cuba else "tau"), read("v_leak")
        found["jump"] = read("r")
    else:
        # A current I moves the membrane by r I per second of the graph, in the model by I / tau_mem.
        found["tau_mem"], found["v_leak"] = time("tau_mem", config.tau_mem), read("v_reset")
        found["jump"] = read("r") * config.acceleration * found["tau_mem"]
    found["jump"] = found["jump"] * (read("w_in") if cuba else 1.0)
    if not (cuba and config.unit_jump):
        found["jump"] = found["jump"] * dt / found["tau_syn"]
    if fires(node):
        found |= _firing(name, node, read, config)
    else:
        found["span"] = np.full(size, config.readout_range)
    return {key: torch.tensor(value, dtype=torch.float32) for key, value in found.items()}


def _firing(name: str, node: Any, read: Any, config: ConversionConfig) -> dict[str, np.ndarray]:
    """Return what neurons with a threshold have beside the others."""
    threshold, reset = read("v_threshold"), read("v_reset")
    leak = read("v_leak") if leaks(node) else reset
    for key, potential in (("v_leak", leak), ("v_reset", reset)):
        if (potential >= threshold).any():
            raise NIRConversionError(f"node {name!r}, v_threshold: got a value at or below {key}, wanted it above")
    span = threshold - leak
    reset_lsb = config.reset_lsb + (reset - leak) / span * config.span_lsb
    low, high = _POTENTIAL_RANGE
    outside = reset_lsb[(reset_lsb < low) | (reset_lsb > high)]
    if outside.size:
        raise NIRConversionError(
            f"node {name!r}, v_reset: would be at {outside[0]:.0f} LSB of the chip, wanted {low:.0f} to "
            f"{high:.0f}; the chip resets to a potential, closer to the leak"
        )
    refractory = dict(node.metadata).get(REFRACTORY_KEY, 0.0) if isinstance(node.metadata, Mapping) else 0.0
    seconds = np.broadcast_to(np.asarray(refractory, np.float64), span.shape) / config.acceleration
    return {
        "v_threshold": threshold,
        "v_reset": reset,
        "span": span,
        "reset_lsb": reset_lsb,
        "refractory_time": seconds,
    }
