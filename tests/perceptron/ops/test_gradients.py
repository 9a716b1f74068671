"""Reference and property: gradients are those of the linear model with the gain in force."""

import pytest
import torch

import hxtorch.perceptron as hxp


def operands(*shapes, dtype=torch.float64):
    x, weights = shapes
    return (
        (torch.rand(x, dtype=dtype) * 31).requires_grad_(),
        (torch.rand(weights, dtype=dtype) * 126 - 63).requires_grad_(),
    )


@pytest.mark.parametrize("num_sends", [1, 7])
@pytest.mark.parametrize("gain", [0.002, 0.0018])
@pytest.mark.parametrize(
    "shapes", [((150,), (150, 12)), ((4, 150), (150, 12)), ((2, 3, 30), (30,)), ((2, 4, 9), (2, 9, 3))]
)
def test_matmul_has_the_gradient_of_the_linear_model(shapes, gain, num_sends):
    hxp.set_mock_parameter(hxp.MockParameter(gain=gain))
    x, weights = operands(*shapes)
    result = hxp.matmul(x, weights, num_sends=num_sends, mock=True)
    upstream = torch.randn_like(result)
    found = torch.autograd.grad(result, (x, weights), upstream)
    wanted = torch.autograd.grad(num_sends * gain * torch.matmul(x, weights), (x, weights), upstream)
    torch.testing.assert_close(found, wanted)


def test_a_gain_for_each_column_enters_the_gradient_of_its_tile():
    gain = torch.rand(2, 256, dtype=torch.float64) * 0.01 + 1e-4
    hxp.set_mock_parameter(hxp.MockParameter(gain=gain))
    x, weights = operands((3, 200), (200, 300))
    rows = torch.arange(200)[:, None] // 128
    columns = torch.arange(300)
    slope = gain[(columns // 256 * 2 + rows) % 2, columns % 256]
    upstream = torch.randn(3, 300, dtype=torch.float64)
    found = torch.autograd.grad(hxp.matmul(x, weights, mock=True), (x, weights), upstream)
    torch.testing.assert_close(found, torch.autograd.grad(x @ (weights * slope), (x, weights), upstream))


def test_only_what_asks_for_a_gradient_gets_one():
    x, weights = operands((2, 5), (5, 3))
    hxp.matmul(x.detach(), weights, mock=True).sum().backward()
    assert weights.grad is not None
    assert not hxp.matmul(x.detach(), weights.detach(), mock=True).requires_grad


def test_the_gradient_is_smooth_in_operands_and_upstream_gradient():
    """The forward pass has steps; its gradient has none, and autograd differentiates it once more."""
    x, weights = operands((1, 2, 5), (1, 5, 3))

    def gradient(x, weights, upstream):
        result = hxp.matmul(x, weights, num_sends=2, mock=True)
        return torch.autograd.grad(result, (x, weights), upstream, create_graph=True)

    upstream = torch.randn(1, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gradient, (x, weights, upstream))


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (3, 2)])
@pytest.mark.parametrize("name", ["conv1d", "expanded_conv1d", "conv2d"])
def test_convolutions_have_the_gradient_of_the_linear_model(name, stride, dilation, groups):
    axes = 2 if name == "conv2d" else 1
    x, weight = operands((2, 4, *[11] * axes), (6, 4 // groups, *[3] * axes))
    bias = torch.randn(6, dtype=torch.float64, requires_grad=True)
    options = {"num_expansions": 3} if name == "expanded_conv1d" else {}
    result = getattr(hxp, name)(x, weight, bias, stride, mock=True, dilation=dilation, groups=groups, **options)
    reference = getattr(torch.nn.functional, f"conv{axes}d")
    linear = 0.002 * reference(x, weight, None, stride, 0, dilation, groups) + bias.reshape(-1, *[1] * axes)
    assert result.shape == linear.shape
    upstream = torch.randn_like(result)
    found = torch.autograd.grad(result, (x, weight, bias), upstream)
    torch.testing.assert_close(found, torch.autograd.grad(linear, (x, weight, bias), upstream))


def test_rectifiers_and_sums_have_the_gradients_of_their_models():
    x = torch.tensor([-5.0, -0.4, 0.0, 0.6, 30.0, 62.0, 64.0, 127.0], requires_grad=True)
    (found,) = torch.autograd.grad(hxp.relu(x, mock=True).sum(), x)
    assert found.tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    (found,) = torch.autograd.grad(hxp.converting_relu(x, 1, mock=True).sum(), x)
    assert found.tolist() == [0, 0, 0, 0.5, 0.5, 0.5, 0, 0]
    y = torch.ones(3, 1, requires_grad=True)
    found = torch.autograd.grad(hxp.add(x, y, alpha=2, mock=True).sum(), (x, y))
    assert found[0].tolist() == [3] * 8
    assert found[1].tolist() == [[16]] * 3


def test_registered_operators_compile_with_their_gradients():
    operator = torch.ops.hxtorch_perceptron.mock_products.default
    gain = torch.tensor(0.002, dtype=torch.float64)

    def loss(x, weights):
        return operator(x, weights, gain, 3, 0.0).square().sum()

    x, weights = operands((2, 4, 140), (2, 140, 9), dtype=torch.float32)
    found = torch.autograd.grad(torch.compile(loss, backend="aot_eager", fullgraph=True)(x, weights), (x, weights))
    torch.testing.assert_close(found, torch.autograd.grad(loss(x, weights), (x, weights)))
