"""Convolution layer with several copies of its kernel on the chip."""

from __future__ import annotations

from hxtorch.perceptron import constants
from hxtorch.perceptron.doors import checked
from hxtorch.perceptron.nn.convolution import Conv1d
from hxtorch.perceptron.nn.mac_layer import Transform
from hxtorch.perceptron.nn.transforms import clamp_weight_


@checked
class ExpandedConv1d(Conv1d):
    """Convolution along one axis, several positions in one product, see :func:`~hxtorch.perceptron.expanded_conv1d`.

    Attributes:
        num_expansions: Copies of the kernel side by side.
    """

    num_expansions: int

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
        num_expansions: int | None = None,
    ) -> None:
        """Build the layer; arguments as those of :class:`Conv1d`, and ``num_expansions``.

        Args:
            in_channels: As in :class:`Conv1d`, like all up to ``weight_transform``.
            out_channels: Channels of the output.
            kernel_size: Size of the kernel.
            stride: Step between positions.
            padding: Zeros on both sides.
            dilation: Step between the elements of the kernel.
            groups: Blocks of channels.
            bias: Whether there is one.
            padding_mode: What is padded with.
            num_sends: How often to send an input, None to choose it with the first weights.
            wait_between_events: FPGA cycles of 8 ns.
            mock: Compute without a chip.
            input_transform: Of the input.
            weight_transform: Of the weight.
            num_expansions: Copies of the kernel side by side, at least 1; None for as many as fit the array of 128 rows
                and 256 columns.
        """
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
        self.num_expansions = self._as_many_as_fit() if num_expansions is None else num_expansions

    def _as_many_as_fit(self) -> int:
        """Return how many copies of the kernel have room on the array, at least 1."""
        columns = constants.hardware_matrix_width // (self.out_channels // self.groups)
        rows = constants.hardware_matrix_height // (self.in_channels // self.groups)
        span = self.dilation[0] * (self.kernel_size[0] - 1) + 1
        return max(1, min(columns, (rows - span) // self.stride[0] + 1))

    def _differences(self) -> list[str]:
        return [f"num_expansions={self.num_expansions}", *super()._differences()]
