"""What a chip did in a run, under the path that user scripts know."""

from hxtorch.core import ExecutionInfo

__all__ = ["ExecutionInfo"]
