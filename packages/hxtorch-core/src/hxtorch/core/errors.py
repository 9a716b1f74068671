"""Errors of hxtorch: each is an :class:`HXTorchError` and the builtin that users would expect."""


class HXTorchError(Exception):
    """Base of everything that hxtorch raises on purpose."""


class ArgumentError(HXTorchError, TypeError, ValueError):
    """An argument is of another type than its annotation says, or a number that is none."""


class NoConnectionError(HXTorchError, RuntimeError):
    """An operation needs a chip and no connection is open."""


class ConnectionOpenError(HXTorchError, RuntimeError):
    """A connection is to be opened while another one is."""


class BackendError(HXTorchError, RuntimeError):
    """A backend is unknown or could not open its chip."""


class TransportError(BackendError):
    """The way to a chip failed for now: a backend raises it, and the run is tried again."""


class ConfigurationError(HXTorchError, ValueError):
    """A register is given a value that the chip does not have."""


class ProgramError(HXTorchError, ValueError):
    """A program could not run on any chip: shapes, times, units."""


class PlacementError(HXTorchError, ValueError):
    """A population does not fit on the neurons that are left."""


class RoutingError(HXTorchError, ValueError):
    """A projection does not fit into the synapse array or the event path."""


class RecordingError(HXTorchError, RuntimeError):
    """A recording asks for more than the readout can do."""


class OperandRangeError(HXTorchError, OverflowError):
    """A weight or an activation of a matrix product exceeds the range of the chip."""


class CalibrationError(HXTorchError, RuntimeError):
    """A calibration did not reach a usable result."""


class CalibrationFormatError(HXTorchError, ValueError):
    """A file is no calibration that this version can read."""


class CalibrationSerialError(CalibrationFormatError):
    """A calibration belongs to another chip."""


class CalibrationTargetError(HXTorchError, ValueError):
    """A calibration target asks for something that no chip can do, or has the wrong shape."""


class CalibrationNotFoundError(HXTorchError, FileNotFoundError):
    """There is no calibration file where one was expected."""


class MissingPackageError(HXTorchError, ImportError):
    """Something needs a package that is not installed."""


class MemoryLimitError(HXTorchError, MemoryError):
    """Something needs more memory than there is."""


class FileWarning(UserWarning):
    """A file is read that an older version wrote, without what newer ones are checked by."""


class PictureError(HXTorchError, ValueError):
    """A picture is asked of something that does not show it."""
