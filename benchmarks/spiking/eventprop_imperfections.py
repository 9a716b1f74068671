"""Which imperfection of a chip costs EventProp most, by hand: python benchmarks/spiking/eventprop_imperfections.py.

Trains yin-yang by EventProp on chips with all imperfections, without any, and with all but one, each calibrated as it
is. Prints the table of docs/eventprop.md. ``--alone`` tries one imperfection at a time on chips without the others,
``--surrogate`` trains with the surrogate gradient, ``--settings`` replaces one of the example's settings at a time by
that of the surrogate gradient's example instead.
"""

import argparse
import contextlib
import dataclasses
import io
import sys
import tempfile
from functools import partial
from pathlib import Path

from bss2_emulator import Imperfections
from hxtorch.core import calibration
from hxtorch.core.sessions.session import open_session
from hxtorch.examples.spiking import yinyang, yinyang_eventprop

ELSEWHERE = {
    "driver_offset", "driver_gain", "event_offset", "event_noise", "exponential", "adaptation", "coba", "compartments",
    "madc_noise", "stp_amplitude", "correlation",
}  # fmt: skip
"""Imperfections of what such a network has not: products, other neurons, other converters, other synapses."""

SWITCHES = tuple(one.name for one in dataclasses.fields(Imperfections) if one.name not in ELSEWHERE)

SETTINGS = {
    "trace_shift_out": "0", "reg_silence": "0", "weight_scale": "70", "weight_init_output_std": "0.1",
    "weight_init_hidden_mean": "0.25",
}  # fmt: skip

FAST = ("--lr", "0.004", "--gamma", "0.7", "--weight-scale", "83", "--trace-shift-out", "2")
"""For short runs; the example itself learns more slowly and more safely."""


def accuracy(serial, seed, off, settings, folder):
    """Return the test accuracy on a chip with the imperfections in ``off`` switched off."""
    switches = dict.fromkeys(off, False)
    with open_session(serial=serial, fidelity="full", seed=seed, imperfections=switches) as session:
        path = Path(folder) / "chip.safetensors"
        calibration.save(calibration.calibrate(session.connection, calibration.preset("spiking2")), path)
        with contextlib.redirect_stdout(io.StringIO()):
            return yinyang.main(settings(["--calibration-path", str(path), "--seed", str(seed)]))[3][-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serials", nargs="+", default=["emulated-1", "emulated-2"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--trainset-size", type=int, default=3000)
    parser.add_argument("--switches", nargs="+", default=SWITCHES, choices=SWITCHES)
    parser.add_argument("--alone", action="store_true", help="one imperfection at a time, without the others")
    parser.add_argument("--settings", action="store_true", help="vary the example's settings, not the chip")
    parser.add_argument("--surrogate", action="store_true", help="the surrogate gradient instead of EventProp")
    args = parser.parse_args()
    example = yinyang if args.surrogate else yinyang_eventprop

    sizes = ["--epochs", str(args.epochs), "--trainset-size", str(args.trainset_size), "--testset-size", "1000"]

    def settings(changes, more):
        return example.get_parser().parse_args([*sizes, *(() if args.surrogate else FAST), *changes, *more])

    cases = {"all": ((), []), "none": (SWITCHES, [])}
    for name in () if args.settings else args.switches:
        others = tuple(other for other in SWITCHES if other != name)
        cases[f"`{name}` alone" if args.alone else f"all but `{name}`"] = (others if args.alone else (name,), [])
    for name, value in SETTINGS.items() if args.settings else ():
        cases[f"all, `{name}` {value}"] = ((), [f"--{name.replace('_', '-')}", value])
    print(f"| imperfections | {' | '.join(args.serials)} | mean |")
    print("| --- |" + " --- |" * (len(args.serials) + 1))
    with tempfile.TemporaryDirectory() as folder:
        for label, (off, more) in cases.items():
            found = [accuracy(serial, args.seed, off, partial(settings, more), folder) for serial in args.serials]
            columns = " | ".join(f"{100 * value:.1f}" for value in [*found, sum(found) / len(found)])
            print(f"| {label} | {columns} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
