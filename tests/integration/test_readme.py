"""What the README shows works as it stands there."""

import re
from pathlib import Path

import pytest
import torch

import hxtorch
import hxtorch.snn as hxsnn
from hxtorch.core.calibration import provider

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Calibrations that are made; none is in the cache."""
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path))
    made = []
    make = provider.calibrate
    monkeypatch.setattr(provider, "calibrate", lambda *asked: made.append(asked[1]) or make(*asked))
    return made


def test_the_ten_lines_train_something_and_measure_nothing(measured):
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    losses = []
    lines = snippet.replace("optimizer.zero_grad(),", "losses.append(loss.item()), optimizer.zero_grad(),")
    assert lines != snippet
    torch.manual_seed(0)
    exec(compile(lines, str(README), "exec"), {"losses": losses})  # noqa: S102
    assert len(losses) == 50
    assert sum(losses[-10:]) < 0.5 * sum(losses[:10])
    assert not measured


@pytest.mark.parametrize("kinds", [[hxsnn.Neuron], [hxsnn.ReadoutNeuron], [hxsnn.Neuron, hxsnn.ReadoutNeuron]])
def test_plain_neurons_on_the_default_chip_measure_nothing(measured, kinds):
    hxtorch.init_hardware()
    try:
        exp = hxsnn.Experiment()
        signal = hxsnn.NeuronHandle((torch.rand(20, 1, 4) < 0.2).float())
        for kind in kinds:
            synapse = hxsnn.Synapse(4, 4, experiment=exp)
            synapse.reset_parameters(20.0, 5.0)
            signal = kind(4, experiment=exp)(synapse(signal))
        hxsnn.run(exp, 20)
    finally:
        hxtorch.release_hardware()
    assert not measured
