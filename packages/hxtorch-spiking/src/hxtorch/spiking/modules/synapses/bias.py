"""What the bias of synapses is on a chip."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch import core
from hxtorch.spiking.chip.background import Rhythm
from hxtorch.spiking.errors import ParameterError

if TYPE_CHECKING:
    from hxtorch.spiking.modules.synapses.weighted import WeightedProjection


class Background:
    """Synapses from regular sources, which stand for the bias of a projection.

    Args:
        projection: Has the bias.
        sources: Number of sources.

    Attributes:
        rhythm: When the sources spike in the next run.
    """

    def __init__(self, projection: WeightedProjection, sources: int) -> None:
        self.projection = projection
        self.rhythm = Rhythm(1, sources)
        self.descriptor: Any = None

    @property
    def label(self) -> str:
        """What messages call the synapses."""
        return f"bias of {self.projection.label}"

    def state(self) -> tuple[int, int]:
        """Return what the chip is routed for."""
        return self.rhythm.sources, self.projection.out_features

    def noted_weights(self, before: Any) -> Any:
        """Return None: the weights of a bias follow a transform of many values, which is done each time."""
        return None

    def has_weights(self, noted: Any) -> bool:
        """Return False."""
        return False

    def hardware_weights(self) -> np.ndarray:
        """Return the weights for the chip in LSB, int8 (source, neuron)."""
        bias = self.projection.bias
        assert bias is not None  # noqa: S101 - there would be no background
        return self.projection.bias_lsb(self.rhythm.weight(bias.detach())).T.numpy()

    def register_hw_entity(self) -> None:
        """Ask for synapses on the chip that is being prepared."""
        experiment: Any = self.projection.experiment  # which takes for a projection what adds itself to networks
        experiment.register_projection(self)

    def add_to_network_graph(
        self, pre: core.PopulationDescriptor, post: core.PopulationDescriptor, builder: core.NetworkBuilder
    ) -> core.ProjectionDescriptor:
        """Add the synapses to the network on the chip and return what they are called there."""
        added = builder.add(core.Projection(pre, post, self.hardware_weights(), None, self.label))
        self.descriptor = added
        return added


def legal_bias(bias: bool | Tensor, size: int, weight: Tensor) -> torch.nn.Parameter | None:
    """Return the parameter of a bias, not drawn yet if it was asked for by True, or None.

    Raises:
        ParameterError: It is neither a boolean nor a tensor (size,) of finite numbers.
    """
    if isinstance(bias, (bool, np.bool_)):
        return torch.nn.Parameter(weight.new_empty(size)) if bias else None
    if not isinstance(bias, Tensor):
        raise ParameterError(f"bias: got {bias!r}, wanted True, False or a tensor ({size},)")
    if bias.shape != (size,):
        raise ParameterError(f"bias: got shape {tuple(bias.shape)}, wanted ({size},)")
    if not bool(bias.isfinite().all()):
        raise ParameterError("bias: holds NaN or infinity, wanted finite numbers")
    return torch.nn.Parameter(bias.detach().to(weight, copy=True))


def check_takes_bias(func: Callable[..., Any], operands: int) -> None:
    """Check that the model of a synapse has an argument for a bias.

    Args:
        func: A function of spikes and as many operands, the bias last, or a ``torch.autograd.Function``.
        operands: What it is called with behind the spikes.

    Raises:
        ParameterError: It has none.
    """
    method: Any = func
    bound = operands + 1
    if isinstance(func, type) and issubclass(func, torch.autograd.Function):
        method, bound = func.forward, bound + ("ctx" in inspect.signature(func.forward).parameters)
    try:
        inspect.signature(method).bind(*range(bound))
    except TypeError:
        name = getattr(func, "__name__", type(func).__name__)
        raise ParameterError(
            f"bias: {name} takes none; give it an argument behind the others, as in linear(input, weight, bias), or "
            "say bias=False"
        ) from None
    except ValueError:
        return  # nobody knows what it takes
