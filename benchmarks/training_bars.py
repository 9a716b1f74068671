"""Train networks in the loop on chips that no default was chosen on: python benchmarks/training_bars.py.

Yin-yang by surrogate gradients and by EventProp, and scikit-learn's digits (256-246-10, the whole chip), these paired
with mock mode: means over all pairs of serial and seed, beside their bars. Exits with 1 if one is missed. Takes about
half an hour.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable

import numpy as np
from scipy import stats

from hxtorch.core import open_session
from hxtorch.examples.spiking import digits, yinyang, yinyang_eventprop

SERIALS = tuple(f"survey-{number}" for number in range(1, 6))
SEEDS = (0, 1, 2)
EPOCHS = 20
TEST_SAMPLES = 10_000
SURROGATE, EVENTPROP = 0.945, 0.93
GAP = 0.015
"""Upper end of the 95 % interval of mock mode's accuracy on digits less the chip's."""


def quietly(run: Callable[[], list[float]]) -> float:
    """Return the last accuracy of a training without its lines."""
    with contextlib.redirect_stdout(io.StringIO()):
        return run()[-1]


def yinyang_accuracy(example, seed: int) -> float:
    """Return test accuracy of an example with its defaults."""
    args = example.get_parser().parse_args(
        ["--seed", str(seed), "--epochs", str(EPOCHS), "--testset-size", str(TEST_SAMPLES)]
    )
    return quietly(lambda: yinyang.main(args)[3])


def digits_accuracy(seed: int, *more: str) -> float:
    """Return test accuracy on digits."""
    args = digits.get_parser().parse_args(["--seed", str(seed), "--epochs", str(EPOCHS), *more])
    return quietly(lambda: digits.main(args))


def on_chips(serials, seeds, train: Callable[[int], float]) -> np.ndarray:
    """Return accuracies (serial, seed) in the loop."""
    accuracies = np.zeros((len(serials), len(seeds)))
    for row, serial in zip(accuracies, serials, strict=True):
        for index, seed in enumerate(seeds):
            with open_session(serial=serial, fidelity="full", seed=seed):
                row[index] = train(seed)
        print(f"    {serial}: {np.round(row, 4)}", flush=True)
    return accuracies


def main() -> int:
    """Print all figures; return how many bars are missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serials", nargs="+", default=SERIALS)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--only", nargs="+", choices=("surrogate", "eventprop", "digits"))
    args = parser.parse_args()
    chosen = args.only or ("surrogate", "eventprop", "digits")
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HXTORCH_CACHE_DIR"] = folder  # calibrations of this run only
        for name, example, bar in (("surrogate", yinyang, SURROGATE), ("eventprop", yinyang_eventprop, EVENTPROP)):
            if name in chosen:
                mean = on_chips(args.serials, args.seeds, lambda seed, one=example: yinyang_accuracy(one, seed)).mean()
                missed += mean < bar
                print(f"yin-yang by {name}: {mean:.4f}, bar {bar}", flush=True)
        if "digits" in chosen:
            mock = np.array([digits_accuracy(seed, "--mock") for seed in args.seeds])
            chips = on_chips(args.serials, args.seeds, digits_accuracy)
            gaps = (mock - chips).ravel()
            upper = gaps.mean() + stats.t.ppf(0.975, gaps.size - 1) * gaps.std(ddof=1) / np.sqrt(gaps.size)
            missed += upper > GAP
            print(f"digits: mock {mock.mean():.4f}, chip {chips.mean():.4f}, gap at most {upper:.4f}, bar {GAP}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
