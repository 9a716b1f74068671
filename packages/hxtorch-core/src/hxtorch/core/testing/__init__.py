"""What tests of code that uses a chip need: a chip that fails now and then."""

from hxtorch.core.testing.faults import FAULTS, FaultyConnection

__all__ = ["FAULTS", "FaultyConnection"]
