"""Where a calibration comes from: nominal codes, the package, the cache, a measurement; in that order."""

import logging
import threading

import numpy as np
import pytest

from hxtorch.core import calibration, open_session
from hxtorch.core.calibration import (
    HagenCalibTarget,
    SpikingCalibTarget,
    for_target,
    load,
    path_for_target,
    preset,
    save,
)
from hxtorch.core.calibration.__main__ import main
from hxtorch.core.calibration.paths import cached_path, shipped_path
from hxtorch.core.errors import CalibrationError, CalibrationSerialError

TARGET = SpikingCalibTarget(threshold=130)


@pytest.fixture
def measured(monkeypatch):
    """Count measurements, and take nominal codes for what they find."""
    seen = []

    def instead(connection, target, options=None):
        seen.append(target)
        return calibration.nominal_calibration(connection, target)

    monkeypatch.setattr("hxtorch.core.calibration.provider.calibrate", instead)
    monkeypatch.setattr("hxtorch.core.calibration.provider.still_holds", lambda *_: True)
    return seen


@pytest.mark.parametrize("fidelity", ["ideal", "calibrated"])
def test_emulated_chips_without_mismatch_take_nominal_codes(measured, fidelity):
    with open_session(serial="emulated-1", fidelity=fidelity) as session:
        found = for_target(session.connection, SpikingCalibTarget())
        assert found.provenance["method"] == "nominal"
        assert load(path_for_target(session.connection, HagenCalibTarget())).fidelity == fidelity
    assert not measured


def test_the_default_chip_takes_what_ships(measured):
    with open_session(serial="emulated-1", fidelity="full") as session:
        for name in ("spiking", "spiking2", "hagen", "hagen_synin"):
            found = for_target(session.connection, preset(name))
            assert found.provenance["method"] == "measured"
            assert path_for_target(session.connection, preset(name)) == shipped_path("emulated-1", name)
    assert not measured


def test_other_targets_and_chips_are_measured_once(measured, tmp_path):
    for serial, target in (("emulated-1", TARGET), ("emulated-9", SpikingCalibTarget())):
        for _ in range(3):
            with open_session(serial=serial, fidelity="full") as session:
                found = for_target(session.connection, target)
                assert found.target == target
                path = path_for_target(session.connection, target)
                assert path.is_relative_to(tmp_path / "cache")
    assert measured == [TARGET, SpikingCalibTarget()]


def test_a_chip_with_switched_imperfections_is_another_chip(measured):
    with open_session(serial="emulated-1", fidelity="full", imperfections={"cadc_offset": False}) as session:
        found = for_target(session.connection, SpikingCalibTarget())
        found.require_chip(session.connection)
        assert len(measured) == 1
        with pytest.raises(CalibrationSerialError, match="cadc_offset"):
            load(shipped_path("emulated-1", "spiking")).require_chip(session.connection)


def test_a_calibration_of_the_full_chip_is_refused_by_the_ideal_one():
    with (
        open_session(serial="emulated-1", fidelity="ideal") as session,
        pytest.raises(CalibrationSerialError, match=r"full.*ideal"),
    ):
        load(shipped_path("emulated-1", "spiking")).require_chip(session.connection)


@pytest.mark.parametrize("damage", [b"", b"\x80\x04.", b"x" * 100])
def test_a_damaged_cache_is_made_again_with_a_warning(measured, caplog, damage):
    with open_session(serial="emulated-9", fidelity="full") as session:
        path = path_for_target(session.connection, TARGET)
        path.write_bytes(damage)
        with caplog.at_level(logging.WARNING):
            for_target(session.connection, TARGET)
        assert load(path).target == TARGET
    assert len(measured) == 2
    assert "made again" in caplog.text


def test_a_cache_of_a_changed_chip_is_made_again_with_a_warning(caplog):
    with (
        open_session(serial="emulated-8", fidelity="full") as other,
        open_session(serial="emulated-7", fidelity="full") as session,
    ):
        stale = calibration.calibrate(other.connection, TARGET)
        path = cached_path(session.connection.describe(), TARGET)
        path.parent.mkdir(parents=True)
        fields = {name: getattr(stale, name) for name in ("target", "fidelity", "registers", "success")}
        save(calibration.Calibration(serial="emulated-7", **fields), path)
        with caplog.at_level(logging.WARNING):
            found = for_target(session.connection, TARGET)
        assert "does not fit" in caplog.text
        assert (found.registers["v_leak"] != stale.registers["v_leak"]).any()
        assert session.connection.run_counter == 0


def test_a_cache_that_can_not_be_written_is_no_obstacle(measured, monkeypatch, tmp_path, caplog):
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(occupied))
    with open_session(serial="emulated-9", fidelity="full") as session, caplog.at_level(logging.WARNING):
        assert for_target(session.connection, TARGET).target == TARGET
        with pytest.raises(OSError, match="HXTORCH_CACHE_DIR"):
            path_for_target(session.connection, TARGET)
    assert "without storing" in caplog.text


def test_threads_that_ask_together_measure_once(measured):
    with open_session(serial="emulated-9", fidelity="full") as session:
        threads = [threading.Thread(target=for_target, args=(session.connection, TARGET)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(measured) == 1


def test_serials_can_not_leave_the_cache(tmp_path):
    for serial in ("../../etc", "/etc/passwd", "..", "a/b", "", "x" * 500):
        path = cached_path({"serial": serial}, TARGET)
        assert path.parent.parent == tmp_path / "cache" / "calibration"
        assert shipped_path(serial, "spiking") is None


def test_a_target_that_no_neuron_reaches_is_an_error(monkeypatch):
    def hopeless(self, connection, target, options=None):
        nominal = calibration.nominal_calibration(connection, target)
        fields = {name: getattr(nominal, name) for name in ("target", "serial", "fidelity", "registers")}
        return calibration.Calibration(success=np.zeros(512, np.bool_), **fields)

    monkeypatch.setattr("hxtorch.core.calibration.spiking.SpikingCalibrator.calibrate", hopeless)
    with (
        open_session(serial="emulated-9", fidelity="full") as session,
        pytest.raises(CalibrationError, match="none of 512"),
    ):
        for_target(session.connection, TARGET)


def test_the_documented_command_makes_files(tmp_path, capsys):
    folder = tmp_path / "made"
    assert main(["emulated-3", "--kinds", "spiking", "--output", str(folder), "--fidelity", "calibrated"]) == 0
    found = load(folder / "spiking.safetensors", serial="emulated-3")
    assert found.fidelity == "calibrated"
    assert str(folder / "spiking.safetensors") in capsys.readouterr().out
