"""Choose the verb: ``hxtorch VERB ...``, also ``python -m hxtorch.core.command``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from hxtorch.core.command import calib, calibrate, doctor, fit, info, run
from hxtorch.core.errors import HXTorchError

VERBS = {"info": info, "calibrate": calibrate, "calib": calib, "fit": fit, "doctor": doctor, "run": run}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status: 0, 1 for bad news, 2 for a wrong command."""
    parser = argparse.ArgumentParser(prog="hxtorch", description="hxtorch for an emulated BrainScaleS-2.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        summary = (verb.__doc__ or "").partition("\n")[0]
        verb.add(verbs.add_parser(name, help=summary[0].lower() + summary[1:].rstrip("."), description=summary))
    options = parser.parse_args(arguments)
    try:
        status: int = VERBS[options.verb].call(options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (HXTorchError, OSError) as error:
        print(f"hxtorch {options.verb}: {error}", file=sys.stderr)
        return 1
    return status
