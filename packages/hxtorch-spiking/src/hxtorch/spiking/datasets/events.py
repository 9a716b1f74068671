"""Data sets of events and of images as spikes (time, neuron), and batches of entries with different lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from hxtorch.core.errors import MissingPackageError
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError

Sample: TypeAlias = tuple[Tensor, Any]
"""Spikes (time, neuron) and what they are labelled with."""

_MICROSECOND = 1e-6


def events_to_dense(
    events: np.ndarray,
    sensor_size: Sequence[int],
    dt: float = 1e-6,
    acceleration: float = 1000.0,
    steps: int | None = None,
) -> Tensor:
    """Put the events of a sensor on a grid of time.

    Args:
        events: Structured array (event,) with the fields ``t``, in microseconds of the sensor, ``x``, and maybe ``y``
            and ``p``, as the data sets of tonic have them. Time counts from the first event.
        sensor_size: Width, height and number of polarities.
        dt: Step in seconds of the chip.
        acceleration: Seconds of the sensor per second of the chip.
        steps: Length of the grid, later events are left out; None for as many as there are until the last event.

    Returns:
        Zeros and ones, float32 (time, neuron); the neuron is ``(p height + y) width + x``.

    Raises:
        ParameterError: ``dt``, ``acceleration`` or ``steps`` is not positive.
        TensorTypeError: ``events`` has no fields ``t`` and ``x``.
        TensorShapeError: An event is outside of the sensor.
    """
    for name, value in (("dt", dt), ("acceleration", acceleration), ("steps", 1 if steps is None else steps)):
        if not value > 0:
            raise ParameterError(f"{name}: got {value}, wanted a positive number")
    fields = np.asarray(events).dtype.names or ()
    if not {"t", "x"} <= set(fields):
        raise TensorTypeError(f"events: got the fields {fields}, wanted a structured array of t, x and maybe y, p")
    width, height, polarities = sensor_size
    times = events["t"].astype(np.int64)
    neurons = np.zeros(len(times), np.int64)
    for name, size in (("p", polarities), ("y", height), ("x", width)):
        told = name in fields and not (name == "p" and size == 1)  # sound has one polarity, whatever tonic calls it
        values = events[name].astype(np.int64) if told else np.zeros_like(neurons)
        if values.size and not (values.min() >= 0 and values.max() < size):
            raise TensorShapeError(f"events, {name}: got {values.min()} to {values.max()}, wanted 0 to {size - 1}")
        neurons = neurons * size + values
    elapsed = (times - times.min()) if times.size else times
    at = (elapsed * (_MICROSECOND / acceleration / dt) + 1e-9).astype(np.int64)  # a multiple but for rounding is one
    length = int(steps) if steps is not None else int(at.max(initial=0)) + 1
    inside = at < length
    spikes = torch.zeros(length, width * height * polarities)
    spikes[torch.from_numpy(at[inside]), torch.from_numpy(neurons[inside])] = 1.0
    return spikes


@checked
class EventDataset(torch.utils.data.Dataset[Sample]):
    """A data set of events, of the package tonic or like its, as spikes (time, neuron).

    Args:
        dataset: Has a ``sensor_size`` and gives pairs of events and label, as
            ``tonic.datasets.NMNIST("data", train=False)``; or the name of a class of ``tonic.datasets``.
        dt: Step in seconds of the chip.
        acceleration: Seconds of the sensor per second of the chip.
        steps: Length of all entries, or None to leave them as long as they are; see :func:`pad_collate`.
        arguments: Of the class, if ``dataset`` is a name.

    Raises:
        MissingPackageError: ``dataset`` is a name and tonic is not installed.
        ParameterError: There is no such class, or the data set has no ``sensor_size``.
    """

    def __init__(
        self,
        dataset: Any,
        dt: float = 1e-6,
        acceleration: float = 1000.0,
        steps: int | None = None,
        **arguments: Any,
    ) -> None:
        self.dataset = _known("tonic", dataset, arguments)
        if not hasattr(self.dataset, "sensor_size"):
            raise ParameterError(
                f"dataset: got {type(self.dataset).__name__}, wanted one with a sensor_size (width, height, polarities)"
            )
        self.dt, self.acceleration, self.steps = dt, acceleration, steps

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:
        """Return spikes, float32 (time, neuron), and the label; see :func:`events_to_dense`."""
        events, label = self.dataset[index]
        return events_to_dense(events, self.dataset.sensor_size, self.dt, self.acceleration, self.steps), label


@checked
class ImageDataset(torch.utils.data.Dataset[Sample]):
    """A data set of images, of the package torchvision or like its, as spikes (time, pixel).

    Args:
        dataset: Gives pairs of image and label, as ``torchvision.datasets.MNIST("data", train=False)``; or the name of
            a class of ``torchvision.datasets``. Images are those of PIL, arrays or tensors; bytes are scaled to [0, 1].
        encoder: From brightness (1, pixel) to spikes (time, 1, pixel), as those of
            :mod:`hxtorch.spiking.transforms.encode`.
        arguments: Of the class, if ``dataset`` is a name.

    Raises:
        MissingPackageError: ``dataset`` is a name and torchvision is not installed.
        ParameterError: There is no such class.
    """

    def __init__(self, dataset: Any, encoder: Callable[[Tensor], Tensor], **arguments: Any) -> None:
        self.dataset = _known("torchvision", dataset, arguments)
        self.encoder = encoder

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:
        """Return spikes (time, pixel) and the label."""
        image, label = self.dataset[index]
        pixels = image if isinstance(image, Tensor) else torch.from_numpy(np.array(image))
        if not pixels.is_floating_point():
            pixels = pixels.float() / 255
        return self.encoder(pixels.reshape(1, -1))[:, 0], label


def pad_collate(samples: Sequence[tuple[Tensor, Any]]) -> tuple[Tensor, Tensor, Any]:
    """Make a batch of entries of different lengths: a ``collate_fn`` of ``torch.utils.data.DataLoader``.

    Decoders take the lengths, so that what comes after the end of an entry does not count.

    Args:
        samples: Pairs of spikes (time, neuron) and label.

    Returns:
        Spikes (time, batch, neuron), silent after the end of an entry; lengths in steps, int64 (batch,); labels, as
        ``torch.utils.data.default_collate`` joins them.

    Raises:
        TensorShapeError: There are no samples, or their spikes do not have the axes (time, neuron) or differ in the
            number of neurons.
    """
    shapes = [tuple(spikes.shape) for spikes, _ in samples]
    if not shapes or any(len(shape) != 2 or shape[1] != shapes[0][1] for shape in shapes):
        raise TensorShapeError(f"samples: got spikes of the shapes {shapes}, wanted (time, neuron) with equal neurons")
    padded = torch.nn.utils.rnn.pad_sequence([spikes for spikes, _ in samples])
    lengths = torch.tensor([shape[0] for shape in shapes])
    return padded, lengths, torch.utils.data.default_collate([label for _, label in samples])


def _known(package: str, dataset: Any, arguments: dict[str, Any]) -> Any:
    """Return a data set: as given, or made by the class of a package that has its name."""
    if not isinstance(dataset, str):
        if arguments:
            raise ParameterError(f"got {', '.join(arguments)} beside a data set; they are for one that is named")
        return dataset
    try:
        known = import_module(f"{package}.datasets")
    except ImportError as error:
        raise MissingPackageError(
            f"data set {dataset!r}: needs the package {package}; install it by: pip install {package}"
        ) from error
    if not hasattr(known, dataset):
        raise ParameterError(f"dataset: got {dataset!r}, which {package}.datasets does not have")
    return getattr(known, dataset)(**arguments)
