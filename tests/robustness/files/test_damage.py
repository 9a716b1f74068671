"""Whatever happens to a file, its readers take it whole or refuse it by their typed error."""

import gzip
import random
import struct
import subprocess
import sys
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
import writers

from hxtorch.core import BackendError, HWDBPath, HXTorchError
from hxtorch.core.backends.setup import resolve_setup
from hxtorch.core.calibration import Calibration, dumps, loads, nominal_registers
from hxtorch.core.calibration.targets import TARGETS
from hxtorch.core.errors import CalibrationFormatError
from hxtorch.examples.perceptron import images as mnist


@pytest.mark.parametrize("kind", writers.WRITE)
def test_a_writer_that_is_killed_leaves_a_file_that_can_be_read(kind, tmp_path, pytestconfig):
    path, generator = tmp_path / "file", random.Random(kind)  # noqa: S311
    for _ in range(50 if pytestconfig.getoption("--long") else 1):
        command = [sys.executable, writers.__file__, kind, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603
            process.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(generator.uniform(0, 0.05))
            process.kill()
        writers.READ[kind](path)
    writers.WRITE[kind](path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def mutated(content, generator):
    """Cut, change, double or move some bytes."""
    data = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        at, other = sorted(generator.choices(range(len(data) + 1), k=2))
        kind = generator.randrange(5)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            del data[at : at + generator.randint(1, 8)]
        elif kind == 2:
            data[at:at] = generator.randbytes(generator.randint(1, 8))
        elif kind == 3:
            data[at:at] = data[at : min(other, at + 64)]
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("kind", writers.WRITE)
def test_a_damaged_file_is_refused(kind, tmp_path, pytestconfig):
    path, generator = tmp_path / "file", random.Random(kind)  # noqa: S311
    writers.WRITE[kind](path)
    content = path.read_bytes()
    for _ in range(100_000 if pytestconfig.getoption("--long") else 100):
        changed = mutated(content, generator)
        path.write_bytes(changed)
        if changed != content:
            with pytest.raises(HXTorchError):
                writers.READ[kind](path)


def test_a_damaged_database_is_read_or_refused(tmp_path, pytestconfig):
    path, generator = tmp_path / "hwdb.toml", random.Random(0)  # noqa: S311
    content = (
        b'[[setup]]\nname = "lab"\nserial = "a"\nfidelity = "full"\nseed = 3\nimperfections = { cadc_noise = false }\n'
    )
    for _ in range(100_000 if pytestconfig.getoption("--long") else 300):
        path.write_bytes(mutated(content, generator))
        try:
            resolve_setup(HWDBPath(str(path)))
        except HXTorchError as error:
            assert str(path) in str(error)  # noqa: PT017  # some are read


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


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Read a data set of 30 images, whose files are written first, packed and plain."""
    monkeypatch.setattr(mnist, "_SIZES", {True: 30, False: 30})

    def read(pixels, labels, packed):
        pack, suffix = (gzip.compress, ".gz") if packed else (bytes, "")
        (tmp_path / f"train-images-idx3-ubyte{suffix}").write_bytes(pack(pixels))
        (tmp_path / f"train-labels-idx1-ubyte{suffix}").write_bytes(pack(labels))
        return mnist.MNIST(tmp_path)

    return read


PIXELS = struct.pack(">4B3I", 0, 0, 8, 3, 30, 28, 28) + bytes(range(196)) * 120
LABELS = struct.pack(">4BI", 0, 0, 8, 1, 30) + bytes(range(10)) * 3


@pytest.mark.parametrize("packed", [False, True])
def test_damaged_images_are_read_or_refused(packed, images, pytestconfig):
    generator = random.Random(5)  # noqa: S311
    for _ in range(100_000 if pytestconfig.getoption("--long") else 200):
        which, refused = generator.random() < 0.5, None
        try:
            changed = mutated(PIXELS if which else LABELS, generator)
            found = images(changed if which else PIXELS, LABELS if which else changed, packed)
        except mnist.DatasetError as error:
            refused = str(error)
        assert refused or len(found) == 30


def test_packed_images_are_damaged_too(images, tmp_path):
    images(PIXELS, LABELS, True)
    path, generator = tmp_path / "train-images-idx3-ubyte.gz", random.Random(6)  # noqa: S311
    content = path.read_bytes()
    for _ in range(200):
        changed = mutated(content, generator)
        path.write_bytes(changed)
        with suppress(mnist.DatasetError):  # the header of gzip has bytes without meaning
            assert len(mnist.MNIST(tmp_path)) == 30


def test_a_packed_file_is_unpacked_as_far_as_its_data_set_is_large(images):
    tracemalloc.start()
    with pytest.raises(mnist.DatasetError, match="more than 23520 values"):
        images(PIXELS + bytes(1 << 26), LABELS, True)
    tracemalloc.reset_peak()
    with pytest.raises(mnist.DatasetError, match="its header says"):
        images(struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 28, 28) + bytes(100), LABELS, True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
