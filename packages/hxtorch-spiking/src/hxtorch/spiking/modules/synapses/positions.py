"""Arguments of synapses by position, in the order of this and of older versions of the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.errors import ParameterError


@dataclass
class Arguments:
    """What synapses are made of beside their sizes.

    Today ``execution_instance`` comes first by position and ``func`` only by name. Older versions have ``func`` there,
    then ``execution_instance``, which some leave out, ``device``, ``dtype`` and ``transform``: a function in the first
    position tells, and then the type of each argument says which one it is.

    Attributes:
        execution_instance: Where the target population runs.
        chip_coordinate: Which chip that is.
        device, dtype: Of the weight.
        transform: From model units to LSB.
        func: Model of the synapse.
    """

    execution_instance: Any
    chip_coordinate: Any
    device: Any
    dtype: Any
    transform: Callable[[Tensor], Tensor] | str
    func: Callable[..., Any]

    def sorted(self) -> Arguments:
        """Return the arguments by their meaning.

        Raises:
            ParameterError: The execution instance is none.
        """
        first = self.execution_instance
        if first is None or isinstance(first, ExecutionInstance):
            return self
        if not callable(first):
            raise ParameterError(
                f"execution_instance: got {type(first).__name__}, wanted an ExecutionInstance or None; device and "
                "dtype by name"
            )
        found = Arguments(None, None, None, None, self.transform, first)
        for value in (self.chip_coordinate, self.device, self.dtype):
            if isinstance(value, ExecutionInstance):
                found.execution_instance = value
            elif isinstance(value, torch.dtype):
                found.dtype = value
            elif isinstance(value, (str, torch.device)):
                found.device = value
            elif callable(value):
                found.transform = value
            elif value is not None:
                found.chip_coordinate = value
        return found
