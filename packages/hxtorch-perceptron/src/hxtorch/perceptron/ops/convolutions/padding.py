"""Padding as torch's convolution layers mean it."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import pad


def padded(
    input: Tensor, padding: str | tuple[int, ...], kernel_size: tuple[int, ...], dilation: tuple[int, ...], mode: str
) -> Tensor:
    """Pad the last axes of ``input``, one for each entry of ``kernel_size``.

    Args:
        input: Shape (batch, channels, ...) or (channels, ...).
        padding: Elements on both sides of each axis, or ``valid`` (none) or ``same`` (as many positions as elements;
            the odd one goes to the far end).
        kernel_size: Of each axis.
        dilation: Of each axis.
        mode: ``zeros``, ``reflect``, ``replicate`` or ``circular``.

    Returns:
        The padded input.
    """
    if padding == "valid":
        return input
    if padding == "same":
        totals = [step * (size - 1) for step, size in zip(dilation, kernel_size, strict=True)]
        sides = [(total // 2, total - total // 2) for total in totals]
    else:
        sides = [(int(size), int(size)) for size in padding]
    widths = [width for side in reversed(sides) for width in side]
    if not any(widths):
        return input
    return pad(input, widths) if mode == "zeros" else pad(input, widths, mode=mode)
