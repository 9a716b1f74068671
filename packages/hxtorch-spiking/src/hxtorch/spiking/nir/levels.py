"""Where the potentials of a graph are on the chip."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hxtorch.spiking.nir.config import ConversionConfig
from hxtorch.spiking.nir.neurons import Values

_REST = 128.0  # what users see is the code less this (chip facts 4.1)
_REACHED = (50.0, 160.0)  # of leaks and resets, CADC LSB (chip facts 3.4)
_HIGHEST_THRESHOLD = 220.0
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
    span = threshold - leak
    above = span > 0  # the leak is below the threshold
    scale = (
        np.where(above, span, 1.0) / config.span_lsb
        if config.trace_scale is None
        else np.full_like(span, config.trace_scale)
    )
    placed = _placed(leak, reset, threshold, scale, config)
    fits = above & _in(placed[1], _REACHED) & _in(placed[2], (_REACHED[0], _HIGHEST_THRESHOLD))
    said: tuple[str, ...] = ()
    if not fits.all():
        (bad, *_) = np.flatnonzero(~fits)
        if not mock and above[bad] and config.trace_scale is not None:
            said = (
                f"with trace_scale={config.trace_scale:.3g} the threshold would be at {placed[2][bad]:.0f} LSB of the "
                f"chip and the reset at {placed[1][bad]:.0f}, wanted {_REACHED[0]:.0f} to {_HIGHEST_THRESHOLD:.0f} and "
                f"to {_REACHED[1]:.0f}; it takes a scale of its own, as all do by ConversionConfig(trace_scale=None)",
            )
        deep = ~above | (reset < leak)
        own = np.where(deep, _spread(leak, reset, threshold), np.where(above, span, 1.0) / config.span_lsb)
        scale = np.where(fits, scale, own)
        lowest = np.minimum(leak, reset)
        by_leak = _placed(leak, reset, threshold, scale, config)
        by_lowest = [_LOWEST + (potential - lowest) / scale for potential in (leak, reset, threshold)]
        placed = [np.where(~fits & deep, one, other) for one, other in zip(by_lowest, by_leak, strict=True)]
    return replace(_levels(placed[0], placed[1], placed[2], scale, values, config), said=said)


def _placed(
    leak: np.ndarray, reset: np.ndarray, threshold: np.ndarray, scale: np.ndarray, config: ConversionConfig
) -> list[np.ndarray]:
    """Return leak, reset and threshold in LSB, placed by the leak."""
    return [
        np.full_like(leak, config.leak_lsb),
        config.reset_lsb + (reset - leak) / scale,
        config.leak_lsb + (threshold - leak) / scale,
    ]


def _spread(leak: np.ndarray, reset: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Return the scale by which all potentials are just reached above the lowest one."""
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
