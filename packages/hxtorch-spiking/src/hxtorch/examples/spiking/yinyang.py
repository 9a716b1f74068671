"""Train the yin-yang task with the chip in the loop: ``python -m hxtorch.examples.spiking.yinyang``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

from hxtorch import spiking as hxsnn
from hxtorch.core import current_session
from hxtorch.examples.spiking.yinyang_model import SNN, Model
from hxtorch.spiking.datasets import YinYangDataset
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.transforms.decode import MaxOverTime
from hxtorch.spiking.transforms.encode import CoordinatesToSpikes
from hxtorch.spiking.utils.connection import connected

Batches = Iterable[tuple[Tensor, Tensor]]
Curves = tuple[list[float], list[float], list[float], list[float]]
"""One number per epoch: training loss, training accuracy, test loss, test accuracy."""


def get_parser() -> argparse.ArgumentParser:
    """Return the parser of all settings; times are in seconds."""
    parser = argparse.ArgumentParser(prog="python -m hxtorch.examples.spiking.yinyang", description=__doc__)
    add = parser.add_argument
    add("--mock", action="store_true", help="train the numerics alone, without a chip")
    add("--eventprop", action="store_true", help="train by EventProp instead of a surrogate gradient")
    add("--gradient-estimator", choices=("surrogate", "surrogate_gradient", "eventprop"), help="the same by its name")
    add("--calibration-path", "--calib-path", help="calibration of the chip; without, it is calibrated to the settings")
    add("--plot-path", help="where to write a figure (needs matplotlib)")
    add("--device", default="cpu", help="device of the numerics")
    add("--seed", type=int, default=0, help="of weights, samples and their order")
    add("--epochs", type=int, default=20)
    add("--batch-size", type=int, default=50)
    add("--trainset-size", type=int, default=5000)
    add("--testset-size", type=int, default=1000)
    add("--lr", type=float, default=0.005, help="learning rate of Adam")
    add("--step-size", type=int, default=3, help="epochs between decays of the learning rate")
    add("--gamma", type=float, default=0.7, help="factor of a decay")
    add("--dt", type=float, default=1e-6)
    add("--t-sim", type=float, default=38e-6, help="length of a run")
    add("--t-early", type=float, default=2e-6, help="spike time of coordinate 0")
    add("--t-late", type=float, default=26e-6, help="spike time of coordinate 1")
    add("--t-bias", type=float, default=2e-6, help="spike time of the bias input")
    add("--n-hidden", type=int, default=120)
    add("--tau-mem", type=float, default=6e-6)
    add("--tau-syn", type=float, default=6e-6)
    add("--alpha", type=float, default=150.0, help="steepness of the surrogate derivative")
    add("--weight-init-hidden-mean", type=float, help="default 0.8 in mock mode, on a chip 0.25 (EventProp 0.15)")
    add("--weight-init-hidden-std", type=float, default=0.25)
    add("--weight-init-output-mean", "--weight-init-out-mean", type=float, default=0.0)
    add("--weight-init-output-std", "--weight-init-out-std", type=float, default=0.1)
    add("--weight-scale", type=float, default=70.0, help="LSB per model unit of weight")
    add("--trace-scale", type=float, default=0.0147, help="model units per CADC LSB")
    add("--t-shift", type=float, default=0.0, help="time by which all membranes move to earlier times")
    add("--trace-shift-hidden", type=int, default=0, help="steps by which hidden membranes move to earlier times")
    add("--trace-shift-out", type=int, default=0, help="steps by which readout membranes move to earlier times")
    add("--input-repetitions", type=int, help="rows for each input; default 1 in mock mode, 5 on a chip")
    add(
        "--readout-scale",
        "--readout-scaling",
        type=float,
        help="factor on readout membranes; default 1 in mock mode, 10 on a chip",
    )
    add("--reg-readout", type=float, default=0.0004)
    add("--reg-bursts", type=float, default=0.0)
    add("--reg-w-hidden", type=float, default=0.0)
    add("--reg-w-output", type=float, default=0.0)
    add("--reg-silence", type=float, default=0.0, help="slope that drives up hidden neurons that spike too seldom")
    return parser


def build_model(args: argparse.Namespace) -> Model:
    """Return the untrained model for the settings of :func:`get_parser`.

    Raises:
        ParameterError: Settings exclude each other.
    """
    mock = args.mock
    eventprop = args.eventprop or args.gradient_estimator == "eventprop"
    if eventprop and args.reg_bursts:
        raise ParameterError("--reg-bursts: got it with EventProp, where numbers of spikes have no gradient")

    def choose(given: float | None, in_mock: float, on_chip: float) -> float:
        return given if given is not None else in_mock if mock else on_chip

    on_chip = 0.15 if eventprop else 0.25
    shift = round(args.t_shift / args.dt)
    encoder = CoordinatesToSpikes(
        round(args.t_sim / args.dt), args.t_early, args.t_late, args.dt, args.t_bias, args.device
    )
    network = SNN(
        n_in=5,
        n_hidden=args.n_hidden,
        n_out=3,
        mock=mock,
        dt=args.dt,
        tau_mem=args.tau_mem,
        tau_syn=args.tau_syn,
        alpha=args.alpha,
        trace_shift_hidden=args.trace_shift_hidden + shift,
        trace_shift_out=args.trace_shift_out + shift,
        weight_init_hidden=(choose(args.weight_init_hidden_mean, 0.8, on_chip), args.weight_init_hidden_std),
        weight_init_output=(args.weight_init_output_mean, args.weight_init_output_std),
        weight_scale=args.weight_scale,
        trace_scale=args.trace_scale,
        input_repetitions=int(choose(args.input_repetitions, 1, 5)),
        synapse_type=hxsnn.EventPropSynapse if eventprop else hxsnn.Synapse,
        neuron_type=hxsnn.EventPropLIF if eventprop else hxsnn.LIF,
        hidden_cadc_recording=True,
        device=args.device,
        calib_path=args.calibration_path,
    )
    return Model(encoder, network, MaxOverTime(), choose(args.readout_scale, 1.0, 10.0))


def _progress(loader: Batches, title: str) -> Any:
    """Show a bar on terminals, in the stream of the lines per epoch, so that they do not mix."""
    return tqdm(loader, desc=title, unit="batch", leave=False, file=sys.stdout, disable=None)


def train(
    model: Model, loader: Batches, optimizer: torch.optim.Optimizer, args: argparse.Namespace, epoch: int
) -> tuple[float, float]:
    """Train for one epoch.

    Returns:
        Mean loss and accuracy over the epoch.
    """
    model.train()
    losses, hits, count = 0.0, 0, 0
    bar = _progress(loader, f"epoch {epoch}")
    for inputs, labels in bar:
        target = labels.to(args.device)
        optimizer.zero_grad()
        scores = model(inputs)
        loss = torch.nn.functional.cross_entropy(scores, target)
        silence = getattr(args, "reg_silence", 0.0)  # settings of other versions of the example have none
        penalty = model.regularize(args.reg_readout, args.reg_bursts, args.reg_w_hidden, args.reg_w_output, silence)
        torch.autograd.backward(loss + penalty)
        optimizer.step()
        losses += loss.item() * len(target)
        hits += int((scores.argmax(1) == target).sum())
        count += len(target)
        bar.set_postfix(loss=f"{losses / count:.3f}", accuracy=f"{hits / count:.3f}")
    return losses / count, hits / count


@torch.no_grad()
def test(model: Model, loader: Batches, args: argparse.Namespace, epoch: int) -> tuple[float, float]:
    """Test the model.

    Returns:
        Mean loss and accuracy.
    """
    model.eval()
    losses, hits, count = 0.0, 0, 0
    for inputs, labels in _progress(loader, f"test {epoch}"):
        target = labels.to(args.device)
        scores = model(inputs)
        losses += torch.nn.functional.cross_entropy(scores, target, reduction="sum").item()
        hits += int((scores.argmax(1) == target).sum())
        count += len(target)
    return losses / count, hits / count


def plot(
    train_loss: list[float],
    train_acc: list[float],
    test_loss: list[float],
    test_acc: list[float],
    args: argparse.Namespace,
    model: Model | None = None,
) -> None:
    """Write a figure to ``args.plot_path``: curves of loss and accuracy and, with a model, what it does.

    Args:
        train_loss: Mean training loss of each epoch.
        train_acc: Training accuracy of each epoch.
        test_loss: Mean test loss after each epoch.
        test_acc: Test accuracy after each epoch.
        args: Settings.
        model: For the map of its decisions over the plane, and the membranes of one sample.
    """
    from hxtorch.examples.spiking.yinyang_plot import draw  # matplotlib is optional

    draw(train_loss, train_acc, test_loss, test_acc, args.plot_path, model)


def main(args: argparse.Namespace) -> Curves:
    """Train and test with the settings of :func:`get_parser`.

    A chip is opened, and released afterwards, unless one is open.

    Returns:
        Over the epochs: training loss, training accuracy, test loss, test accuracy. Without epochs, loss and accuracy
        of a test alone.
    """
    with nullcontext() if args.mock else connected():
        return _main(args)


def _main(args: argparse.Namespace) -> Curves:
    if args.plot_path:  # a folder that cannot be made is better known before training than after it
        Path(args.plot_path).parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    model = build_model(args)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, args.step_size, args.gamma)
    order = torch.Generator().manual_seed(args.seed)
    train_set = YinYangDataset(size=args.trainset_size, seed=2 * args.seed)
    test_set = YinYangDataset(size=args.testset_size, seed=2 * args.seed + 1)
    train_loader = DataLoader(train_set, args.batch_size, shuffle=True, generator=order)
    test_loader = DataLoader(test_set, args.batch_size)
    curves: Curves = ([], [], [], [])
    begun = time.monotonic()
    for epoch in range(1, args.epochs + 1):
        results = *train(model, train_loader, optimizer, args, epoch), *test(model, test_loader, args, epoch)
        scheduler.step()
        for curve, value in zip(curves, results, strict=True):
            curve.append(value)
        print(
            f"epoch {epoch}: train loss {results[0]:.3f}, accuracy {results[1]:.3f}; "
            f"test loss {results[2]:.3f}, accuracy {results[3]:.3f}"
        )
    if curves[0]:
        print(
            f"{args.epochs} epochs of {args.trainset_size} samples in {time.monotonic() - begun:.0f} s: "
            f"train loss {curves[0][0]:.3f} to {curves[0][-1]:.3f}, best test accuracy {max(curves[3]):.3f}"
        )
    chip = {"backend": "mock"} if args.mock else current_session().connection.describe()
    if not curves[3]:
        for curve, value in zip(curves[2:], test(model, test_loader, args, 0), strict=True):
            curve.append(value)
    accuracy = curves[3][-1]
    print(f"test accuracy {accuracy:.3f} on " + ", ".join(f"{name} {value}" for name, value in chip.items()))
    if args.plot_path:
        plot(*curves, args, model)
        print(f"figure written to {args.plot_path}")
    return curves


if __name__ == "__main__":
    main(get_parser().parse_args())
