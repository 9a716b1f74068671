"""Files that a process writes again and again until it is killed: ``writers.py KIND PATH``; each with its reader."""

import sys
from pathlib import Path

import numpy as np
import torch

from hxtorch.core import calibration, load_sequence, open_session, save_sequence
from hxtorch.core.compute import MAC, Sequence
from hxtorch.spiking import load_checkpoint, save_checkpoint

MODEL = torch.nn.Linear(300, 300)
SEQUENCE = Sequence((MAC(np.ones((128, 256), np.int8)),))


def nominal():
    with open_session(serial="killed", fidelity="ideal") as session:
        return calibration.nominal_calibration(session.connection, calibration.SpikingCalibTarget())


WRITE = {
    "checkpoint": lambda path: save_checkpoint(path, MODEL),
    "calibration": lambda path, found=nominal(): calibration.save(found, path),  # noqa: B008  # made once
    "sequence": lambda path: save_sequence(SEQUENCE, path),
}
READ = {
    "checkpoint": lambda path: load_checkpoint(path, MODEL),
    "calibration": calibration.load,
    "sequence": load_sequence,
}

if __name__ == "__main__":
    kind, path = sys.argv[1], Path(sys.argv[2])
    WRITE[kind](path)
    print("written", flush=True)
    while True:
        WRITE[kind](path)
