"""One analog matrix product, on the chip and by the mock model.

Run it by ``python -m hxtorch.examples.perceptron.minimal``.
"""

from __future__ import annotations

import torch

import hxtorch
import hxtorch.perceptron as hxp


def main() -> tuple[torch.Tensor, torch.Tensor]:
    """Multiply the same operands twice and print both results.

    Returns:
        Results of the chip and of the mock model, ten values around 60 each.
    """
    x, weights = torch.full((100,), 15.0), torch.full((100, 10), 21.0)
    hxtorch.init_hardware(ann=True)
    try:
        on_chip = hxp.matmul(x, weights)
    finally:
        hxtorch.release_hardware()
    mocked = hxp.matmul(x, weights, mock=True)
    print(f"chip: {on_chip.tolist()}")
    print(f"mock: {mocked.tolist()}")
    return on_chip, mocked


if __name__ == "__main__":
    main()
