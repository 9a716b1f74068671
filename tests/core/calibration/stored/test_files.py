"""Files under the names of the real chip's software: our content, whatever the name."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from hxtorch.core import (
    Chip,
    ChipConfiguration,
    calib_from_calix_native,
    calibration,
    chip_from_file,
    chip_from_portable_binary,
    init_hardware,
    nightly_calib_path,
    nightly_calix_native_path,
)
from hxtorch.core.calibration import load, preset
from hxtorch.core.calibration.stored.paths import shipped_path
from hxtorch.core.calibration.targets import PRESETS
from hxtorch.core.errors import (
    CalibrationFormatError,
    CalibrationTargetError,
    NoConnectionError,
)
from hxtorch.core.sessions.session import current_session


@pytest.mark.parametrize("name", PRESETS)
def test_both_files_hold_the_calibration_that_ships(name):
    binary, native = Path(nightly_calib_path(name)), Path(nightly_calix_native_path(name))
    assert (binary.name, native.name) == (f"{name}_cocolist.pbin", f"{name}_calix-native.pkl")
    assert binary.read_bytes() == native.read_bytes() == shipped_path("emulated-1", name).read_bytes()
    assert nightly_calib_path(name) == str(binary)


def test_a_damaged_copy_is_replaced():
    path = Path(nightly_calib_path())
    path.write_bytes(b"nonsense")
    assert load(nightly_calib_path()).kind == "spiking"


def test_what_is_given_can_be_read():
    path = nightly_calib_path("spiking2")
    wanted = load(path).apply(ChipConfiguration())
    for chip in (chip_from_file(path), chip_from_portable_binary(Path(path).read_bytes())):
        assert isinstance(chip, Chip)
        for register, codes in wanted.registers().items():
            np.testing.assert_array_equal(getattr(chip.configuration, register), codes)
    assert calib_from_calix_native(nightly_calix_native_path("spiking2")).target == preset("spiking2")


def test_a_calibration_becomes_a_chip_on_top_of_other_registers():
    found = load(nightly_calib_path())
    base = ChipConfiguration(enable_threshold=True, v_leak=5)
    for initial in (base, Chip(base)):
        chip = found.to_chip(initial)
        assert chip.enable_threshold.all()
        np.testing.assert_array_equal(chip.v_leak, found.registers["v_leak"])
    chip.v_leak[:] = 7
    assert (base.v_leak == 5).all()
    assert (found.registers["v_leak"] != 7).any()


def test_pickles_are_refused_with_the_reason(tmp_path):
    path = tmp_path / "spiking_calix-native.pkl"
    data = pickle.dumps({"v_leak": [1]})
    path.write_bytes(data)
    for read, what in ((chip_from_file, path), (calib_from_calix_native, path), (chip_from_portable_binary, data)):
        with pytest.raises(CalibrationFormatError, match=r"pickle.*runs code"):
            read(what)


def test_other_chips_are_calibrated_when_they_are_connected(monkeypatch):
    made = []

    def instead(connection, target, options=None):
        made.append(target)
        return calibration.nominal_calibration(connection, target)

    monkeypatch.setattr("hxtorch.core.calibration.provider.calibrate", instead)
    monkeypatch.setattr("hxtorch.core.calibration.provider.still_holds", lambda *_: True)
    monkeypatch.setenv("HXTORCH_CHIP", "emulated-9")
    with pytest.raises(NoConnectionError):
        nightly_calib_path()
    init_hardware()
    for path in (nightly_calib_path("spiking2"), nightly_calix_native_path("spiking2")):
        found = load(path)
        found.require_chip(current_session().connection)
        assert found.target == preset("spiking2")
    assert made == [preset("spiking2")]


def test_what_is_not_there_is_named(monkeypatch):
    with pytest.raises(CalibrationTargetError, match="hagen"):
        nightly_calib_path("nonsense")
    monkeypatch.setenv("HXTORCH_FIDELITY", "ideal")
    with pytest.raises(NoConnectionError):
        nightly_calib_path()


def test_a_cache_that_can_not_be_written_is_no_obstacle(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HXTORCH_CACHE_DIR", str(tmp_path / "file"))
    assert nightly_calib_path() == str(shipped_path("emulated-1", "spiking"))
    assert "set HXTORCH_CACHE_DIR" in caplog.text
