from pathlib import Path

import numpy as np
import pytest

from hxtorch.core import calibration
from hxtorch.core.errors import CalibrationFormatError
from hxtorch.spiking.utils import calib_helper


def test_chip_has_the_registers_of_a_stored_calibration(ideal_chip):
    path = calib_helper.nightly_calib_path("spiking2")
    native = calib_helper.nightly_calix_native_path("spiking2")
    assert Path(native).read_bytes() == Path(path).read_bytes()
    stored = calibration.load(path)
    assert isinstance(path, Path)
    assert calib_helper.calib_from_calix_native(path).serial == stored.serial
    assert calib_helper.calib_from_calix_native(path)[stored.serial].serial == stored.serial
    assert calib_helper.target_from_calix_native(path) == {stored.serial: stored.target}
    assert list(calib_helper.chip_from_file(path)) == [stored.serial]
    for chip in (calib_helper.chip_from_file(path), calib_helper.chip_from_portable_binary(Path(path).read_bytes())):
        assert stored.registers
        for name, codes in stored.registers.items():
            assert np.array_equal(getattr(chip, name), codes)


def test_an_attribute_of_several_chips_is_none():
    with pytest.raises(AttributeError, match="of 2 chips there is no one 'weight'; take one by its serial"):
        calib_helper.ByChip({"a": 1, "b": 2}).weight  # noqa: B018


def test_files_that_are_no_calibration_are_refused(tmp_path):
    path = tmp_path / "spiking.pbin"
    path.write_bytes(b"\x80\x04]\x94.")
    for read in (calib_helper.chip_from_file, calib_helper.calib_from_calix_native):
        with pytest.raises(CalibrationFormatError, match="pickle"):
            read(path)
    with pytest.raises(CalibrationFormatError, match="pickle"):
        calib_helper.chip_from_portable_binary(path.read_bytes())
