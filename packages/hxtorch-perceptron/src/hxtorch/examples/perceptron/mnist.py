"""Classify handwritten digits: trained by the mock model, then with the chip in the loop.

Run it by ``python -m hxtorch.examples.perceptron.mnist``; MNIST is read from ``--data-path`` if it is there, else
scikit-learn's digits are taken.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

import hxtorch
import hxtorch.perceptron as hxp
from hxtorch.core import CalibrationPath, NoConnectionError, current_session, open_session
from hxtorch.examples.perceptron.confusion import confusion_matrix, draw_confusion
from hxtorch.examples.perceptron.images import CLASSES, MNIST, DatasetError, Digits, Images
from hxtorch.examples.perceptron.network import Model, float_model

__all__ = ["MNIST", "Model", "get_parser", "init", "log", "main", "shrink_dataset", "test", "train"]

log = hxtorch.logger.get("hxtorch.examples.perceptron.mnist")
Batches = Iterable[tuple[Tensor, Tensor]]
Samples = torch.utils.data.Dataset[Any]
DEFAULTS = hxp.constants.defaults


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of all settings."""
    parser = argparse.ArgumentParser(prog="python -m hxtorch.examples.perceptron.mnist", description=__doc__)
    add = parser.add_argument
    add("--mock", action="store_true", help="compute by the mock model alone, without a chip")
    add("--mock-noise-std", type=float, default=DEFAULTS.noise_std, help="noise of the mock model in LSB, with --mock")
    add("--mock-gain", type=float, default=DEFAULTS.gain, help="gain of the mock model, with --mock")
    add(
        "--calibration-path",
        "--calibration",
        help="calibration of the chip for matrix products; without, its stored one",
    )
    add("--data-path", default="data", help="folder with MNIST")
    add("--dataset", choices=("auto", "mnist", "digits"), default="auto", help="auto takes MNIST if it is there")
    add("--reduce-data", "--dataset-fraction", type=float, default=1.0, help="part of the samples to use")
    add("--epochs", type=int, default=15, help="of training by the mock model")
    add("--loop-epochs", type=int, default=4, help="of training with the chip in the loop that follow")
    add("--batch-size", type=int, default=50)
    add("--test-batch-size", type=int, default=500)
    add("--lr", type=float, default=1.0, help="learning rate of Adam, in LSB of weight")
    add("--loop-lr", type=float, default=0.3, help="the same with the chip in the loop")
    add("--gamma", type=float, default=0.9, help="factor of the learning rate after each epoch")
    add("--seed", type=int, default=0, help="of weights and order of samples")
    add("--compare-float", action="store_true", help="train the same network in plain torch as well")
    add("--other-chips", nargs="*", default=[], metavar="SERIAL", help="chips to move the trained weights to")
    add("--plot-path", help="where to write a figure of the confusion matrix (needs matplotlib)")
    return parser


def init(
    calibration_path: str | None = None,
    mock: bool = False,
    mock_noise_std: float = DEFAULTS.noise_std,
    mock_gain: float = DEFAULTS.gain,
) -> None:
    """Connect a chip, unless one is, and put its measured mock parameters in force; in mock mode those given.

    Args:
        calibration_path: Calibration for matrix products, or None for the stored one.
        mock: Connect nothing.
        mock_noise_std: Noise in LSB, with ``mock``.
        mock_gain: Gain, with ``mock``.
    """
    if mock:
        hxp.set_mock_parameter(hxp.MockParameter(noise_std=mock_noise_std, gain=mock_gain))
        return
    if calibration_path is not None:
        hxtorch.init_hardware(CalibrationPath(calibration_path))
    elif not _connected():
        hxtorch.init_hardware(ann=True)
    hxp.set_mock_parameter(hxp.measure_mock_parameter())


def shrink_dataset(dataset: Samples, fraction: float) -> Samples:
    """Return the first part of ``dataset``; ``fraction`` in (0, 1] of its samples, at least one."""
    if not 0 < fraction <= 1:
        raise DatasetError(f"fraction: got {fraction}, wanted more than 0 and at most 1")
    kept = max(1, round(fraction * len(dataset)))  # type: ignore[arg-type]  # all data sets here have a length
    if isinstance(dataset, Images):
        return Images(dataset.data[:kept], dataset.targets[:kept])
    return torch.utils.data.Subset(dataset, range(kept))


def train(model: torch.nn.Module, loader: Batches, optimizer: torch.optim.Optimizer) -> float:
    """Train for one epoch.

    Args:
        model: Gives logits (batch, classes) for images.
        loader: Images and classes.
        optimizer: Of the parameters of ``model``.

    Returns:
        Mean loss over the batches.
    """
    model.train()
    losses = []
    for images, targets in tqdm(loader, desc="train", unit="batch", leave=False, file=sys.stdout, disable=None):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(images), targets)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / max(1, len(losses))


def test(model: torch.nn.Module, loader: Batches) -> float:
    """Return the part of the samples of ``loader`` that ``model`` classifies rightly."""
    found, targets = _classify(model, loader)
    return (found == targets).float().mean().item()


def main(args: argparse.Namespace) -> float:
    """Train and test as ``args`` of :func:`get_parser` say; prints what happens.

    A chip is opened, and released afterwards, unless one is open.

    Returns:
        Accuracy on the test samples, on the chip unless ``args.mock``.
    """
    if args.plot_path:  # a folder that cannot be made is better known before training than after it
        Path(args.plot_path).parent.mkdir(parents=True, exist_ok=True)
    begun, opens = time.monotonic(), not args.mock and not _connected()
    torch.manual_seed(args.seed)
    trainset, testset = (shrink_dataset(dataset, args.reduce_data) for dataset in _load(args))
    shuffled = DataLoader(trainset, args.batch_size, shuffle=True)
    loader = DataLoader(testset, args.test_batch_size)
    size = trainset[0][0].shape[-1]
    counts = [len(dataset) for dataset in (trainset, testset)]  # type: ignore[arg-type]
    print(f"{counts[0]} samples of {size} x {size} to train with, {counts[1]} to test")
    init(args.calibration_path, args.mock, args.mock_noise_std, args.mock_gain)
    try:
        if args.compare_float:
            plain = float_model(size, CLASSES)
            _fit(plain, shuffled, loader, 2e-3, args.epochs, args.gamma, "float")
        model = Model(mock=True, size=size, classes=CLASSES)
        print(model)
        _fit(model, shuffled, loader, args.lr, args.epochs, args.gamma, "mock")
        if not args.mock:
            model.set_mock(False)
            print(f"the same weights on {current_session().connection.describe()}: {test(model, loader):.4f}")
            _fit(model, shuffled, loader, args.loop_lr, args.loop_epochs, args.gamma, "loop")
            for serial in args.other_chips:
                _move(model, serial, shuffled, loader, args)
        found, targets = _classify(model, loader)
        accuracy = (found == targets).float().mean().item()
        looped, seconds = args.loop_epochs * (not args.mock), time.monotonic() - begun
        print(f"{args.epochs} epochs in mock mode, {looped} in the loop, {seconds:.0f} s in all")
        print(
            f"test accuracy: {accuracy:.4f}" + ("" if args.mock else f" on {current_session().connection.describe()}")
        )
    finally:
        if opens:
            hxtorch.release_hardware()
    if args.plot_path:
        draw_confusion(confusion_matrix(found, targets, CLASSES), args.plot_path)
    return accuracy


def _connected() -> bool:
    try:
        current_session()
    except NoConnectionError:
        return False
    return True


def _load(args: argparse.Namespace) -> tuple[Images, Images]:
    """Return samples to train with and to test."""
    if args.dataset != "digits":
        try:
            return MNIST(args.data_path, train=True), MNIST(args.data_path, train=False)
        except DatasetError as error:
            if args.dataset == "mnist":
                raise
            print(f"{error} (taking them now)")
    return Digits(train=True), Digits(train=False)


def _fit(
    model: torch.nn.Module, shuffled: Batches, loader: Batches, lr: float, epochs: int, gamma: float, name: str
) -> None:
    """Train for some epochs and tell how each went."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma)
    for epoch in range(1, epochs + 1):
        loss = train(model, shuffled, optimizer)
        scheduler.step()
        print(f"{name} epoch {epoch:2d}: loss {loss:.4f}, test accuracy {test(model, loader):.4f}")


def _move(model: Model, serial: str, shuffled: Batches, loader: Batches, args: argparse.Namespace) -> None:
    """Test the weights of ``model`` on another chip, as they are and after training there."""
    moved = copy.deepcopy(model)
    with open_session(serial=serial):
        before = test(moved, loader)
        _fit(moved, shuffled, loader, args.loop_lr, args.loop_epochs, args.gamma, serial)
        print(f"moved to {serial}: {before:.4f} as they are, {test(moved, loader):.4f} after training there")


def _classify(model: torch.nn.Module, loader: Batches) -> tuple[Tensor, Tensor]:
    """Return the classes that ``model`` finds and the right ones."""
    model.eval()
    with torch.no_grad():
        pairs = [(model(images).argmax(1), targets) for images, targets in loader]
    found, targets = zip(*pairs, strict=True)
    return torch.cat(found), torch.cat(targets)


if __name__ == "__main__":
    main(get_parser().parse_args())
