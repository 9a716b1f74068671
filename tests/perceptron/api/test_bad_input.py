"""Contract: bad input raises its typed error with the value, before anything is sent, and leaves everything usable."""

import pytest
import torch

import hxtorch.perceptron as hxp
import hxtorch.perceptron.nn as hxnn
from hxtorch.core import HXTorchError, NoConnectionError

GOOD = torch.ones(2, 5), torch.ones(5, 3)


def ones(*shape, **one):
    """Ones, except for the first element if it is given."""
    tensor = torch.ones(shape)
    if one:
        tensor.flatten()[0] = one["first"]
    return tensor


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize(
    ("x", "weight", "error", "words"),
    [
        (ones(2, 5, first=32.0), ones(5, 3), OverflowError, r"input: got 32, wanted .* 0\.\.31"),
        (ones(2, 5, first=31.5), ones(5, 3), OverflowError, r"input: got 31.5"),
        (ones(2, 5, first=-1.0), ones(5, 3), OverflowError, r"input: got -1"),
        (ones(2, 5, first=float("inf")), ones(5, 3), OverflowError, r"input: got inf"),
        (ones(2, 5), ones(5, 3, first=64.0), OverflowError, r"weight: got 64, wanted .* -63\.\.63"),
        (ones(2, 5), ones(5, 3, first=-63.5), OverflowError, r"weight: got -63.5"),
        (ones(2, 5, first=float("nan")), ones(5, 3), ValueError, r"input: got nan"),
        (ones(2, 5), ones(5, 3, first=float("nan")), ValueError, r"weight: got nan"),
        (ones(2, 5).int(), ones(5, 3).int(), ValueError, r"input: got type torch.int32"),
        (ones(2, 5), ones(5, 3).double(), ValueError, r"torch.float32 .* torch.float64"),
        (ones(2, 5), ones(4, 3), ValueError, r"\(2, 5\) times weight \(4, 3\)"),
        (ones(2, 0), ones(0, 3), ValueError, r"rows and columns at least 1"),
        (ones(2, 5), ones(5, 0), ValueError, r"rows and columns at least 1"),
        (torch.tensor(1.0), ones(5, 3), ValueError, r"got input \(\)"),
        (ones(2, 2, 5), ones(3, 5, 3), ValueError, r"do not broadcast"),
        (ones(2, 5).numpy(), ones(5, 3), ValueError, r"input: got ndarray, wanted a torch tensor"),
        (ones(2, 5), [[1.0]] * 5, ValueError, r"other: got list"),
        (ones(2, 5).to_sparse(), ones(5, 3), ValueError, r"input: got layout torch.sparse_coo.*to_dense"),
    ],
)
def test_matmul_refuses(x, weight, error, words, mock):
    with pytest.raises(error, match=words) as caught:
        hxp.matmul(x, weight, mock=mock)
    assert isinstance(caught.value, HXTorchError)
    assert hxp.matmul(*GOOD, mock=True).shape == (2, 3)


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize("name", ["num_sends", "wait_between_events"])
@pytest.mark.parametrize("value", [0, -1, 1.5, 2**32, 2**62])
def test_counts_are_integers_from_one_to_what_the_chip_counts(name, value, mock):
    with pytest.raises(ValueError, match=name):
        hxp.mac(*GOOD, **{name: value}, mock=mock)


@pytest.mark.parametrize("mock", [True, False])
@pytest.mark.parametrize("values", [ones(2, 3).numpy(), 1.0, ones(2, 3).to_sparse(), None])
def test_operations_take_dense_tensors(values, mock):
    kernel = ones(4, 2, 3)
    for operation in (
        hxp.relu,
        hxp.converting_relu,
        hxp.argmax,
        lambda values, mock: hxp.add(values, 1.0, mock=mock),
        lambda values, mock: hxp.mac(values, ones(3, 2), mock=mock),
        lambda values, mock: hxp.conv1d(values, kernel, mock=mock),
        lambda values, mock: hxp.conv1d(ones(2, 5), values, mock=mock),
    ):
        with pytest.raises(ValueError, match=r"wanted a (torch|dense) tensor") as caught:
            operation(values, mock=mock)
        assert isinstance(caught.value, HXTorchError)


def test_mac_takes_one_matrix():
    with pytest.raises(ValueError, match="mac: got input"):
        hxp.mac(ones(2, 3, 5), ones(5, 3), mock=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: hxp.mac(ones(2, 3, 5), ones(5, 3), mock=True),
        lambda: hxp.mac(ones(2, 5), ones(5), mock=True),
        lambda: hxp.mac(ones(2, 5), ones(4, 3), mock=True),
        lambda: hxp.matmul(ones(2, 5), ones(4, 3), mock=True),
        lambda: hxp.conv1d(ones(2, 3, 9), ones(4, 2, 3), mock=True),
        lambda: hxp.add(ones(3), ones(4), mock=True),
    ],
)
@pytest.mark.parametrize("error", [RuntimeError, ValueError])
def test_wrong_shapes_are_errors_of_both_kinds(call, error):
    with pytest.raises(error, match="wanted"):
        call()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_bias_holds_numbers(bad):
    layer = hxnn.Linear(5, 3, mock=True)
    torch.nn.init.constant_(layer.bias, bad)
    for call in (
        lambda: hxp.conv1d(ones(1, 1, 8), ones(1, 1, 3), bias=torch.tensor([bad]), mock=True),
        lambda: layer(ones(2, 5)),
    ):
        with pytest.raises(ValueError, match="bias: holds NaN or infinity"):
            call()


def test_without_a_chip_the_error_says_how_to_connect():
    for call in (
        lambda: hxp.matmul(*GOOD),
        lambda: hxp.relu(ones(3)),
        lambda: hxp.converting_relu(ones(3)),
        lambda: hxp.add(ones(3), ones(3)),
        lambda: hxp.argmax(ones(3)),
        lambda: hxnn.Linear(5, 3)(GOOD[0]),
        hxp.measure_mock_parameter,
    ):
        with pytest.raises(NoConnectionError, match="init_hardware"):
            call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hxp.conv1d(ones(2, 3, 9), ones(4, 3, 3, 3), mock=True), "got input"),
        (lambda: hxp.conv1d(ones(2, 3, 9), ones(4, 2, 3), mock=True), "3 channels"),
        (lambda: hxp.conv1d(ones(2, 3, 9), ones(4, 3, 10), mock=True), "exceeds input"),
        (lambda: hxp.expanded_conv1d(ones(2, 3, 9), ones(4, 3, 10), mock=True), "exceeds input"),
        (
            lambda: hxp.expanded_conv1d(ones(2, 3, 9), ones(4, 3, 2), num_expansions=0, mock=True),
            "num_expansions: got 0",
        ),
        (lambda: hxp.conv1d(ones(2, 3, 9), ones(4, 3, 3), ones(3), mock=True), r"bias: got shape \(3,\)"),
        (lambda: hxp.conv1d(ones(2, 3, 9), ones(4, 3, 3), stride=0, mock=True), "stride: got 0"),
        (
            lambda: hxp.conv2d(ones(2, 3, 9, 9), ones(4, 3, 3, 3), stride=(1, 2, 3), mock=True),
            r"stride: got \(1, 2, 3\)",
        ),
        (lambda: hxp.conv2d(ones(2, 4, 9, 9), ones(3, 2, 3, 3), groups=2, mock=True), "in 2 groups"),
        (lambda: hxp.converting_relu(ones(3), 8, mock=True), "shift: got 8"),
        (lambda: hxp.add(ones(3), ones(4), mock=True), "broadcast"),
        (lambda: hxp.argmax(ones(3), dim=1, mock=True), "dim 1"),
        (lambda: hxp.argmax(ones(0), mock=True), "at least one"),
        (lambda: hxp.relu(ones(3, first=float("nan")), mock=True), "nan"),
        (lambda: hxp.relu(ones(3).int(), mock=True), "int32"),
        (lambda: hxnn.Linear(5, 3, avg=0), "avg: got 0"),
    ],
)
def test_other_operations_refuse_what_does_not_fit(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("mock", [True, False])
def test_digital_operations_refuse_what_int8_cannot_hold(mock):
    for call in (
        lambda: hxp.relu(ones(3, first=127.5), mock=mock),
        lambda: hxp.converting_relu(ones(3, first=-129.0), mock=mock),
        lambda: hxp.add(ones(3), ones(3), alpha=200, mock=mock),
    ):
        with pytest.raises(OverflowError, match=r"wanted values that round to -128\.\.127"):
            call()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (hxnn.Linear(5, 3, mock=True), (2, 5)),
        (hxnn.Conv1d(2, 3, 4, mock=True), (1, 2, 9)),
        (hxnn.Conv2d(2, 3, 4, mock=True), (1, 2, 9, 9)),
        (hxnn.ExpandedConv1d(2, 3, 4, mock=True, num_expansions=2), (1, 2, 9)),
        (hxnn.ReLU(mock=True), (3,)),
        (hxnn.ConvertingReLU(mock=True), (3,)),
    ],
)
def test_errors_of_a_layer_begin_with_the_layer(layer, shape):
    with pytest.raises(OverflowError) as caught:
        layer(ones(*shape, first=200.0))
    assert str(caught.value).startswith(f"{layer}: input: got 200")
    with pytest.raises(ValueError, match="got nan") as caught:
        layer(ones(*shape, first=float("nan")))
    assert str(caught.value).startswith(repr(layer))


def test_mock_mode_has_no_membrane_to_record(tmp_path):
    with pytest.raises(RuntimeError, match="madc_recording_path"):
        hxp.mac(*GOOD, mock=True, madc_recording_path=str(tmp_path / "membrane.csv"))
    assert not list(tmp_path.iterdir())
