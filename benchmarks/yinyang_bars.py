"""Train yin-yang with the examples' defaults on five chips, by hand: python benchmarks/yinyang_bars.py.

Prints the test accuracy of each run beside its bar and exits with 1 if one is missed.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from time import perf_counter

from hxtorch.core.sessions.session import open_session
from hxtorch.examples.spiking import yinyang, yinyang_eventprop

SURROGATE, EVENTPROP, GAP = 0.93, 0.84, 0.03


def trained(example, more=()):
    """Return test accuracy and seconds of an example with its defaults."""
    start = perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        accuracy = yinyang.main(example.get_parser().parse_args(more))[3][-1]
    return accuracy, perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serials", nargs="+", default=[f"emulated-{number}" for number in range(1, 6)])
    args = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HXTORCH_CACHE_DIR"] = folder  # calibrations of this run only
        mock, seconds = trained(yinyang, ["--mock"])
        print(f"mock: surrogate {mock:.3f} ({seconds:.0f} s)", flush=True)
        for serial in args.serials:
            for name, example, bar in (
                ("surrogate", yinyang, max(SURROGATE, mock - GAP)),
                ("EventProp", yinyang_eventprop, EVENTPROP),
            ):
                with open_session(serial=serial, fidelity="full", seed=0):
                    accuracy, seconds = trained(example)
                missed |= accuracy < bar
                print(f"{serial}: {name} {accuracy:.3f}, bar {bar:.3f} ({seconds:.0f} s)", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
