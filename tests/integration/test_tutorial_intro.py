"""The tutorial's steps on the default chip give what the real chip shows."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from hxtorch.core import open_session

PATH = Path(__file__).parents[2] / "docs" / "tutorials" / "intro.py"


@pytest.fixture(scope="module")
def intro(tmp_path_factory):
    """The tutorial as a module, with the default chip connected."""
    spec = importlib.util.spec_from_file_location("intro", PATH)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "intro", module)
        patch.setenv("HXTORCH_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        spec.loader.exec_module(module)
        with open_session(serial="emulated-1", fidelity="full", seed=0):
            yield module


@pytest.fixture(scope="module")
def scales(intro):
    return intro.measure_scales()


def test_one_neuron_on_the_chip(intro, capsys):
    z = intro.run_one_neuron()
    assert "before the run: None" in capsys.readouterr().out
    assert z.spikes.shape == z.membrane_cadc.shape == (50, 1, 1)
    assert z.spikes.sum() == 1  # for the four inputs
    assert 20 <= int(z.spikes.argmax(0)) <= 26
    assert z.membrane_cadc[:9].mean().item() == pytest.approx(-48, abs=3)
    cycles, values = z.membrane_madc[..., 0]
    intro.describe(z)
    # About 3 LSB of the MADC for one of the CADC (one step late), from rest to the top of the last PSP.
    microseconds = cycles * 8e-9 / intro.DT
    madc = [values[(microseconds >= start) & (microseconds < stop)].mean() for start, stop in ((0, 9), (35, 40))]
    cadc = [z.membrane_cadc[start:stop].mean() for start, stop in ((1, 10), (36, 41))]
    assert ((madc[1] - madc[0]) / (cadc[1] - cadc[0])).item() == pytest.approx(3, abs=0.3)


def test_one_neuron_in_the_model(intro):
    z = intro.run_one_neuron(mock=True)
    assert z.spikes.shape == z.membrane_cadc.shape == (50, 1, 1)
    assert z.spikes.sum() == 1
    assert z.membrane_madc is None


def test_scales(intro, scales):
    assert scales.baseline == pytest.approx(-48, abs=3)
    assert scales.threshold == pytest.approx(-3, abs=4)
    assert scales.trace_scale == pytest.approx(1 / 45, abs=0.007)
    assert scales.psp.max() == pytest.approx(0.40, abs=0.06)
    assert int(scales.psp.argmax()) - intro.PSP_EVENT == pytest.approx(10, abs=2)
    assert scales.trials.std(1).mean() == pytest.approx(0.04, abs=0.015)
    assert scales.weight_scale == pytest.approx(50, abs=10)


def test_training(intro, scales):
    losses, membranes = intro.train(scales)
    assert len(losses) == 200
    assert losses[0] > 0.1
    assert losses[-1] <= 2e-2
    assert membranes.shape == (100, 1, 3)
    assert torch.nn.functional.mse_loss(membranes, intro.targets()).item() == pytest.approx(losses[-1])


def test_figure(intro, scales, tmp_path):
    pytest.importorskip("matplotlib")
    chip, mock = intro.run_one_neuron(), intro.run_one_neuron(mock=True)
    intro.draw(str(tmp_path / "intro.png"), chip, mock, scales, [0.1, 0.01], intro.targets())
    assert (tmp_path / "intro.png").stat().st_size > 10_000
