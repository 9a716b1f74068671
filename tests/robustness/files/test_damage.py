"""Whatever happens to a file, its readers take it whole or refuse it by their typed error."""

import random
import subprocess
import sys

import pytest
import writers

from hxtorch.core import HWDBPath, HXTorchError
from hxtorch.core.backends.setup import resolve_setup


@pytest.mark.parametrize("kind", writers.WRITE)
def test_a_writer_that_is_killed_leaves_a_file_that_can_be_read(kind, tmp_path, pytestconfig):
    path, generator = tmp_path / "file", random.Random(kind)  # noqa: S311
    for _ in range(50 if pytestconfig.getoption("--long") else 2):
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
