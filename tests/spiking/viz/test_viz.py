"""Pictures of networks show what handles and modules hold."""

import io
from copy import deepcopy

import numpy as np
import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.core.errors import PictureError
from hxtorch.snn import viz
from hxtorch.spiking.viz import tutorial

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


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


def ran(mock=True, steps=40, **arguments):
    """One layer of four neurons after a run, its handle, and the synapse."""
    torch.manual_seed(0)
    exp = hxsnn.Experiment(mock=mock, dt=2e-6)
    synapse = hxsnn.Synapse(10, 4, exp)
    torch.nn.init.constant_(synapse.weight, 30.0)
    layer = hxsnn.Neuron(4, exp, **arguments)
    z = layer(synapse(hxsnn.NeuronHandle((torch.rand(steps, 2, 10) < 0.2).float())))
    hxsnn.run(exp, steps)
    return z, layer, synapse


def test_a_raster_has_a_mark_for_each_spike():
    spikes = torch.zeros(30, 2, 5)
    spikes[[3, 7], 1, [0, 4]] = 1
    axes = viz.raster(hxsnn.NeuronHandle(spikes), batch=1, dt=2e-6)
    (marks,) = axes.lines
    assert sorted(zip(marks.get_xdata(), marks.get_ydata(), strict=True)) == [(6, 0), (14, 4)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (us)", "neuron")
    assert axes.get_xlim()[1] >= 60
    assert 0 < pixels(axes) < 0.1
    assert not len(viz.raster(spikes[:, 0]).lines[0].get_xdata())


def test_traces_of_the_model_have_its_threshold_and_leak():
    z, layer, _ = ran(leak=hxsnn.MixedHXModelParameter(0.1, 80), threshold=hxsnn.MixedHXModelParameter(1.1, 125))
    axes = viz.traces(z, layer, neurons=2, batch=1)
    membrane = line(axes, "membrane")
    np.testing.assert_array_equal(membrane.get_ydata(), z.membrane_cadc[:, 1, 2].detach().numpy())
    assert membrane.get_xdata()[1] == pytest.approx(2.0)  # us
    assert line(axes, "threshold").get_ydata()[0] == pytest.approx(1.1)
    assert line(axes, "leak").get_ydata()[0] == pytest.approx(0.1)
    fired = z.spikes[:, 1, 2].detach().nonzero().flatten() * 2.0
    np.testing.assert_allclose(line(axes, "spike").get_xdata(), fired)
    assert pixels(axes) > 0.005


@pytest.mark.parametrize("shifted", [True, False])
def test_traces_of_the_chip_have_its_levels_in_their_own_unit(ideal_chip, shifted):
    potentials = {"leak": hxsnn.MixedHXModelParameter(0.0, 80), "threshold": hxsnn.MixedHXModelParameter(1.0, 125)}
    scaled = {"trace_scale": 1 / 45, "shift_cadc_to_first": shifted, "trace_offset": 80.0 - 128}
    z, layer, _ = ran(mock=False, **potentials, **scaled)
    axes = viz.traces(z, layer)
    assert line(axes, "threshold").get_ydata()[0] == pytest.approx(1.0)
    assert line(axes, "leak").get_ydata()[0] == pytest.approx(0.0)
    assert abs(z.membrane_cadc[0, 0, 0]) < 0.1


@pytest.mark.parametrize("mock", [True, False])
def test_membranes_of_a_run_are_drawn_by_plot_as_they_are(ideal_chip, mock):
    z, _, synapse = ran(mock=mock)
    lines = pyplot.plot(z.membrane_cadc)
    assert z.membrane_cadc.requires_grad
    assert len(lines) == 2 * 4
    assert np.array_equal(lines[5].get_ydata(), z.membrane_cadc[:, 1, 1].detach())
    z.membrane_cadc.square().mean().backward()
    assert synapse.weight.grad.abs().sum() > 0
    for made in (z.membrane_cadc + 1, z.membrane_cadc[0], deepcopy(z.membrane_cadc), written(z.membrane_cadc.detach())):
        assert type(made) is torch.Tensor


def written(tensor):
    """What is read from a file that ``tensor`` was written to."""
    file = io.BytesIO()
    torch.save(tensor, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def test_the_membrane_adc_is_drawn_over_the_column_adc(ideal_chip):
    recorded = {"enable_madc_recording": True, "record_neuron_id": 3}
    z, layer, _ = ran(mock=False, **recorded)
    axes = viz.traces(z, layer)
    slow, fast = line(axes, "membrane (CADC)"), line(axes, "membrane (MADC)")
    np.testing.assert_array_equal(slow.get_ydata(), z.membrane_cadc[:, 0, 3].detach().numpy())
    assert len(fast.get_xdata()) > 20 * len(slow.get_xdata())
    assert np.median(fast.get_ydata()) == pytest.approx(np.median(slow.get_ydata()), abs=3)


def test_several_neurons_have_a_line_each():
    z, _, _ = ran()
    axes = viz.traces(z.membrane_cadc, neurons=range(4))
    assert [found.get_label() for found in axes.lines] == [f"neuron {index}" for index in range(4)]
    assert len({found.get_color() for found in axes.lines}) == 4


def test_weights_are_those_of_the_chip():
    exp = hxsnn.Experiment(mock=True)
    synapse = hxsnn.Synapse(3, 2, exp)
    with torch.no_grad():
        synapse.weight.copy_(torch.tensor([[1.4, -70.0, 0.0], [20.0, 5.6, -3.0]]))
    axes = viz.weights_on_chip(synapse)
    np.testing.assert_array_equal(axes.images[0].get_array(), [[1, -63, 0], [20, 6, -3]])
    assert axes.images[0].get_clim() == (-63, 63)
    assert pixels(axes) > 0.5
    sparse = hxsnn.SparseSynapse(torch.eye(3).to_sparse(), exp, packed=True)
    torch.nn.init.constant_(sparse.weight, 20.0)
    np.testing.assert_array_equal(viz.weights_on_chip(sparse).images[0].get_array(), 20 * np.eye(3))


def test_values_that_are_not_there_are_gaps():
    (line,) = viz.training({"accuracy": [0.5, None, 0.75]}).lines
    np.testing.assert_array_equal(line.get_ydata(), [0.5, np.nan, 0.75])


def test_training_has_a_line_for_each_curve():
    axes = viz.training({"train": [0.2, 0.6], "test": [0.1, 0.5]}, second={"train": [2.0, 1.0]})
    assert [list(found.get_ydata()) for found in axes.lines] == [[0.2, 0.6], [0.1, 0.5]]
    assert list(axes.lines[0].get_xdata()) == [1, 2]
    assert axes.get_ylim() == (0, 1)
    beside = axes.figure.axes[-1]
    assert list(beside.lines[0].get_ydata()) == [2.0, 1.0]
    assert beside.get_ylim()[0] == 0
    assert (axes.get_ylabel(), beside.get_ylabel()) == ("accuracy", "loss")
    assert pixels(axes) > 0.005


@pytest.mark.parametrize("scores", [True, False])
def test_a_decision_map_has_the_class_of_each_point(scores):
    def classify(points):
        right = (points[:, 0] > 0.5).long()
        return torch.nn.functional.one_hot(right, 2).float() if scores else right

    samples = torch.tensor([[0.2, 0.2], [0.8, 0.8]]), torch.tensor([0, 1])
    axes = viz.decision_map(classify, classes=2, samples=samples, resolution=11, inside=lambda x, y: y < 0.75)
    image = axes.images[0].get_array().filled(np.nan)
    assert np.isnan(image[8:]).all()
    assert (image[:8, :6] == 0).all()
    assert (image[:8, 6:] == 1).all()
    np.testing.assert_allclose(axes.collections[0].get_offsets(), samples[0])
    assert pixels(axes) > 0.3


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: viz.raster(hxsnn.NeuronHandle()), "spikes: got a NeuronHandle without it"),
        (lambda: viz.raster([1, 2]), "spikes: got list"),
        (lambda: viz.raster(torch.zeros(3)), r"spikes: got shape \(3,\)"),
        (lambda: viz.raster(torch.zeros(3, 2, 1), batch=2), "batch: got 2, wanted one of 2 entries"),
        (lambda: viz.traces(torch.zeros(3, 2, 1), neurons=1), r"neurons: got \[1\], wanted numbers from 0 to 0"),
        (lambda: viz.traces(torch.zeros(3, 2, 1), torch.nn.Linear(1, 1)), "module: got Linear"),
        (lambda: viz.weights_on_chip(torch.zeros(2, 2)), "synapse: got Tensor"),
        (lambda: viz.training({}), "curves: got none"),
        (lambda: viz.training({"a": []}), "curves: got {'a'"),
        (lambda: viz.decision_map(lambda points: points[:3], classes=2), r"classify: returned shape \(3, 2\)"),
        (lambda: viz.decision_map(lambda points: points, classes=99), "classes: got 99"),
        (
            lambda: viz.decision_map(lambda points: torch.arange(len(points)) - 1, classes=2),
            "returned class -1, wanted",
        ),
        (lambda: viz.decision_map(lambda points: points, classes=1), "classify: returned class 1, wanted 0 to 0"),
        (
            lambda: viz.decision_map(lambda points: points, classes=2, samples=(torch.zeros(3, 2), torch.zeros(2))),
            "samples: got shapes",
        ),
        (lambda: viz.raster(torch.zeros(3, 2, 1), batch="a"), "batch: got 'a', wanted one of 2 entries"),
        (lambda: viz.traces(torch.zeros(3, 2, 1), neurons=0.0), r"neurons: got \[0.0\], wanted"),
        (lambda: viz.traces(torch.zeros(3, 2, 1), neurons="0"), r"neurons: got \['0'\], wanted"),
        (lambda: viz.training({"a": 0.5}), "curves: got {'a': 0.5}"),
        (lambda: viz.training({"a": ["high"]}), "curves: got {'a'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, says):
    with pytest.raises(PictureError, match=says):
        call()


def test_pictures_of_the_introductory_notebook_show_inputs_traces_and_losses():
    inputs = torch.zeros(40, 2, 10)
    inputs[[3, 20], 0] = 1
    z, _, _ = ran()
    for axes in (tutorial.plot_mock(inputs, z), tutorial.plot_compare_traces(inputs, z)):
        assert line(axes, "input").get_xdata().tolist() == [3, 20]
        assert len(line(axes, "membrane").get_xdata()) == 40
    runs = [np.full(40, value) for value in (1.0, 3.0)]
    axes = tutorial.plot_scaled_trace(inputs, runs, np.zeros(40))
    assert set(line(axes, "chip").get_ydata()) == {2.0}
    assert set(line(axes, "model").get_ydata()) == {0.0}
    targets = torch.rand(40, 2, 4)
    assert len(tutorial.plot_targets(targets).lines) == 4
    update = tutorial.plot_training(inputs, targets, 5)
    axes = [update(loss, z) for loss in (0.5, 0.25)][-1]
    assert len(axes.lines) == 1 + 2 * 4
    assert list(axes.figure.axes[1].lines[0].get_ydata()) == [0.5, 0.25]
    assert axes.figure.axes[1].get_xlim() == (0, 5)


def test_numbers_of_numpy_and_torch_are_drawn():
    spikes = (torch.arange(24).reshape(6, 2, 2) % 5 == 0).float()
    shown = viz.raster(spikes).lines[0].get_xydata()
    for same in (spikes.numpy(), spikes.to_sparse(), spikes.numpy() > 0):
        assert np.array_equal(viz.raster(same).lines[0].get_xydata(), shown)
    for neuron in (np.int64(1), torch.tensor(1), np.array([1]), torch.tensor([1])):
        assert np.array_equal(viz.traces(spikes, neurons=neuron).lines[0].get_ydata(), spikes[:, 0, 1])
    loss = torch.tensor(0.5, requires_grad=True)
    assert viz.training({"loss": [loss, 2 * loss]}).lines[0].get_ydata() == pytest.approx([0.5, 1.0])
    viz.decision_map(lambda points: points.numpy(), classes=2, resolution=4)


@pytest.mark.parametrize("neurons", [40, 512])
def test_many_traces_keep_room_for_themselves(neurons):
    axes = viz.traces(torch.rand(10, 1, neurons), neurons=range(neurons))
    axes.figure.canvas.draw()  # warns where there is none
    assert axes.get_position().width > 0.4
