"""Searches for register codes, on all neurons at once.

``measure(codes)`` sets one integer code per element, measures, and returns one value per element, float64 of the same
shape. Values rise with the code for ``slope = 1`` and fall for ``slope = -1``. An element succeeds if its code did not
run into a bound of its range.

Source:
    chip facts 7.2 (which families there are).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from hxtorch.core.seam.configuration import CAPMEM_MAX

Measure = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Found:
    """Outcome of a search.

    Attributes:
        codes: Best codes, int64.
        values: What was measured last at or beside these codes.
        success: Which elements did not run into a bound.
    """

    codes: np.ndarray
    values: np.ndarray
    success: np.ndarray


@dataclass
class _Best:
    """Codes that came closest to a target so far."""

    target: np.ndarray
    codes: np.ndarray
    values: np.ndarray

    def see(self, codes: np.ndarray, values: np.ndarray) -> None:
        better = ~(np.abs(values - self.target) >= np.abs(self.values - self.target))
        self.codes = np.where(better, codes, self.codes)
        self.values = np.where(better, values, self.values)

    def found(self, low: int, high: int) -> Found:
        return Found(self.codes, self.values, (self.codes > low) & (self.codes < high) & np.isfinite(self.values))


def _start(target: np.ndarray, codes: np.ndarray) -> _Best:
    return _Best(target, codes, np.full(target.shape, np.nan))


def binary_search(
    measure: Measure, target: np.ndarray, low: int = 0, high: int = CAPMEM_MAX, slope: int = 1, refine: int = 2
) -> Found:
    """Halve the range until one code is left, then look at its neighbours; keep the best of the last three.

    Args:
        measure: See above.
        target: Wanted values, any shape.
        low: Lowest code.
        high: Highest code.
        slope: Sign of the change of values with codes.
        refine: Steps by one code after the range is halved away.
    """
    first = _first_step(low, high)
    codes = np.full(target.shape, min(low + 2 * first, high))
    for step in (*_halvings(first), 0):
        values = measure(codes)
        codes = np.clip(codes + step * _direction(values, target, slope), low, high)
    best = _start(target, codes)
    best.see(codes, values)
    for _ in range(refine):
        codes = np.clip(codes + _direction(values, target, slope), low, high)
        values = measure(codes)
        best.see(codes, values)
    return best.found(low, high)


def noisy_binary_search(
    measure: Measure,
    target: np.ndarray,
    low: int = 0,
    high: int = CAPMEM_MAX,
    slope: int = 1,
    jitter: int = 5,
    rng: np.random.Generator | None = None,
) -> Found:
    """Like :func:`binary_search` for noisy values: start beside the middle, step once more, keep the best of six.

    Args:
        measure: See above.
        target: Wanted values, any shape.
        low: Lowest code.
        high: Highest code.
        slope: Sign of the change of values with codes.
        jitter: Largest distance of the start from the middle; decorrelates the codes of neighbours.
        rng: Source of the jitter; the default starts from a fixed seed.
    """
    generator = np.random.default_rng(0) if rng is None else rng
    first = _first_step(low, high)
    codes = np.clip(low + 2 * first + generator.integers(-jitter, jitter + 1, target.shape), low, high)
    extra = 1 << jitter.bit_length()  # makes up for the jitter
    trail: list[tuple[np.ndarray, np.ndarray]] = []
    for step in (*sorted([*_halvings(first), extra], reverse=True), 1, 1, 0):
        values = measure(codes)
        trail.append((codes, values))
        codes = np.clip(codes + step * _direction(values, target, slope), low, high)
    best = _start(target, trail[-1][0])
    for seen in trail[-6:]:
        best.see(*seen)
    return best.found(low, high)


def linear_search(
    measure: Measure,
    target: np.ndarray,
    start: np.ndarray,
    step: int,
    low: int = 0,
    high: int = CAPMEM_MAX,
    slope: int = 1,
    most: int = 50,
) -> Found:
    """Walk in fixed steps until every element has passed its target; keep the best codes seen.

    Args:
        measure: See above.
        target: Wanted values, any shape.
        start: First codes.
        step: Codes per step, positive.
        low: Lowest code.
        high: Highest code.
        slope: Sign of the change of values with codes.
        most: Give up after this many measurements.
    """
    codes = np.clip(np.broadcast_to(start, target.shape), low, high).astype(np.int64)
    best = _start(target, codes)
    first = None
    for _ in range(most):
        values = measure(codes)
        best.see(codes, values)
        direction = _direction(values, target, slope)
        first = direction if first is None else first
        going = (direction == first) & (direction != 0)
        following = np.where(going, np.clip(codes + step * first, low, high), codes)
        if (following == codes).all():
            break
        codes = following
    return best.found(low, high)


class Prediction(Protocol):
    """Knows how a value changes with its code."""

    def correct(self, codes: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Return real-valued codes at which ``target`` is expected, given ``values`` measured at ``codes``."""
        ...


@dataclass(frozen=True)
class LinearPrediction:
    """Values change by one per ``codes_per_value`` codes, a number or an array."""

    codes_per_value: float | np.ndarray

    def correct(self, codes: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
        return np.asarray(codes + (target - values) * self.codes_per_value)


@dataclass(frozen=True)
class PowerPrediction:
    """Values are proportional to ``code ** exponent``; all are positive."""

    exponent: float

    def correct(self, codes: np.ndarray, values: np.ndarray, target: np.ndarray) -> np.ndarray:
        ratio = np.clip(target / np.maximum(values, 1e-30), 1e-3, 1e3)
        return np.asarray(codes * ratio ** (1 / self.exponent))


def predictive_search(
    measure: Measure,
    target: np.ndarray,
    start: np.ndarray,
    prediction: Prediction,
    low: int = 0,
    high: int = CAPMEM_MAX,
    steps: int = 2,
    keep: int = 1,
) -> Found:
    """Correct the codes by what their typical transfer predicts, ``steps`` times.

    Args:
        measure: See above.
        target: Wanted values, any shape.
        start: First codes.
        prediction: Typical transfer from codes to values.
        low: Lowest code.
        high: Highest code.
        steps: Measurements.
        keep: The final codes are the mean of so many last predictions, which averages noise of the measurement.
    """
    codes = np.clip(np.broadcast_to(start, target.shape), low, high).astype(np.int64)
    predictions = []
    for _ in range(steps):
        values = measure(codes)
        wanted = prediction.correct(codes, values, target)
        predictions.append(np.where(np.isfinite(wanted), wanted, codes))
        codes = np.clip(np.rint(predictions[-1]), low, high).astype(np.int64)
    codes = np.clip(np.rint(np.mean(predictions[-keep:], axis=0)), low, high).astype(np.int64)
    return Found(codes, values, (codes > low) & (codes < high) & np.isfinite(values))


def _first_step(low: int, high: int) -> int:
    """Return a quarter of the range, rounded up to a power of two: steps of which reach both ends."""
    return 1 << max(0, (high - low).bit_length() - 2)


def _halvings(step: int) -> list[int]:
    return [step >> k for k in range(step.bit_length())]


def _direction(values: np.ndarray, target: np.ndarray, slope: int) -> np.ndarray:
    """Return where to step: +1, 0 or -1."""
    return np.asarray(slope * np.sign(np.nan_to_num(target - values)), np.int64)
