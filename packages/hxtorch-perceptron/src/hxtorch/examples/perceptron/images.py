"""Images of digits as activations: MNIST where the user has it, scikit-learn's digits without download."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import torch
from torch import Tensor

from hxtorch.perceptron.constants import input_activation_max

CLASSES = 10
_SIDE = 28
_SIZES = {True: 60_000, False: 10_000}
_STEMS = {True: "train", False: "t10k"}
_PROCESSED = {True: "training.pt", False: "test.pt"}


class DatasetError(ValueError):
    """A data set is missing or is not what it should be."""


class Images(torch.utils.data.TensorDataset):
    """Square images with one class each.

    Attributes:
        data: Activations 0..31, float32 (samples, 1, size, size).
        targets: Classes 0..9, int64 (samples,).
    """

    def __init__(self, data: Tensor, targets: Tensor) -> None:
        super().__init__(data, targets)
        self.data, self.targets = data, targets


class MNIST(Images):
    """Handwritten digits, 28 by 28, read from files that the user has; nothing is downloaded.

    Args:
        root: Folder that holds, itself or in ``MNIST/raw`` or ``MNIST/processed`` as torchvision leaves them, either
            the four raw IDX files, compressed or not, or ``training.pt`` and ``test.pt``.
        train: Take the 60000 samples for training, else the 10000 for testing.

    Raises:
        DatasetError: Files are missing, or they are damaged; says which.
    """

    def __init__(self, root: str | Path, train: bool = True) -> None:
        wanted = f"{_STEMS[train]}-images-idx3-ubyte", f"{_STEMS[train]}-labels-idx1-ubyte"
        images, labels = (_find(Path(root), (name, f"{name}.gz")) for name in wanted)
        processed = _find(Path(root), (_PROCESSED[train],))
        size = _SIZES[train]
        if images and labels:
            pixels, targets = _read_idx(images, (size, _SIDE, _SIDE)), _read_idx(labels, (size,))
        elif processed:
            pixels, targets = _read_processed(processed)
        else:
            raise DatasetError(
                f"{root}: no MNIST; wanted {wanted[0]} and {wanted[1]} (.gz or not) or {_PROCESSED[train]}, there or "
                "in MNIST/raw or MNIST/processed; copy them there, or use scikit-learn's digits"
            )
        if pixels.shape != (size, _SIDE, _SIDE) or targets.shape != (size,):
            raise DatasetError(
                f"{root}: got images {tuple(pixels.shape)} and labels {tuple(targets.shape)}, wanted "
                f"({size}, {_SIDE}, {_SIDE}) and ({size},)"
            )
        if int(targets.max()) >= CLASSES:
            raise DatasetError(f"{root}: got label {int(targets.max())}, wanted 0 to 9; the file is damaged")
        super().__init__(_activations(pixels, 255), targets.long())


class Digits(Images):
    """Scikit-learn's 1797 handwritten digits, 8 by 8; every fifth sample is for testing.

    Args:
        train: Take the samples for training.

    Raises:
        DatasetError: Scikit-learn is not installed.
    """

    def __init__(self, train: bool = True) -> None:
        try:
            from sklearn.datasets import load_digits  # type: ignore[import-untyped, unused-ignore]
        except ModuleNotFoundError as error:
            raise DatasetError("digits come with scikit-learn: pip install scikit-learn") from error
        digits = load_digits()
        chosen = (torch.arange(len(digits.target)) % 5 != 4) == train
        super().__init__(
            _activations(torch.from_numpy(digits.images)[chosen], 16), torch.from_numpy(digits.target).long()[chosen]
        )


def _activations(pixels: Tensor, brightest: int) -> Tensor:
    """Scale ``pixels`` to integers 0..31 and give them a channel."""
    return (pixels.float() * (input_activation_max / brightest)).round()[:, None]


def _find(root: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first of ``names`` in ``root`` or where torchvision puts it."""
    folders = (root, root / "MNIST" / "raw", root / "raw", root / "MNIST" / "processed", root / "processed")
    candidates = (folder / name for folder in folders for name in names)
    return next((path for path in candidates if path.is_file()), None)


def _read_idx(path: Path, shape: tuple[int, ...]) -> Tensor:
    """Read an array of bytes from a file in IDX format, at most as many as ``shape`` has, however it is compressed.

    Source:
        Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits.
    """
    head, size = 4 + 4 * len(shape), math.prod(shape)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header, content = file.read(head), file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error
    if len(header) < head or header[:4] != bytes((0, 0, 8, len(shape))):
        raise DatasetError(f"{path}: not an IDX file of bytes with {len(shape)} axes; copy it again")
    said = struct.unpack(f">{len(shape)}I", header[4:])
    if said != shape:
        raise DatasetError(f"{path}: its header says {said}, wanted {shape}; copy the file of the whole data set")
    if len(content) != size:
        held = f"{len(content)}" if len(content) < size else f"more than {size}"
        raise DatasetError(f"{path}: holds {held} values, its header says {shape}; copy it again")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(shape)


def _read_processed(path: Path) -> tuple[Tensor, Tensor]:
    """Read images and labels from a file of two tensors; anything else in it is refused."""
    try:
        content = torch.load(path, weights_only=True)
    except Exception as error:  # whatever a damaged file makes of the reader
        raise DatasetError(f"{path}: not a file of tensors ({type(error).__name__}); copy it again") from error
    if not isinstance(content, tuple) or len(content) != 2 or not all(isinstance(part, Tensor) for part in content):
        raise DatasetError(f"{path}: wanted a tuple of images and labels")
    return content
