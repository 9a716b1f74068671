"""Which gain each part of a matrix sees."""

from __future__ import annotations

import torch
from torch import Tensor

from hxtorch.perceptron import constants

HEIGHT, WIDTH = constants.hardware_matrix_height, constants.hardware_matrix_width


def tile_gain(gain: Tensor, rows: int, columns: int) -> Tensor:
    """Look up the gain of each column in each tile of 128 rows.

    Tile ``k``, counted down the rows first, runs on hemisphere ``k % 2``; columns of a tile start at the left of the
    chip.

    Args:
        gain: One number, shape (), or (2, 256) for hemisphere and column.
        rows: Rows of the matrix.
        columns: Columns of the matrix.

    Returns:
        Shape () as given, or (tiles of rows, columns).

    Source:
        Chip facts 2.4, tiling.
    """
    if gain.dim() == 0:
        return gain
    tiles = -(-rows // HEIGHT)
    column = torch.arange(columns, device=gain.device)
    tile = column // WIDTH * tiles + torch.arange(tiles, device=gain.device)[:, None]
    return gain[tile % 2, column % WIDTH]


def synapse_gain(gain: Tensor, rows: int, columns: int) -> Tensor:
    """Return the gain of each synapse: shape () or (rows, columns); arguments as in :func:`tile_gain`."""
    table = tile_gain(gain, rows, columns)
    return table if table.dim() == 0 else table.repeat_interleave(HEIGHT, 0)[:rows]
