"""What kernels of all rooms need: threads, instruction sets, the compiler, memory."""

from . import instructions as instructions  # raises where the variable asks for a set that there is not
