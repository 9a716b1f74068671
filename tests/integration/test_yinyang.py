"""The yin-yang task is learned in the model and in the loop, with settings of the examples, mostly in fewer epochs."""

import pytest

from hxtorch.core import open_session
from hxtorch.examples.spiking import yinyang, yinyang_eventprop

SHORT = ["--epochs", "5"]


def test_in_the_model(capsys):
    accuracy = yinyang.main(yinyang.get_parser().parse_args([*SHORT, "--mock"]))[3][-1]
    assert accuracy >= 0.90
    assert f"test accuracy {accuracy:.3f} on backend mock" in capsys.readouterr().out


@pytest.mark.parametrize("serial", ["emulated-1", "emulated-2", "emulated-3"])
def test_in_the_loop_on_uncalibrated_silicon(serial, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path))
    with open_session(serial=serial, fidelity="full", seed=0):
        accuracy = yinyang.main(yinyang.get_parser().parse_args(SHORT))[3][-1]
    assert accuracy >= 0.86
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"test accuracy {accuracy:.3f} on backend emulator, serial {serial}, fidelity full, version")


def test_by_eventprop_in_the_loop_on_uncalibrated_silicon():
    with open_session(serial="emulated-1", fidelity="full", seed=0):
        assert yinyang.main(yinyang_eventprop.get_parser().parse_args([]))[3][-1] >= 0.84
