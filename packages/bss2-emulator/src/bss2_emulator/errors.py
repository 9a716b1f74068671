"""Errors of the emulator: each is an :class:`EmulatorError` and the builtin that callers would expect."""


class EmulatorError(Exception):
    """Base of everything that the emulator raises on purpose."""


class ArgumentError(EmulatorError, TypeError, ValueError):
    """An argument is of another type than its annotation says, or a number that is none."""


class ConfigError(EmulatorError, ValueError):
    """A register is given a value that the chip does not have."""


class SheetError(EmulatorError, ValueError):
    """A sheet of the silicon holds something that is no parameter of the model, or a value that it cannot have."""


class EventError(EmulatorError, ValueError):
    """Input events are not a legal batch of events."""


class RunError(EmulatorError, ValueError):
    """A run asks for something that the chip cannot do: run time, recording, operands."""


class OperandRangeError(EmulatorError, OverflowError):
    """A weight or an activation of a matrix product exceeds the range of the chip."""


class MemoryLimitError(EmulatorError, MemoryError):
    """A run needs more memory than there is; nothing was done."""


class EngineError(EmulatorError, RuntimeError):
    """The engine met what its proofs exclude, and stopped before it could do harm: a fault of the emulator."""


class ReadoutWarning(UserWarning):
    """A recording is incomplete."""
