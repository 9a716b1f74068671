"""The yin-yang classification task."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError

YIN, YANG, DOT = 1, 0, 2


class YinYangDataset(torch.utils.data.Dataset[tuple[Any, int]]):
    """Points of the yin-yang sign with three classes: yin (1), yang (0) and the dots (2), equally likely.

    A sample is ``(x, y, 1 - x, 1 - y)`` and its class. The sign fills a circle of radius ``r_big`` around
    ``(r_big, r_big)``.

    Args:
        r_small: Radius of the dots.
        r_big: Radius of the sign.
        size: Number of samples, drawn at construction.
        seed: Of the random numbers.
        transform: Applied to the four coordinates when a sample is read.

    Raises:
        ParameterError: The dots do not fit into the halves of the sign, or the size is negative.

    Source:
        Kriener, Göltz, Petrovici, NICE 2022 (arXiv 2102.08211).
    """

    class_names = ("yang", "yin", "dot")

    def __init__(
        self,
        r_small: float = 0.1,
        r_big: float = 0.5,
        size: int = 1000,
        seed: int = 42,
        transform: Callable[[Tensor], Any] | None = None,
    ) -> None:
        if not 0 < r_small < r_big / 2:
            raise ParameterError(f"r_small: got {r_small}, wanted more than 0 and less than r_big / 2 = {r_big / 2}")
        if size < 0:
            raise ParameterError(f"size: got {size}, wanted at least 0")
        self.r_small = r_small
        self.r_big = r_big
        self.transform = transform
        self._random = np.random.default_rng(seed)
        samples = [self.get_sample(int(goal)) for goal in self._random.integers(3, size=size)]
        points = torch.tensor([sample[:2] for sample in samples], dtype=torch.float32).reshape(-1, 2)
        self.coordinates = torch.cat([points, 1 - points], 1)
        self.classes = torch.tensor([sample[2] for sample in samples], dtype=torch.int64)

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        point = self.coordinates[index]
        return point if self.transform is None else self.transform(point), int(self.classes[index])

    def get_sample(self, goal: int | None = None) -> tuple[float, float, int]:
        """Draw a point of the sign.

        Args:
            goal: Class that the point shall have, or None for any.

        Returns:
            Its ``x``, ``y`` and class.
        """
        while True:
            x, y = self._random.random(2) * 2 * self.r_big
            if np.hypot(x - self.r_big, y - self.r_big) <= self.r_big:
                found = self.which_class(x, y)
                if goal is None or found == goal:
                    return float(x), float(y), found

    def which_class(self, x: float, y: float) -> int:
        """Return the class of a point: 0 yang, 1 yin, 2 dot."""
        left, right = self.dist_to_left_dot(x, y), self.dist_to_right_dot(x, y)
        if min(left, right) < self.r_small:
            return DOT
        half = self.r_big / 2
        upper = y > self.r_big
        return YIN if left <= half or (upper and right > half) else YANG

    def dist_to_left_dot(self, x: float, y: float) -> float:
        """Return the distance of a point to the center of the left dot."""
        return float(np.hypot(x - 0.5 * self.r_big, y - self.r_big))

    def dist_to_right_dot(self, x: float, y: float) -> float:
        """Return the distance of a point to the center of the right dot."""
        return float(np.hypot(x - 1.5 * self.r_big, y - self.r_big))
