"""Calibrate a chip and write the files: ``python -m hxtorch.core.calibration SERIAL --output FOLDER``.

The calibrations that ship with the default chip are made by::

    cd packages/hxtorch-core/src/hxtorch/core/calibration
    python -m hxtorch.core.calibration emulated-1 --output stored/data/emulated-1
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hxtorch.core.calibration.bench.procedure import CalibrationOptions
from hxtorch.core.calibration.provider import calibrate
from hxtorch.core.calibration.stored.store import save
from hxtorch.core.calibration.targets import PRESETS, preset
from hxtorch.core.sessions.session import open_session


def main(arguments: Sequence[str] | None = None) -> int:
    """Calibrate for the named presets; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hxtorch.core.calibration", description="Calibrate a chip.")
    parser.add_argument("serial", help="chip to calibrate, for instance emulated-1")
    parser.add_argument("--kinds", nargs="+", choices=PRESETS, default=list(PRESETS), help="which calibrations to make")
    parser.add_argument("--output", type=Path, required=True, help="folder for KIND.safetensors; made if missing")
    parser.add_argument("--fidelity", choices=("ideal", "calibrated", "full"), help="of an emulated chip, default full")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    with open_session(serial=options.serial, fidelity=options.fidelity or "full") as session:
        for kind in options.kinds:
            found = calibrate(session.connection, preset(kind), CalibrationOptions(progress=True))
            print(f"{save(found, options.output / f'{kind}.safetensors')}\n{found.report()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
