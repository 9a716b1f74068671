"""Calibrate a chip for a target, or find the calibration that there is, and say what it reaches."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np

from hxtorch.core.calibration.bench.procedure import CalibrationOptions
from hxtorch.core.calibration.provider import path_for_target
from hxtorch.core.calibration.stored.store import load
from hxtorch.core.calibration.targets import TARGETS, CalibTarget
from hxtorch.core.errors import CalibrationTargetError
from hxtorch.core.sessions.session import open_session


def add(parser: argparse.ArgumentParser) -> None:
    """Take the kind of the target, its fields, and the chip."""
    parser.add_argument("--kind", choices=sorted(TARGETS), default="spiking", help="of the target, default spiking")
    parser.add_argument(
        "--target", action="append", default=[], metavar="NAME=VALUE", help="field of the target; may be repeated"
    )
    parser.add_argument("--serial", help="chip, default that of HXTORCH_CHIP")
    parser.add_argument("--fidelity", choices=("ideal", "calibrated", "full"), help="of an emulated chip")
    parser.add_argument("--output", type=Path, help="file to copy the calibration to")


def call(options: argparse.Namespace) -> int:
    """Print where the calibration lies and what it reaches."""
    target = parse_target(options.kind, options.target)
    with open_session(serial=options.serial, fidelity=options.fidelity) as session:
        path = path_for_target(session.connection, target, CalibrationOptions(progress=True))
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        path = Path(shutil.copyfile(path, options.output))
    print(f"{path}\n{load(path).report()}")
    return 0


def parse_target(kind: str, texts: list[str]) -> CalibTarget:
    """Return the target whose fields are given as texts ``NAME=VALUE``; ``NAME=A,B`` is excitatory and inhibitory.

    Raises:
        CalibrationTargetError: A text is not of that form, or the target has no such field, or refuses the value.
    """
    known = [declared.name for declared in fields(TARGETS[kind])]
    values: dict[str, float | np.ndarray] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or name not in known:
            raise CalibrationTargetError(
                f"--target: got {text!r}, wanted NAME=VALUE, for a {kind} calibration with a name of {', '.join(known)}"
            )
        try:
            numbers = [float(number) for number in value.split(",")]
        except ValueError as error:
            raise CalibrationTargetError(
                f"--target {name}: got {value!r}, wanted a number, or two with a comma between them"
            ) from error
        values[name] = numbers[0] if len(numbers) == 1 else np.array(numbers)
    target: CalibTarget = TARGETS[kind](**values)
    return target
