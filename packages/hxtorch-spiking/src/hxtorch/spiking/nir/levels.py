"""Where the potentials of a graph are on the chip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hxtorch.spiking.nir.config import ConversionConfig
from hxtorch.spiking.nir.neurons import Values

_REST = 128.0  # what users see is the code less this (chip facts 4.1)
_REACHED = (50.0, 160.0)  # of leaks and resets, CADC LSB (chip facts 3.4)
_HIGHEST_THRESHOLD = 220.0
_CLOSEST = 8.0  # of a threshold above where the membrane begins
_LOWEST = 60.0  # of potentials that are placed by the lowest of them
_CAPACITANCE = 10e-6 / 63  # seconds of the model per code


@dataclass(frozen=True)
class Levels:
    """Where the potentials of a population are on the chip, each float64 (neuron,).

    Attributes:
        leak, reset, threshold: CADC LSB (raw).
        trace_scale: Model units per LSB.
        trace_offset: LSB, of signed codes, at 0 model units.
        weight_scale: LSB of a weight of 1 model unit.
        said: What is likely not meant.
    """

    leak: np.ndarray
    reset: np.ndarray
    threshold: np.ndarray
    trace_scale: np.ndarray
    trace_offset: np.ndarray
    weight_scale: np.ndarray
    said: tuple[str, ...] = ()

    def leak_fits(self, shift: np.ndarray) -> bool:
        """Return whether the chip reaches all leaks if they are shifted by model units (neuron,)."""
        return bool(_in(self.leak + shift / self.trace_scale, _REACHED).all())

    def shifted(self, shift: np.ndarray) -> np.ndarray:
        """Return the leaks, shifted by model units (neuron,), in LSB."""
        return np.asarray(self.leak + shift / self.trace_scale)


def levels_of(values: Values, config: ConversionConfig, mock: bool) -> Levels:
    """Place the potentials of a population; mock mode does not warn of what only a chip needs.

    Args:
        values: Of its neurons.
        config: Scales, and where leak and threshold shall be.
        mock: Whether no chip will run it.
    """
    leak = values.v_leak
    if values.v_threshold is None or values.v_reset is None:
        scale = np.full_like(leak, config.trace_scale or config.readout_range / config.span_lsb)
        lsb = np.full_like(leak, config.leak_lsb)
        return _levels(lsb, lsb, lsb, scale, values, config)
    reset, threshold = values.v_reset, values.v_threshold
    above = threshold > leak
    own = np.where(above, (threshold - leak) / config.span_lsb, _spread(leak, reset, threshold))
    given = own if config.trace_scale is None else np.full_like(leak, config.trace_scale)
    choices = (
        _placed(leak, reset, threshold, given, config),
        _by_lowest(leak, reset, threshold, given),
        _placed(leak, reset, threshold, own, config),
        _by_lowest(leak, reset, threshold, _spread(leak, reset, threshold)),
    )
    legal = [_fits(choice, above) for choice in choices[:3]]
    legal[0] &= above
    legal[2] &= above
    leak_lsb, reset_lsb, threshold_lsb, scale = (
        np.select(legal, kinds, default=last) for *kinds, last in zip(*choices, strict=True)
    )
    said: tuple[str, ...] = ()
    odd = np.flatnonzero(scale != given)
    if not mock and odd.size:
        _, first_reset, first_threshold, _ = choices[0]
        said = (
            f"with trace_scale={config.trace_scale or 1 / 50:.3g} the threshold would be at "
            f"{first_threshold[odd[0]]:.0f} LSB of the chip and the reset at {first_reset[odd[0]]:.0f}, wanted "
            f"{config.leak_lsb + _CLOSEST:.0f} to {_HIGHEST_THRESHOLD:.0f} and {_REACHED[0]:.0f} to {_REACHED[1]:.0f}; "
            "it takes a scale of its own, as all do by ConversionConfig(trace_scale=None)",
        )
        said = said if config.trace_scale is not None else ()
    return replace(_levels(leak_lsb, reset_lsb, threshold_lsb, scale, values, config), said=said)


_Placed = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Leak, reset and threshold in LSB, and the scale, model units per LSB."""


def _fits(placed: _Placed, above: np.ndarray) -> np.ndarray:
    """Return for which neurons the chip reaches all potentials, and tells a leak from the threshold above it."""
    leak, reset, threshold, _ = placed
    reached = _in(leak, _REACHED) & _in(reset, _REACHED) & _in(threshold, (_REACHED[0], _HIGHEST_THRESHOLD))
    return np.asarray(reached & (threshold - np.where(above, np.maximum(leak, reset), reset) >= _CLOSEST))


def _placed(
    leak: np.ndarray, reset: np.ndarray, threshold: np.ndarray, scale: np.ndarray, config: ConversionConfig
) -> _Placed:
    """Place the potentials by the leak."""
    return (
        np.full_like(leak, config.leak_lsb),
        config.reset_lsb + (reset - leak) / scale,
        config.leak_lsb + (threshold - leak) / scale,
        scale,
    )


def _by_lowest(leak: np.ndarray, reset: np.ndarray, threshold: np.ndarray, scale: np.ndarray) -> _Placed:
    """Place the potentials by the lowest of them."""
    lowest = np.minimum(leak, reset)
    one, other, third = (_LOWEST + (potential - lowest) / scale for potential in (leak, reset, threshold))
    return one, other, third, scale


def _spread(leak: np.ndarray, reset: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Return the scale by which all potentials are well reached above the lowest one."""
    lowest = np.minimum(leak, reset)
    room = (_REACHED[1] - _LOWEST) * 0.9
    return np.asarray(np.maximum.reduce([leak - lowest, reset - lowest, threshold - lowest]) / room)


def _levels(
    leak: np.ndarray,
    reset: np.ndarray,
    threshold: np.ndarray,
    scale: np.ndarray,
    values: Values,
    config: ConversionConfig,
) -> Levels:
    offset = leak - _REST - values.v_leak / scale + config.trace_shift
    # The model of a graph is tau dv/dt = leak - v + i; on the chip a weight sets how fast the membrane begins to move.
    per_unit = config.membrane_capacitance * _CAPACITANCE / values.tau_mem
    weights = config.weight_scale * per_unit * (config.trace_scale or 1 / 50) / scale
    return Levels(leak, reset, threshold, scale, offset, weights)


def _in(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    return np.asarray((values >= bounds[0]) & (values <= bounds[1]))
