"""Register writes around and during a run, beside those that a network and a calibration make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hxtorch.core.arguments import checked
from hxtorch.core.errors import ProgramError
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import TimedWrite

Registers = Mapping[str, Any]
PlaybackHook = Registers | Callable[[ChipConfiguration], ChipConfiguration]
"""Registers by name, or a function from all registers to all registers."""


def write(configuration: ChipConfiguration, hook: PlaybackHook) -> ChipConfiguration:
    """Return ``configuration`` after ``hook``.

    Raises:
        ConfigurationError: A register is unknown or is given a value that it does not have.
        ProgramError: It is no hook, or a function returns something else than registers.
    """
    if isinstance(hook, Mapping):
        return configuration.replace(**hook)
    if not callable(hook):
        raise ProgramError(
            f"playback hook: got {hook!r}, wanted registers by name or a function of a ChipConfiguration"
        )
    written = hook(configuration)
    if not isinstance(written, ChipConfiguration):
        raise ProgramError(f"playback hook {hook!r}: got {type(written).__name__} back, wanted a ChipConfiguration")
    return written


@checked
@dataclass(frozen=True)
class ExecutionInstanceHooks:
    """What to write when.

    Attributes:
        pre_static_config: Before the network: what it writes itself wins.
        pre_realtime: After the network and before the real-time section: wins over the network.
        inside_realtime: During the real-time section of each batch entry; the state of the chip goes on.
        post_realtime: After the real-time section of the last batch entry: stays on the chip until something else is
            written there.

    Each but the timed one is a hook or a sequence of them, applied in order.
    """

    pre_static_config: PlaybackHook | Sequence[PlaybackHook] = ()
    pre_realtime: PlaybackHook | Sequence[PlaybackHook] = ()
    inside_realtime: Sequence[TimedWrite] = field(default=())
    post_realtime: PlaybackHook | Sequence[PlaybackHook] = ()

    def apply(self, position: str, configuration: ChipConfiguration) -> ChipConfiguration:
        """Return ``configuration`` after the hooks of a position, given by the name of the attribute."""
        hooks = getattr(self, position)
        several = isinstance(hooks, Iterable) and not isinstance(hooks, Mapping | str) and not callable(hooks)
        for hook in hooks if several else [hooks]:
            configuration = write(configuration, hook)
        return configuration
