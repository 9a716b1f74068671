"""Look at calibrations that there are: show one or list all, compare two, plot one."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hxtorch.core.calibration.stored.paths import SHIPPED, cache_directory
from hxtorch.core.calibration.stored.result import Calibration
from hxtorch.core.calibration.stored.store import load


def add(parser: argparse.ArgumentParser) -> None:
    """Take what to do, and with which files."""
    jobs = parser.add_subparsers(dest="job", required=True, metavar="show|diff|plot")
    show = jobs.add_parser("show", help="say what a calibration reaches; without a file, list all")
    show.add_argument("file", type=Path, nargs="?")
    diff = jobs.add_parser("diff", help="say in which targets, registers and neurons two differ")
    diff.add_argument("file", type=Path)
    diff.add_argument("other", type=Path)
    plot = jobs.add_parser("plot", help="draw what each neuron reaches")
    plot.add_argument("file", type=Path)
    plot.add_argument("--output", type=Path, help="image, default FILE with the suffix .png")


def call(options: argparse.Namespace) -> int:
    """Print, or draw. ``diff`` ends with 1 where there is a difference, as the program diff does."""
    if options.job == "diff":
        lines = compare(load(options.file), load(options.other))
        print("\n".join(lines) or "no difference")
        return int(bool(lines))
    if options.job == "plot":
        print(plot(load(options.file), options.output or options.file.with_suffix(".png")))
        return 0
    if options.file is not None:
        found = load(options.file)
        print(found.report())
        for name, text in found.provenance.items():
            print(f"  {name}: {text}")
        return 0
    for path in sorted([*SHIPPED.rglob("*.safetensors"), *cache_directory().rglob("*.safetensors")]):
        found = load(path)
        print(f"{found.serial:16}{found.kind:14}{int(found.success.sum())} of {found.success.size} neurons  {path}")
        if asked := _asked(found):
            print(f"  {', '.join(asked)}")
    return 0


def _asked(found: Calibration) -> list[str]:
    """Return the targets that are not those of a calibration without arguments."""
    wanted, usual = found.target.values(), type(found.target)().values()
    return [f"{name}={_span(value)}" for name, value in wanted.items() if not _equal(value, usual.get(name))]


def compare(first: Calibration, second: Calibration) -> list[str]:
    """Return a line for each difference: chip, targets, codes, neurons that reached the target."""
    lines = [
        f"{name}: {getattr(first, name)} | {getattr(second, name)}"
        for name in ("kind", "serial", "fidelity")
        if getattr(first, name) != getattr(second, name)
    ]
    wanted, other = first.target.values(), second.target.values()
    lines += [
        f"target {name}: {_span(wanted.get(name))} | {_span(other.get(name))}"
        for name in sorted({*wanted, *other})
        if not _equal(wanted.get(name), other.get(name))
    ]
    for name in sorted({*first.registers, *second.registers}):
        mine, its = first.registers.get(name), second.registers.get(name)
        if mine is None or its is None:
            lines.append(
                f"register {name}: {'missing' if mine is None else 'set'} | {'missing' if its is None else 'set'}"
            )
        elif (mine != its).any():
            size = np.abs(mine.astype(np.int64) - its.astype(np.int64))
            lines.append(f"register {name}: {int((mine != its).sum())} of {mine.size} codes, by {size.max()} at most")
    changed = np.flatnonzero(first.success != second.success)
    if changed.size:
        lines.append(
            f"success: {changed.size} neurons, {', '.join(map(str, changed[:20]))}{' ...' * (changed.size > 20)}"
        )
    return lines


def plot(calibration: Calibration, path: Path) -> Path:
    """Draw each measured quantity over the neurons, with its target.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # optional, and slow to import
    except ImportError as error:
        raise ImportError("the figure needs matplotlib: pip install matplotlib") from error
    from hxtorch.core.viz.neurons import calibration as draw  # after the sentence above

    figure = Figure(figsize=(9, 1 + 1.8 * max(len(calibration.measured), 1)), layout="constrained")
    figure.suptitle(calibration.report().partition("\n")[0])
    axes = figure.subplots(max(len(calibration.measured), 1), squeeze=False)[:, 0]
    for axis, name in zip(axes, calibration.measured, strict=False):
        draw(calibration, name, axes=axis)
        axis.set_xlabel("")
    axes[-1].set_xlabel("neuron")
    figure.savefig(path)
    return path


def _equal(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    return first is not None and second is not None and np.array_equal(first, second, equal_nan=True)


def _span(values: np.ndarray | None) -> str:
    if values is None:
        return "none"
    low, high = float(np.min(values)), float(np.max(values))
    return f"{low:g}" if low == high or np.isnan(low) else f"{low:g} to {high:g}"
