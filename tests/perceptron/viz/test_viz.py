"""Pictures of products show the numbers that they are given."""

import numpy as np
import pytest
import torch

import hxtorch.perceptron as hxp
from hxtorch.core.errors import PictureError
from hxtorch.perceptron import viz

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def pixels(axes):
    """Share of the pixels that are not white, within the axes."""
    axes.figure.canvas.draw()
    image = np.asarray(axes.figure.canvas.buffer_rgba())[::-1, :, :3]
    box = axes.get_window_extent()
    inside = image[int(box.y0) + 2 : int(box.y1) - 2, int(box.x0) + 2 : int(box.x1) - 2]
    return float((inside < 250).any(-1).mean())


def test_linearity_shows_results_over_exact_products(silent):
    inputs, weights = torch.randint(0, 32, (50, 20)).float(), torch.randint(-63, 64, (20, 8)).float()
    results = hxp.mac(inputs, weights, mock=True)
    axes = viz.mac_linearity(inputs, weights, results)
    dots, model, *rails = axes.lines
    np.testing.assert_array_equal(dots.get_xdata(), (inputs @ weights).flatten())
    np.testing.assert_array_equal(dots.get_ydata(), results.flatten())
    slope = np.diff(model.get_ydata()) / np.diff(model.get_xdata())
    assert slope == pytest.approx(2**-9, rel=0.05)
    assert [rail.get_ydata()[0] for rail in rails] == [-128, 127]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("exact product", "result (LSB)")
    assert pixels(axes) > 0.005


def test_a_given_gain_is_the_line(silent):
    axes = viz.mac_linearity([[1, 2]], [[3.0], [4.0]], [[2.0]], gain=0.5)
    assert list(axes.lines[1].get_ydata()) == [5.5, 5.5]


def test_confusion_has_counts_shares_and_names():
    axes = viz.confusion(torch.tensor([[3, 1], [0, 4]]), names=["cat", "dog"])
    np.testing.assert_allclose(axes.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    assert sorted(text.get_text() for text in axes.texts) == ["1", "3", "4"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert axes.get_title() == "87.5% right"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("found", "right")
    assert pixels(axes) > 0.3


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: viz.confusion(torch.ones(2, 3)), r"counts: got shape \(2, 3\)"),
        (lambda: viz.confusion(-torch.eye(2)), "none negative"),
        (lambda: viz.confusion(torch.eye(2), names=["a"]), "names: got 1, wanted one for each of 2"),
        (lambda: viz.confusion(torch.full((2, 2), torch.nan)), "none negative"),
        (lambda: viz.confusion("many"), "counts: got 'many', wanted numbers"),
        (lambda: viz.confusion([]), r"counts: got \[\], wanted numbers, at least one"),
        (lambda: viz.mac_linearity(torch.ones(3, 2), None, 0), "weights: got None, wanted numbers"),
        (lambda: viz.mac_linearity(torch.ones(0, 2), torch.ones(2, 4), torch.ones(0, 4)), "activations: got tensor"),
        (lambda: viz.mac_linearity(torch.ones(3, 2), torch.ones(3, 2), 0), "activations and weights: got shapes"),
        (lambda: viz.mac_linearity(torch.ones(3, 2), torch.ones(2, 4), torch.ones(3, 3)), "results: got shape"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, says):
    with pytest.raises(PictureError, match=says):
        call()


def test_counts_may_have_a_graph():
    assert viz.confusion(torch.eye(3, requires_grad=True)).get_title() == "100.0% right"
