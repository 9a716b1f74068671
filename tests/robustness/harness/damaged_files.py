"""What happens to a file, and what its reader makes of it: try case NUMBER, the same one in each process."""

from __future__ import annotations

import gzip
import random
import struct
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import writers

from bss2_emulator import SheetError
from bss2_emulator.facts import sheet as sheets
from hxtorch.core import HWDBPath, HXTorchError
from hxtorch.core.backends.setup import resolve_setup
from hxtorch.core.calibration import loads
from hxtorch.examples.perceptron import images

Try = Callable[[int], str]
"""Try a case of a number; return what came of it."""

DATABASE = (
    b'[[setup]]\nname = "lab"\nserial = "a"\nfidelity = "full"\nseed = 3\nimperfections = { cadc_noise = false }\n'
)
PIXELS = struct.pack(">4B3I", 0, 0, 8, 3, 30, 28, 28) + bytes(range(196)) * 120
LABELS = struct.pack(">4BI", 0, 0, 8, 1, 30) + bytes(range(10)) * 3


def mutated(content: bytes, generator: random.Random) -> bytes:
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


def sealed(kind: str, folder: Path) -> Try:
    """Checkpoints, calibrations and sequences: no change of a byte passes."""
    path = folder / "file"
    writers.WRITE[kind](path)
    content = path.read_bytes()

    def attempt(number: int) -> str:
        changed = mutated(content, random.Random(f"{kind} {number}"))  # noqa: S311
        if changed == content:
            return "unchanged"
        try:
            if kind == "calibration":
                loads(changed)
            else:
                path.write_bytes(changed)
                writers.READ[kind](path)
        except HXTorchError:
            return "refused"
        raise AssertionError("a damaged file was read")

    return attempt


def database(folder: Path) -> Try:
    """Hardware databases: some are still ones, and an error names the file."""
    path = folder / "hwdb.toml"

    def attempt(number: int) -> str:
        path.write_bytes(mutated(DATABASE, random.Random(f"database {number}")))  # noqa: S311
        try:
            resolve_setup(HWDBPath(str(path)))
        except HXTorchError as error:
            assert str(path) in str(error)  # noqa: PT017  # some are read
            return "refused"
        return "read"

    return attempt


def sheet(folder: Path) -> Try:
    """Sheets of the silicon, in CSV: some are still ones, and an error names the file or a row."""
    path, content = folder / "sheet.csv", Path(sheets.__file__).with_name("sheet.csv").read_bytes()

    def attempt(number: int) -> str:
        path.write_bytes(mutated(content, random.Random(f"sheet {number}")))  # noqa: S311
        try:
            sheets.Sheet.load(path)
        except SheetError as error:
            assert "sheet" in str(error)  # noqa: PT017  # some are read
            return "refused"
        return "read"

    return attempt


def write_images(folder: Path, pixels: bytes, labels: bytes, packed: bool) -> None:
    """Write the files of a data set, packed by gzip or plain."""
    pack, suffix = (gzip.compress, ".gz") if packed else (bytes, "")
    (folder / f"train-images-idx3-ubyte{suffix}").write_bytes(pack(pixels))
    (folder / f"train-labels-idx1-ubyte{suffix}").write_bytes(pack(labels))


def small_images() -> object:
    """Let a data set have 30 images."""
    return mock.patch.object(images, "_SIZES", {True: 30, False: 30})


def idx(folder: Path, packed: bool) -> Try:
    """Images or labels: before they are packed, or the packed file itself, whose header has bytes without meaning."""

    def attempt(number: int) -> str:
        generator = random.Random(f"idx {packed} {number}")  # noqa: S311
        which, outside = generator.random() < 0.5, packed and generator.random() < 0.5
        pixels, labels = PIXELS, LABELS
        if not outside:
            pixels, labels = (mutated(pixels, generator), labels) if which else (pixels, mutated(labels, generator))
        write_images(folder, pixels, labels, packed)
        if outside:
            path = folder / ("train-images-idx3-ubyte.gz" if which else "train-labels-idx1-ubyte.gz")
            path.write_bytes(mutated(path.read_bytes(), generator))
        try:
            with small_images():
                found = images.MNIST(folder)
        except images.DatasetError:
            return "refused"
        assert len(found) == 30
        return "read"

    return attempt
