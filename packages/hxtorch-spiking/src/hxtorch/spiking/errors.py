"""Errors and warnings of the spiking frontend: what a tensor, a parameter or a network lacks before it can run."""

from hxtorch.core.errors import HXTorchError


class ExperimentError(HXTorchError, RuntimeError):
    """Modules, handles and runs are combined in an order that gives no experiment."""


class TensorShapeError(HXTorchError, ValueError):
    """A tensor does not have the axes that a module needs."""


class TensorTypeError(HXTorchError, TypeError):
    """A tensor does not have the type that a module needs."""


class TensorValueError(HXTorchError, ValueError):
    """A tensor holds values that neither the model nor the chip can use."""


class ParameterError(HXTorchError, ValueError):
    """A parameter of a module has a value that its model or the chip does not have."""


class NIRConversionError(HXTorchError, ValueError):
    """A graph or data in the Neuromorphic Intermediate Representation say what neither model nor chip can be."""


class CheckpointError(HXTorchError, ValueError):
    """A checkpoint is none, is another network's or chip's, or there is something in it that can not be stored."""


class ParameterWarning(UserWarning):
    """A parameter of a layer, or one of a checkpoint, is legal and likely not what was meant."""


class SilentLayerWarning(UserWarning):
    """A layer gives no output in a run although input reaches it."""
