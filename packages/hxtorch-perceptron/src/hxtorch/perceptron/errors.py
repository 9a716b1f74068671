"""Errors and warnings of the operations and layers."""

from hxtorch.core import ProgramError


class OperandShapeError(ProgramError, RuntimeError):
    """Tensors of an operation have axes that do not fit it or each other."""


class TraceError(ProgramError, RuntimeError):
    """Operations cannot be recorded, or there is nothing to replay."""


class ScaleWarning(UserWarning):
    """Values of a layer are legal and so small, or so large, that the chip makes little of them."""
