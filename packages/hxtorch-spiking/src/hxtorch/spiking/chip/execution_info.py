"""What a chip did in a run, as scripts read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hxtorch import core
from hxtorch.core.looks import table

_HEAD = ("instance", "chip", "time on the chip", "time of the caller", "events lost")
__all__ = ["ExecutionHealthInfo", "ExecutionInfo", "ExecutionTimeInfo"]


@dataclass(frozen=True)
class ExecutionTimeInfo:
    """How long a run took, in seconds.

    Attributes:
        execution_duration: On the caller's clock, the instances together.
        realtime_duration_per_execution_instance: Of the chips, by the ``ID`` of the execution instance.
        execution_duration_per_execution_instance: On the caller's clock, likewise.
    """

    execution_duration: float = 0.0
    realtime_duration_per_execution_instance: Mapping[int, float] = field(default_factory=dict)
    execution_duration_per_execution_instance: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ExecutionHealthInfo:
    """What was lost in a run.

    Attributes:
        events_dropped: Events that found no way or no place on chip and link, by the ``ID`` of the execution instance.
        execution_instances: All that is known, likewise.
    """

    events_dropped: Mapping[int, int] = field(default_factory=dict)
    execution_instances: Mapping[int, core.ExecutionInfo] = field(default_factory=dict)


@dataclass(frozen=True)
class ExecutionInfo:
    """What chips did in a run.

    Attributes:
        time: How long it took.
        health: What was lost.
    """

    time: ExecutionTimeInfo = field(default=ExecutionTimeInfo())
    health: ExecutionHealthInfo = field(default=ExecutionHealthInfo())

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return a row for each execution instance."""
        return [
            (
                str(key),
                repr(info.serial),
                f"{info.emulated_time * 1e3:.4g} ms",
                f"{info.wall_time * 1e3:.4g} ms",
                str(self.health.events_dropped[key]),
            )
            for key, info in self.health.execution_instances.items()
        ]

    def __str__(self) -> str:
        """Return a table: what each chip did."""
        rows = [_HEAD, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def _repr_html_(self) -> str:
        return table(type(self).__name__, _HEAD, self._rows())

    @classmethod
    def of(cls, infos: Mapping[int, core.ExecutionInfo]) -> ExecutionInfo:
        """Sort what the chips said, by the ``ID`` of the execution instance."""
        real = {key: info.emulated_time for key, info in infos.items()}
        wall = {key: info.wall_time for key, info in infos.items()}
        lost = {
            key: int(np.add.reduce(info.events_dropped) + np.add.reduce(info.link_dropped))
            for key, info in infos.items()
        }
        return cls(ExecutionTimeInfo(sum(wall.values()), real, wall), ExecutionHealthInfo(lost, dict(infos)))
