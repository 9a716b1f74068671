"""Looking for NaN and infinity by the kernel, against torch."""

import pytest
import torch

from hxtorch.spiking import doors
from hxtorch.spiking._kernels.network.finite import worst

VALUES = [0.0, -0.0, 1e-45, 3e38, float("inf"), float("-inf"), float("nan"), -float("nan")]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_the_kernel_finds_what_torch_finds(dtype, value, place):
    tensor = torch.arange(7, dtype=dtype)
    tensor[place] = value
    law = 2 if bool(tensor.isnan().any()) else int(not bool(tensor.isfinite().all()))
    assert worst(tensor.data_ptr(), tensor.numel(), dtype is torch.float64) == law
    assert doors.worst_of(tensor) == law
    assert doors.has_nan(tensor) == (law == 2)


def test_nan_counts_more_than_infinity():
    assert doors.worst_of(torch.tensor([float("inf"), float("nan")])) == 2
    assert worst(0, 5, False) == 0


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(2, 3).T,
        torch.zeros(2, dtype=torch.float16),
        torch.zeros(2, dtype=torch.int64),
        torch.zeros(2, 2).to_sparse(),
        torch.zeros(2, device="meta"),
        torch.zeros(doors._SMALL // 4 + 1),
        [0.0],
    ],
    ids=["transposed", "half", "integers", "sparse", "meta", "large", "list"],
)
def test_what_the_kernel_does_not_take_is_left_to_torch(tensor):
    assert doors.worst_of(tensor) is None


def test_what_the_kernel_does_not_take_is_looked_at_all_the_same():
    tensor = torch.zeros(2, 3).T.clone(memory_format=torch.preserve_format)
    tensor[1, 1] = float("nan")
    assert not tensor.is_contiguous()
    assert doors.has_nan(tensor)
    assert doors.has_nan(torch.full((2,), float("nan"), dtype=torch.float16))
