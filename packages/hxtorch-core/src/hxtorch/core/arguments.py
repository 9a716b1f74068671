"""The door of this package; see :mod:`hxtorch.core.door`."""

from hxtorch.core.door import Door
from hxtorch.core.errors import ArgumentError, HXTorchError

checked = Door(HXTorchError, ArgumentError)
