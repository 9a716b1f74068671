"""Chips by name: whatever registers under the entry point group ``hxtorch.backends``."""

from hxtorch.core.backends.registry import GROUP, available, connect

__all__ = ["GROUP", "available", "connect"]
