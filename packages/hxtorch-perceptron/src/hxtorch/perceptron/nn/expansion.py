"""Convolution layer with several copies of its kernel on the chip."""

from __future__ import annotations

from hxtorch.perceptron import constants
from hxtorch.perceptron.nn.convolution import Conv1d
from hxtorch.perceptron.nn.mac_layer import Transform
from hxtorch.perceptron.nn.transforms import clamp_weight_


class ExpandedConv1d(Conv1d):
    """Convolution along one axis, several positions in one product, see :func:`~hxtorch.perceptron.expanded_conv1d`.

    Attributes:
        num_expansions: Copies of the kernel side by side.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | str | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        num_sends: int | None = None,
        wait_between_events: int = constants.defaults.wait_between_events,
        mock: bool = False,
        *,
        input_transform: Transform | None = None,
        weight_transform: Transform | None = clamp_weight_,
        num_expansions: int = 1,
    ) -> None:
        """Build the layer; arguments as those of :class:`Conv1d`, and ``num_expansions`` of at least 1."""
        self.num_expansions = num_expansions
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            num_sends,
            wait_between_events,
            mock,
            input_transform=input_transform,
            weight_transform=weight_transform,
        )

    def _differences(self) -> list[str]:
        expansions = [f"num_expansions={self.num_expansions}"] if self.num_expansions != 1 else []
        return expansions + super()._differences()
