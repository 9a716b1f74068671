"""Layers with weights."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor

from hxtorch.core import legal_integer
from hxtorch.perceptron import constants
from hxtorch.perceptron.errors import ScaleWarning
from hxtorch.perceptron.mock.parameter import get_mock_parameter
from hxtorch.perceptron.nn.layer import Layer, other_than_stored, set_aside
from hxtorch.perceptron.nn.transforms import clamp_weight_

Transform = Callable[[Tensor], Tensor]

_SIZES = "in_features", "out_features", "in_channels", "out_channels", "groups"
_STORED = "num_sends", "wait_between_events"
_CLIPPED = 0.05  # part of the weights beyond the range of a synapse from which on it is said
_SPREAD = 3  # standard deviations of the initial weights that fit into the range of a synapse


class MACLayer(Layer):
    """Layer that multiplies with a weight.

    The first call says by a :class:`~hxtorch.perceptron.errors.ScaleWarning` if inputs or weights are in other units
    than those of the chip.

    Attributes:
        num_sends: How often an input is sent: multiplies the result. It is in the state dictionary.
        wait_between_events: FPGA cycles of 8 ns between two events. It is in the state dictionary.
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
        for name in layer.keys() & _SIZES:
            legal_integer(name, layer[name], 1, 2**31 - 1)
        self._num_sends_given = num_sends is not None
        self.num_sends = num_sends if num_sends is not None else 1
        self.wait_between_events = wait_between_events
        super().__init__(mock, **layer)
        self.input_transform = input_transform
        self.weight_transform = weight_transform
        self._unseen = {"input", "weight"}

    def reset_parameters(self, weight_mean: float = 0.0, relu_shift: int = 1) -> None:
        """Draw weights, and choose ``num_sends`` unless it was given, such that activations keep their size.

        For inputs of mean square ``q``, normal weights of deviation ``s`` give results of deviation
        ``sqrt(fan_in * q) * s * gain * num_sends``, which a rectifier halves in mean square and a shift divides. The
        product ``s * num_sends`` is chosen to return ``q``; ``num_sends`` is the smallest for which 3 ``s`` fits the
        range of a synapse. Biases are uniform between ``-k`` and ``k`` for ``k = 1 / sqrt(fan_in)``, as in
        torch's layers.

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
                self.bias.uniform_(-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in))

    def _operands(self, input: Tensor) -> tuple[Tensor, Tensor]:
        """Return transformed input and weight."""
        x = input if self.input_transform is None else self.input_transform(input)
        if self._unseen:
            self._look_at_weight()
        weight = self.weight if self.weight_transform is None else self.weight_transform(self.weight)
        if self._unseen:
            self._look_at(x.detach(), weight.detach())
        return x, weight

    def _look_at_weight(self) -> None:
        """Say if many weights are about to be clamped."""
        if "weight" in self._unseen and self.weight_transform is clamp_weight_ and self.weight.numel():
            weight = self.weight.detach().abs()
            clipped = int((weight > constants.synaptic_weight_max + 0.5).sum())
            if clipped > _CLIPPED * weight.numel():
                self._unseen.discard("weight")
                self._say(
                    f"{clipped} of {weight.numel()} weights are clipped to {constants.synaptic_weight_max}, the "
                    f"largest is {float(weight.max()):.3g}; write weight_transform=scale_weight"
                )

    def _look_at(self, x: Tensor, weight: Tensor) -> None:
        """Say if weights round to zeros, or inputs to zeros and ones; the first call with some of them does."""
        if "weight" in self._unseen and weight.numel():
            self._unseen.discard("weight")
            largest = float(weight.abs().max())
            if 0 < largest < 0.5:
                self._say(
                    f"all weights round to 0, the largest is {largest:.3g}; write weight_transform=scale_weight, or "
                    f"multiply the weights to LSB, up to {constants.synaptic_weight_max}"
                )
        if "input" in self._unseen and x.numel() and bool(x.any()):
            self._unseen.discard("input")
            if float(x.max()) <= 1 and float(x.min()) >= 0 and bool((x != x.round()).any()):
                self._say(
                    f"inputs are within 0 and 1 (the largest is {float(x.max()):.3g}) and round to 0 or 1 of "
                    f"{constants.input_activation_max} LSB; write input_transform=scale_input"
                )

    def _say(self, text: str) -> None:
        warnings.warn(f"{self}: {text}", ScaleWarning, stacklevel=2)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Add what outputs depend on; the number of sends may have been found with the first weights."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name in _STORED:
            destination[prefix + name] = torch.tensor(getattr(self, name))

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Refuse settings other than the layer's, but take a number of sends that nobody gave; none stored is fine."""
        self._unseen = {"input", "weight"}
        with ExitStack() as aside:
            for name in _STORED:
                stored = aside.enter_context(set_aside(state_dict, prefix + name))
                if stored is None:
                    continue
                if name == "num_sends" and not self._num_sends_given:
                    self.num_sends = int(stored)
                elif int(stored) != getattr(self, name):
                    error_msgs.append(other_than_stored(prefix + name, int(stored), getattr(self, name)))
            super()._load_from_state_dict(
                state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
            )

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
