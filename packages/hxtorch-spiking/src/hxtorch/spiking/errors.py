"""Errors and warnings of the spiking frontend: what a tensor, a parameter or a network lacks before it can run."""

from hxtorch.core.errors import HXTorchError


class ExperimentError(HXTorchError, RuntimeError):
    """Modules, handles and runs are combined in an order that gives no experiment."""


class CircleError(ExperimentError, ValueError):
    """Modules read each other's outputs in a circle that nothing computes as a whole."""


class UnknownNodeError(ExperimentError, IndexError):
    """No module or wrapper of a pass has the number that was asked for."""


class TensorShapeError(HXTorchError, ValueError):
    """A tensor does not have the axes that a module needs."""


class TensorTypeError(HXTorchError, TypeError):
    """A tensor does not have the type that a module needs."""


class TensorValueError(HXTorchError, ValueError):
    """A tensor holds values that neither the model nor the chip can use."""


class ParameterError(HXTorchError, ValueError):
    """A parameter of a module has a value that its model or the chip does not have."""


class MissingNeuronError(ParameterError, KeyError):
    """Values by coordinate have none for a neuron of a population."""

    __str__ = Exception.__str__  # a KeyError would show quotes around it


class NIRConversionError(HXTorchError, ValueError):
    """A graph or data in the Neuromorphic Intermediate Representation say what neither model nor chip can be."""


class CheckpointError(HXTorchError, ValueError):
    """A checkpoint is none, is another network's or chip's, or there is something in it that can not be stored."""


class CheckpointMismatchError(CheckpointError, RuntimeError):
    """A model, an optimizer or another part of training was built in another way than that of a checkpoint."""


class CheckpointNotFoundError(CheckpointError, FileNotFoundError):
    """There is no file where a checkpoint was expected."""


class ParameterWarning(UserWarning):
    """A parameter of a layer, or one of a checkpoint, is legal and likely not what was meant."""


class SilentLayerWarning(UserWarning):
    """A layer gives no output in a run although input reaches it."""


class ExperimentWarning(UserWarning):
    """A run goes on, as the chip's software does, although its result may surprise."""
