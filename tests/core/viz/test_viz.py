"""Pictures of the chip show the numbers that they are given."""

import sys

import numpy as np
import pytest

from hxtorch import core
from hxtorch.core import calibration as calib
from hxtorch.core import viz
from hxtorch.core.networks.network import NetworkBuilder
from hxtorch.core.networks.populations import ExternalPopulation, Population

pyplot = pytest.importorskip("matplotlib.pyplot")
TARGET = calib.SpikingCalibTarget(tau_mem=10e-6)


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


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def found(success=None, **measured):
    success = np.ones(512, bool) if success is None else success
    return calib.Calibration(TARGET, "some-chip", "full", {}, success, measured)


def network(size=40):
    builder = NetworkBuilder()
    source = builder.add(ExternalPopulation(30, name="input"))
    neurons = builder.add(Population(np.arange(size), name="hidden"))
    builder.add(core.Projection(source, neurons, np.ones((30, size), np.int8), name="synapses"))
    return builder.done()


def test_a_calibration_is_drawn_by_neuron_with_its_target():
    after = np.linspace(9e-6, 11e-6, 512)
    axes = viz.calibration(found(tau_mem=after), "tau_mem")
    dots, target = axes.lines
    np.testing.assert_array_equal(dots.get_ydata(), after)
    assert set(target.get_ydata()) == {10e-6}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("neuron", "tau_mem (s)")
    assert labels(axes) == ["target"]
    assert pixels(axes) > 0.01


@pytest.mark.parametrize("as_calibration", [True, False])
def test_what_there_was_before_and_what_failed_is_drawn_too(as_calibration):
    success = np.ones(512, bool)
    success[[3, 400]] = False
    before, after = np.full(512, 5e-6), np.full(512, 9e-6)
    old = found(tau_mem=before) if as_calibration else before
    axes = viz.calibration(found(success, tau_mem=after), before=old)
    assert labels(axes) == ["before", "after", "failed", "target"]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), before)
    np.testing.assert_array_equal(axes.lines[2].get_xdata(), [3, 400])


def test_both_values_of_a_neuron_are_drawn():
    axes = viz.calibration(found(tau_syn=np.arange(1024.0).reshape(2, 512)), "tau_syn")
    assert [line.get_ydata()[0] for line in axes.lines[:2]] == [0.0, 512.0]


def test_a_network_is_drawn_where_it_is_on_the_chip():
    report = core.fit_report(network())
    axes = viz.occupation(report)
    image = axes.images[0].get_array()
    assert image.shape[1] == 256
    assert (image[:128] == 0).any()  # the one projection
    neurons = image[128:-128]
    assert (neurons[neurons.shape[0] // 4, :40] == image.max()).all()
    assert labels(axes) == ["synapses", "hidden"]
    assert pixels(axes) > 0.5


def test_a_network_that_does_not_fit_shows_what_it_needs():
    builder = NetworkBuilder()
    source = builder.add(ExternalPopulation(200, name="input"))
    neurons = builder.add(Population(np.arange(5), name="hidden"))
    builder.add(core.Projection(source, neurons, np.ones((200, 5), np.int8), name="synapses"))
    axes = viz.occupation(core.fit_report(builder.done()))
    assert labels(axes) == ["more than there are", "hidden"]


def test_pictures_go_where_they_are_told():
    given = pyplot.figure().subplots()
    assert viz.occupation(core.fit_report(network()), given) is given
    assert viz.calibration(found(tau_mem=np.ones(512)), axes=given) is given


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: viz.calibration(3), "calibration: got int"),
        (lambda: viz.calibration(found(tau_mem=np.ones(512)), "nothing"), "quantity: got 'nothing', wanted one of tau"),
        (lambda: viz.calibration(found(tau_mem=np.ones(512)), before=np.ones(3)), r"before: got shape \(3,\)"),
        (lambda: viz.calibration(found(tau_mem=np.ones(512)), before="x"), "before: got str"),
        (lambda: viz.calibration(found(tau_mem=np.ones(512)), axes=7), "axes: got int"),
        (lambda: viz.occupation("x"), "report: got str"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, says):
    with pytest.raises(core.errors.PictureError, match=says):
        call()


def test_without_matplotlib_pictures_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        viz.calibration(found(tau_mem=np.ones(512)))


def lightness(colour):
    """CIE lightness of sRGB, 0 to 100."""
    rgb = np.array([int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return 116 * float(linear @ [0.2126, 0.7152, 0.0722]) ** (1 / 3) - 16


def test_the_first_colours_can_be_told_apart_in_grey():
    values = sorted(lightness(colour) for colour in viz.COLOURS[:4])
    assert min(np.diff(values)) > 12
