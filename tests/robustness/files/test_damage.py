"""Whatever happens to a file, its readers take it whole or refuse it by their typed error."""

import json
import os
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import damaged_files
import numpy as np
import pytest
import writers

from hxtorch.core import BackendError, HWDBPath
from hxtorch.core.backends.setup import resolve_setup
from hxtorch.core.calibration import Calibration, dumps, loads, nominal_registers
from hxtorch.core.calibration.targets import TARGETS
from hxtorch.core.errors import CalibrationFormatError
from hxtorch.examples.perceptron import images as mnist

JOB = Path(writers.__file__).with_name("long_job.py")


@pytest.mark.parametrize("kills", [12] if hasattr(os, "fork") else [])
def test_a_writer_that_is_killed_leaves_a_file_that_can_be_read(kills):
    command = [sys.executable, JOB, "kill", "0", str(kills)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert sum(json.loads(done.stdout).values()) == kills


@pytest.mark.parametrize("kind", writers.WRITE)
def test_a_damaged_file_is_refused(kind, tmp_path):
    attempt = damaged_files.sealed(kind, tmp_path)
    assert {attempt(number) for number in range(100)} <= {"refused", "unchanged"}


@pytest.mark.parametrize("kind", ["database", "sheet"])
def test_a_damaged_table_is_read_or_refused(kind, tmp_path):
    attempt = getattr(damaged_files, kind)(tmp_path)
    assert {attempt(number) for number in range(300)} == {"read", "refused"}


@pytest.mark.parametrize(
    "content",
    [b"a." * 30_000 + b"a = 1\n", b"[[setup]]\n" + b'serial = "a"\n' * 20_000, b"a = " + b"[" * 60_000],
    ids=["a key of many parts", "many lines", "deep"],
)
def test_a_database_that_costs_minutes_is_refused(content, tmp_path):
    path = tmp_path / "hwdb.toml"
    path.write_bytes(content)
    with pytest.raises(BackendError, match=r"wanted|not TOML"):
        resolve_setup(HWDBPath(str(path)))


@pytest.mark.parametrize("kind", TARGETS)
def test_a_calibration_that_lacks_a_register_is_refused_though_its_checksum_is_right(kind):
    target = TARGETS[kind]()
    registers = nominal_registers(target)
    for name in registers:
        rest = {other: codes for other, codes in registers.items() if other != name}
        lacking = Calibration(target, "emulated-1", "full", rest, np.ones(512, np.bool_))
        with pytest.raises(CalibrationFormatError, match=name):
            loads(dumps(lacking))


@pytest.mark.parametrize("packed", [False, True])
def test_damaged_images_are_read_or_refused(packed, tmp_path):
    attempt = damaged_files.idx(tmp_path, packed)
    assert {attempt(number) for number in range(400 if packed else 200)} == {"read", "refused"}


def test_a_packed_file_is_unpacked_as_far_as_its_data_set_is_large(tmp_path):
    def refuse(pixels, message):
        damaged_files.write_images(tmp_path, pixels, damaged_files.LABELS, True)
        with damaged_files.small_images(), pytest.raises(mnist.DatasetError, match=message):
            mnist.MNIST(tmp_path)

    tracemalloc.start()
    refuse(damaged_files.PIXELS + bytes(1 << 26), "more than 23520 values")
    tracemalloc.reset_peak()
    refuse(struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 28, 28) + bytes(100), "its header says")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
