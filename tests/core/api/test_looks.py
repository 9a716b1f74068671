"""Objects of core look short: shapes and units, never arrays; a notebook gets a table, with texts escaped."""

import logging
import sys

import numpy as np
import pytest

from hxtorch import core
from hxtorch.core.backends.setup import Setup
from hxtorch.core.calibration import SpikingCalibTarget, for_target, provider
from hxtorch.core.calibration.bench.procedure import CalibrationOptions, progress_bar
from hxtorch.core.calibration.calibrate import nominal_calibration
from hxtorch.core.looks import table
from hxtorch.core.sessions.session import Session


@pytest.fixture
def session():
    with core.open_session(fidelity="ideal") as session:
        yield session


def test_a_result_shows_shapes(session):
    nothing = core.InputEvents(np.empty(0, np.int64), np.empty(0, np.uint16), np.zeros(2, np.int64))
    program = core.SpikingProgram(core.ChipConfiguration(), 1250, nothing, core.Recording(np.arange(4)))
    result = session.run_spiking(program)
    assert "array(" not in repr(result)
    assert "values=uint8 (" in repr(result)
    assert "events_dropped=0" in repr(result.info)
    assert "emulated_time</td><td>0.01 ms" in result.info._repr_html_()
    assert "<table>" in result._repr_html_()


def test_a_session_says_which_chip_and_whether_it_is_open(session):
    assert repr(session) == "Session(serial emulated-1, backend emulator, fidelity ideal, seed 0, state open)"
    session.close()
    assert "<td>closed</td>" in session._repr_html_()


def test_texts_in_tables_are_escaped():
    class Nothing:
        def close(self):
            pass

    shown = Session(Nothing(), Setup(serial="<script>"))._repr_html_()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown + table("<script>", ["<script>"], [["<script>"]])


def test_a_calibration_is_a_line_and_a_table(session):
    found = nominal_calibration(session.connection, SpikingCalibTarget())
    assert repr(found).startswith("Calibration(spiking of 'emulated-1', fidelity 'ideal', 512 of 512 neurons")
    with core.open_session(fidelity="full") as full:
        measured = for_target(full.connection, SpikingCalibTarget())
    assert "<td>tau_mem (s)</td>" in measured._repr_html_()


def test_a_calibration_is_told_in_one_line(session, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(provider, "calibrate", lambda connection, target, _: nominal_calibration(connection, target))
    monkeypatch.setattr(provider, "_UNMEASURED", ())
    target = SpikingCalibTarget(tau_mem=20e-6)
    with caplog.at_level(logging.INFO, "hxtorch.core.calibration"):
        for_target(session.connection, target, folder=tmp_path)
        for_target(session.connection, target, folder=tmp_path)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("calibrated 'emulated-1' for spiking (tau_mem=2e-05), as none is kept: ")
    assert str(tmp_path) in line


@pytest.mark.parametrize("notebook", [False, True])
def test_a_bar_shows_in_a_notebook(notebook, monkeypatch, capsys):
    if notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with progress_bar(CalibrationOptions(), "calibrating", 2) as progress:
        progress.stage("first")
    assert ("calibrating" in capsys.readouterr().err) == notebook
