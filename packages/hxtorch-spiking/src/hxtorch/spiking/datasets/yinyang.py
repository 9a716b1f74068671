"""The yin-yang classification task."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError

DOT = 2


@checked
class YinYangDataset(torch.utils.data.Dataset[tuple[Any, int]]):
    """Points of the yin-yang sign with three classes, equally likely: the two halves (0, 1) and the dots (2).

    A sample is ``(x, y, 1 - x, 1 - y)`` and its class. The sign fills a circle of radius ``r_big`` around
    ``(r_big, r_big)``. Points and classes are those of the published data set for the same seed: NumPy's
    ``RandomState`` draws the class of a sample first and then points until one is of that class.

    Args:
        r_small: Radius of the dots.
        r_big: Radius of the sign.
        size: Number of samples, drawn at construction.
        seed: Of the random numbers.
        transform: Applied to the four coordinates when a sample is read.

    Attributes:
        class_names: Names of the classes 0, 1 and 2, as the published data set has them.
        coordinates: All samples, float64 (sample, 4).
        classes: Their classes, int64 (sample,).

    Raises:
        ParameterError: The dots do not fit into the halves of the sign, or the size is negative.

    Source:
        Kriener, Göltz, Petrovici, NICE 2022 (arXiv 2102.08211), and its data set.
    """

    def __init__(
        self,
        r_small: float = 0.1,
        r_big: float = 0.5,
        size: int = 1000,
        seed: int = 42,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if not 0 < r_small < r_big / 2:
            raise ParameterError(f"r_small: got {r_small}, wanted more than 0 and less than r_big / 2 = {r_big / 2}")
        if size < 0:
            raise ParameterError(f"size: got {size}, wanted at least 0")
        self.r_small = r_small
        self.r_big = r_big
        self.transform = transform
        self.class_names = ["yin", "yang", "dot"]
        self.rng = np.random.RandomState(seed)
        samples = [self.get_sample(self.rng.randint(3)) for _ in range(size)]
        points = np.array([sample[:2] for sample in samples]).reshape(-1, 2)
        self.coordinates = np.concatenate([points, 1.0 - points], 1)
        self.classes = np.array([sample[2] for sample in samples], np.int64)

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        """Return a sample, float64 (4,) unless ``transform`` makes something else of it, and its class."""
        point = self.coordinates[index].copy()
        return point if self.transform is None else self.transform(point), int(self.classes[index])

    def get_sample(self, goal: int | None = None) -> tuple[float, float, int]:
        """Draw a point of the sign.

        Args:
            goal: Class that the point shall have, or None for any.

        Returns:
            Its ``x``, ``y`` and class.
        """
        while True:
            x, y = (self.rng.rand(2) * 2.0 * self.r_big).tolist()
            if _distance(x - self.r_big, y - self.r_big) <= self.r_big:
                found = self.which_class(x, y)
                if goal is None or found == goal:
                    return x, y, found

    def which_class(self, x: float, y: float) -> int:
        """Return the class of a point: 2 in a dot, 1 in the half with the upper edge, 0 in the other one."""
        left, right = self.dist_to_left_dot(x, y), self.dist_to_right_dot(x, y)
        if min(left, right) < self.r_small:
            return DOT
        half = 0.5 * self.r_big
        in_left_circle = self.r_small < left <= half
        return int(right <= self.r_small or in_left_circle or (y > self.r_big and right > half))

    def dist_to_left_dot(self, x: float, y: float) -> float:
        """Return the distance of a point to the center of the left dot."""
        return _distance(x - 0.5 * self.r_big, y - self.r_big)

    def dist_to_right_dot(self, x: float, y: float) -> float:
        """Return the distance of a point to the center of the right dot."""
        return _distance(x - 1.5 * self.r_big, y - self.r_big)


def _distance(x: float, y: float) -> float:
    return math.sqrt(x * x + y * y)
