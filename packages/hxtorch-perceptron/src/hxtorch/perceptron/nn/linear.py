"""Dense layer."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.nn.mac_layer import MACLayer, Transform
from hxtorch.perceptron.nn.transforms import clamp_weight_
from hxtorch.perceptron.ops.addition import biased
from hxtorch.perceptron.ops.matmul import matmul
from hxtorch.perceptron.tracing import refuse


@checked
class Linear(MACLayer, torch.nn.Linear):
    """Dense layer in the analog core; parameters as those of ``torch.nn.Linear``, in LSB.

    Attributes:
        avg: Columns that share the weights of one output, which is their mean: less noise and mismatch.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        num_sends: int | None = None,
        wait_between_events: int = constants.defaults.wait_between_events,
        mock: bool = False,
        *,
        avg: int = 1,
        input_transform: Transform | None = None,
        weight_transform: Transform | None = clamp_weight_,
    ) -> None:
        """Build the layer.

        Args:
            in_features: Size of the input, at least 1.
            out_features: Size of the output, at least 1.
            bias: Add a learned number to each output, digitally.
            num_sends: How often to send an input; None to choose it with the initial weights.
            wait_between_events: FPGA cycles of 8 ns between events.
            mock: Compute without a chip.
            avg: At least 1. The copies are not trained one by one.
            input_transform: As in :class:`~hxtorch.perceptron.nn.MACLayer`.
            weight_transform: As in :class:`~hxtorch.perceptron.nn.MACLayer`.
        """
        self.avg = avg
        super().__init__(
            num_sends,
            wait_between_events,
            mock,
            input_transform=input_transform,
            weight_transform=weight_transform,
            in_features=in_features,
            out_features=out_features,
            bias=bias,
        )

    def forward(self, input: Tensor) -> Tensor:
        """Multiply.

        Args:
            input: Activations that round to 0..31 LSB, shape (..., in_features).

        Returns:
            Shape (..., out_features), within -128..127; integers unless averaged or biased.
        """
        with self._named_in_errors():
            if self.avg > 1:
                refuse("a mean over columns")
            x, weight = self._operands(input)
            columns = weight.T.repeat(1, self.avg) if self.avg > 1 else weight.T
            result = matmul(x, columns, self.num_sends, self.wait_between_events, self.mock)
            if self.avg > 1:
                result = result.reshape(*result.shape[:-1], self.avg, self.out_features).mean(-2)
            return result if self.bias is None else biased(result, self.bias)

    def _differences(self) -> list[str]:
        return ([f"avg={self.avg}"] if self.avg != 1 else []) + super()._differences()
