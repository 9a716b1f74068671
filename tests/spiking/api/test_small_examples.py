"""The small examples run as scripts do."""

import pytest
import torch

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.core import calibration, current_session, open_session
from hxtorch.core.errors import NoConnectionError
from hxtorch.examples.spiking import calib_neuron, mock_scaling


def test_neurons_are_calibrated_reported_and_stored(ideal_chip, tmp_path, capsys):
    path = tmp_path / "made" / "calibration"
    args = calib_neuron.get_parser().parse_args(["--leak", "90", "--tau-mem", "8e-6", "--output", str(path)])
    made = calib_neuron.main(args)
    assert calibration.load(path).target == made.target
    assert float(made.target.leak) == 90
    text = capsys.readouterr().out
    assert "0 of 512 neurons failed" in text
    assert "rest measured in a run: 90.0 +- 0.0, target 90" in text


def test_chip_is_opened_and_released(monkeypatch, capsys):
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    calib_neuron.main()
    assert "target 80" in capsys.readouterr().out
    with pytest.raises(NoConnectionError):
        current_session()


def test_scaled_model_and_chip_agree(capsys):
    """Within 15 % of the membranes, noise and mismatch of a calibrated chip included."""
    with open_session(serial="emulated-1", fidelity="full", seed=0):
        path = core.nightly_calib_path()
        result = mock_scaling.main(mock_scaling.get_parser().parse_args(["--calibration-path", path]))
    assert result.mock[: len(result.chip)].shape == result.chip.shape
    assert result.difference < 0.15
    assert 40 <= result.weight_scale <= 60
    assert f"{100 * result.difference:.0f} %" in capsys.readouterr().out


def test_one_cell_is_measured_and_drawn_in_both_ways(ideal_chip, tmp_path):
    potentials = {"leak": (0.0, 80), "reset": (0.0, 80), "threshold": (1.0, 125)}
    cell = {name: hxsnn.MixedHXModelParameter(*values) for name, values in potentials.items()}
    inputs = torch.zeros(50, 1, 1)
    inputs[10] = 1
    chip = mock_scaling.run(inputs, cell, n_runs=2, trace_offset=-48.0)
    (mock,) = mock_scaling.run(inputs, cell, mock=True, n_runs=1)
    assert len(chip) == 2
    assert chip[0].shape == mock.shape == (50,)
    assert abs(chip[0].argmax() - mock.argmax()) <= 3
    assert mock.max() > 0.1
    pytest.importorskip("matplotlib")
    args = mock_scaling.get_parser().parse_args(["--plot-path", str(tmp_path / "new" / "cell.png")])
    mock_scaling.plot_scaled_trace(args, inputs, chip, mock)
    assert (tmp_path / "new" / "cell.png").read_bytes().startswith(b"\x89PNG")
