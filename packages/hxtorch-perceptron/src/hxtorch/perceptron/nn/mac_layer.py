"""Layers with weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hxtorch.perceptron import constants
from hxtorch.perceptron.mock.parameter import get_mock_parameter
from hxtorch.perceptron.nn.layer import Layer
from hxtorch.perceptron.nn.transforms import clamp_weight_

Transform = Callable[[Tensor], Tensor]

_SPREAD = 3  # standard deviations of the initial weights that fit into the range of a synapse


class MACLayer(Layer):
    """Layer that multiplies with a weight.

    Attributes:
        num_sends: How often an input is sent: multiplies the result.
        wait_between_events: FPGA cycles of 8 ns between two events.
        input_transform: Applied to the input first, for instance :func:`~hxtorch.perceptron.nn.scale_input`; or None.
        weight_transform: Applied to the weight first, or None. The default clamps the parameter itself, so that it
            never leaves the range of a synapse.
    """

    weight: Tensor
    bias: Any

    def __init__(
        self,
        num_sends: int | None = None,
        wait_between_events: int = constants.defaults.wait_between_events,
        mock: bool = False,
        *,
        input_transform: Transform | None = None,
        weight_transform: Transform | None = clamp_weight_,
        **layer: Any,
    ) -> None:
        """Build the layer.

        Args:
            num_sends: At least 1, or None to choose it together with the initial weights.
            wait_between_events: At least 1.
            mock: Compute without a chip.
            input_transform: See the attributes.
            weight_transform: See the attributes.
            **layer: Arguments of the torch layer among the bases.
        """
        self._num_sends_given = num_sends is not None
        self.num_sends = num_sends if num_sends is not None else 1
        self.wait_between_events = wait_between_events
        super().__init__(mock, **layer)
        self.input_transform = input_transform
        self.weight_transform = weight_transform

    def reset_parameters(self, weight_mean: float = 0.0, relu_shift: int = 1) -> None:
        """Draw weights, and choose ``num_sends`` unless it was given, such that activations keep their size.

        For inputs of mean square ``q``, normal weights of deviation ``s`` give results of deviation
        ``sqrt(fan_in * q) * s * gain * num_sends``, which a rectifier halves in mean square and a shift divides. The
        product ``s * num_sends`` is chosen to return ``q``; ``num_sends`` is the smallest for which 3 ``s`` fits the
        range of a synapse. Biases start at zero.

        Args:
            weight_mean: Mean of the weights in LSB, within -63..63.
            relu_shift: Shift of the :class:`~hxtorch.perceptron.nn.ConvertingReLU` that follows.

        Source:
            He et al., Delving deep into rectifiers, 2015, with the gain of
            :func:`~hxtorch.perceptron.get_mock_parameter`.
        """
        gain = torch.as_tensor(get_mock_parameter().gain).mean().item()
        fan_in = max(1, self.weight[0].numel())
        room = max(1.0, (constants.synaptic_weight_max - abs(weight_mean)) / _SPREAD)
        wanted = math.sqrt(2 / fan_in) * 2**relu_shift / gain
        if not self._num_sends_given:
            self.num_sends = max(1, math.ceil(wanted / room))
        with torch.no_grad():
            self.weight.normal_(weight_mean, min(wanted / self.num_sends, room))
            clamp_weight_(self.weight)
            if self.bias is not None:
                self.bias.zero_()

    def _operands(self, input: Tensor) -> tuple[Tensor, Tensor]:
        """Return transformed input and weight."""
        x = input if self.input_transform is None else self.input_transform(input)
        weight = self.weight if self.weight_transform is None else self.weight_transform(self.weight)
        return x, weight

    def _differences(self) -> list[str]:
        parts = [f"num_sends={self.num_sends}"] if self.num_sends != 1 else []
        if self.wait_between_events != constants.defaults.wait_between_events:
            parts.append(f"wait_between_events={self.wait_between_events}")
        parts += super()._differences()
        for name, default in (("input_transform", None), ("weight_transform", clamp_weight_)):
            transform = getattr(self, name)
            if transform is not default and not isinstance(transform, torch.nn.Module):  # modules show themselves
                parts.append(f"{name}={getattr(transform, '__name__', transform)}")
        return parts
