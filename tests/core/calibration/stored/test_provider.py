"""Where a calibration comes from: nominal codes, the package, the cache, a measurement; in that order."""

import logging
import os
import subprocess
import sys
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
from hxtorch.core.calibration.stored.paths import cached_path, shipped_path
from hxtorch.core.calibration.targets import PRESETS
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
        for name in PRESETS:
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
    assert "the result is not kept" in caplog.text


def test_threads_that_ask_together_measure_once(measured):
    with open_session(serial="emulated-9", fidelity="full") as session:
        threads = [threading.Thread(target=for_target, args=(session.connection, TARGET)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(measured) == 1


PROCESS = """
import hxtorch.core.calibration.provider as provider
from hxtorch.core import calibration, open_session

def counted(*arguments):
    print("measured")
    return measure(*arguments)

measure, provider.calibrate = provider.calibrate, counted
with open_session(serial="emulated-9", fidelity="full") as session:
    print(calibration.for_target(session.connection, calibration.HagenSyninCalibTarget()).target.digest())
"""


def test_processes_that_ask_together_measure_once(tmp_path):
    environment = {**os.environ, "HXTORCH_CACHE_DIR": str(tmp_path / "cache")}
    command = [sys.executable, "-c", PROCESS]
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]  # noqa: S603
    lines = [process.communicate(timeout=300)[0].split() for process in processes]
    digest = calibration.HagenSyninCalibTarget().digest()
    assert sorted(lines, key=len) == [[digest], ["measured", digest]]
    files = [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert sorted(path.partition(".")[2] for path in files) == ["safetensors", "safetensors.lock"]


def test_a_reader_never_meets_half_a_file(tmp_path):
    with open_session(fidelity="ideal") as session:
        both = [calibration.nominal_calibration(session.connection, preset(name)) for name in ("spiking", "hagen")]
    path = save(both[0], tmp_path / "calibration")

    def write():
        for turn in range(100):
            save(both[turn % 2], path)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert load(path).target in (both[0].target, both[1].target)
    writer.join()
    assert [entry.name for entry in tmp_path.iterdir()] == ["calibration"]


def test_a_cache_keeps_the_newest_calibrations(measured, monkeypatch):
    monkeypatch.setattr("hxtorch.core.calibration.provider._KEPT", 3)
    targets = [SpikingCalibTarget(threshold=120 + k) for k in range(6)]
    with open_session(serial="emulated-9", fidelity="full") as session:
        for age, target in enumerate(targets):
            for_target(session.connection, target)
            path = cached_path(session.connection.describe(), target)
            os.utime(path, (age, age))
        for target in [*targets[3:], targets[0]]:
            for_target(session.connection, target)
    assert measured == [*targets, targets[0]]
    assert len(list(path.parent.glob("*.safetensors"))) == 3


def test_a_connection_that_breaks_is_not_taken_for_a_cache(measured, monkeypatch, caplog):
    def broken(connection, target, options=None):
        measured.append(target)
        raise ConnectionResetError("the chip is gone")

    monkeypatch.setattr("hxtorch.core.calibration.provider.calibrate", broken)
    with (
        open_session(serial="broken", fidelity="full") as session,
        caplog.at_level(logging.WARNING),
        pytest.raises(ConnectionResetError),
    ):
        for_target(session.connection, TARGET)
    assert len(measured) == 1
    assert not caplog.messages


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

    monkeypatch.setattr("hxtorch.core.calibration.neurons.spiking.SpikingCalibrator.calibrate", hopeless)
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
