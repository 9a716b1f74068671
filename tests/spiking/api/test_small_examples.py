"""The small examples run as scripts do."""

import pytest

from hxtorch import core
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
