"""Dense signed synapses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking import functional
from hxtorch.spiking.doors import checked
from hxtorch.spiking.modules.legal import legal_size
from hxtorch.spiking.modules.synapses.positions import Arguments
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection, equal, kept, repeated
from hxtorch.spiking.transforms import weight_transforms

if TYPE_CHECKING:
    from hxtorch.spiking.chip.execution_instance import ExecutionInstance
    from hxtorch.spiking.experiment.experiment import Experiment

__all__ = ["Synapse"]


@checked
class Synapse(WeightedProjection):
    """All-to-all synapses: each spike steps the current of every target neuron by a weight.

    On the chip a weight is an excitatory and an inhibitory synapse of 6 bits, so it is rounded to -63..63 LSB after
    ``transform``, halves away from zero.

    Args:
        in_features: Number of source neurons.
        out_features: Number of target neurons.
        experiment: Collects the module when it is called.
        execution_instance: Where the target population runs, or None to leave that to the population. Older versions
            have ``func`` in this position, then ``execution_instance``, ``device``, ``dtype`` and ``transform``: a
            function here is understood so.
        chip_coordinate: Chip of the target population; kept.
        device, dtype: Of the weight.
        transform: Turns the weight from model units into LSB, called with the weight before each run on a chip; or
            "auto" for :class:`~hxtorch.spiking.transforms.weight_transforms.AutoScale`.
        plasticity_rule: Rule for the plasticity processors, which a run on the chip refuses as yet.
        func: Model of the synapse, a function of spikes (time, batch, in_features) and weight (out_features,
            in_features), and the bias if there is one, or a ``torch.autograd.Function``.
        bias: Add a bias to the outputs in each step, as ``torch.nn.Linear`` does: True, or its values (out_features,).
            A chip has no register for one. What is trained stands there as a source that spikes regularly; what is
            not (``synapse.bias.requires_grad_(False)``) shifts the leak of the neurons where the chip reaches that,
            the calibration is made for the layer and traces are not shifted to their first value.
            :attr:`bias_on_chip` says which.

    Attributes:
        bias: In model units, a parameter (out_features,), drawn as the weight is, or None.
        weight: Weights in model units, a parameter (out_features, in_features), drawn from U(-k, k) with
            ``k = 1 / sqrt(in_features)``.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        experiment: Experiment,
        execution_instance: ExecutionInstance | Callable[..., Any] | None = None,
        chip_coordinate: Any = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        transform: Callable[[Tensor], Tensor] | str = weight_transforms.linear_saturating,
        plasticity_rule: object = None,
        *,
        func: Callable[..., Any] = functional.linear,
        bias: bool | Tensor = False,
    ) -> None:
        arguments = Arguments(execution_instance, chip_coordinate, device, dtype, transform, func).sorted()
        shape = (legal_size("out_features", out_features), legal_size("in_features", in_features))
        weight = torch.empty(shape, device=arguments.device, dtype=arguments.dtype)
        super().__init__(in_features, out_features, experiment, weight, arguments, plasticity_rule, bias)
        self.reset_parameters()

    def hardware_weights(self) -> np.ndarray:
        """Return the transformed weight, rounded.

        Returns:
            int8 (in_features, out_features), -63..63 LSB.

        Raises:
            TensorValueError, TensorShapeError, OperandRangeError: See :meth:`WeightedProjection.lsb`.
        """
        return self.lsb().T.numpy()  # a view: the network makes the one copy

    def noted_weights(self, before: Any) -> Any:
        transform = repeated(self.weight_transform) if type(self) is Synapse else None
        return None if transform is None else (transform, kept(None if before is None else before[1], self.weight))

    def has_weights(self, noted: Any) -> bool:
        return repeated(self.weight_transform) == noted[0] and equal(noted[1], self.weight)
