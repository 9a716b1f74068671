"""What everything that an experiment computes has in common."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from hxtorch.spiking.errors import ExperimentError, TensorShapeError
from hxtorch.spiking.experiment.experiment import BaseExperiment
from hxtorch.spiking.network.handle import TensorHandle
from hxtorch.spiking.network.observables import HardwareObservables
from hxtorch.spiking.network.uncompiled import uncompiled

if TYPE_CHECKING:
    from hxtorch.spiking.experiment.experiment import Experiment


class HXBaseExperimentModule(torch.nn.Module, ABC):
    """Base of modules, which compute one output, and of wrappers, which compute those of several modules.

    Args:
        experiment: Collects the module when it is called.
        func: Computes the output, or None for the own ``forward_func``.

    Raises:
        ExperimentError: ``experiment`` is none.
    """

    def __init__(self, experiment: Experiment, func: Callable[..., Any] | None = None) -> None:
        if not isinstance(experiment, BaseExperiment):
            got = f"{type(self).__name__}: got {type(experiment).__name__}"
            raise ExperimentError(f"{got} for the experiment, wanted a hxtorch.spiking.Experiment")
        super().__init__()
        self.experiment = experiment
        self._func = func

    __call__ = uncompiled(torch.nn.Module.__call__)

    @property
    def func(self) -> Callable[..., Any] | None:
        """The function given at construction."""
        return self._func

    @property
    def label(self) -> str:
        """What messages call the module."""
        return f"{type(self).__name__}({self.extra_repr()})"

    @abstractmethod
    def exec_forward(self, input: Any, output: Any, hw_map: Mapping[Any, HardwareObservables]) -> None:
        """Compute what was promised and fill the handles."""

    def _call_func(self, input: tuple[TensorHandle, ...], **offered: Any) -> Any:
        """Call ``func`` with the main tensors of ``input`` and with those of ``offered`` that it has arguments for."""
        if self.func is None:
            raise ExperimentError(f"{self.label}: has nothing to compute; hand in func or override forward_func")
        names = inspect.signature(self.func).parameters
        given = {name: value for name, value in offered.items() if name in names}
        return self.func(*(handle.observable_state for handle in input), **given)

    def _fill(self, output: TensorHandle, result: Any) -> None:
        """Put into a handle what a function returned: its main tensor, a tuple of its fields, or a handle."""
        if not isinstance(result, TensorHandle):
            values = result if isinstance(result, tuple) else (result,)
            names = [output.main] if isinstance(result, Tensor) else list(vars(output))
            if len(values) > len(names):
                raise TensorShapeError(f"{self.label}: returned {len(values)} values, wanted those of {names}")
            filled = type(output)()
            for name, value in zip(names, values, strict=False):
                setattr(filled, name, value)
            result = filled
        output.put(result)
