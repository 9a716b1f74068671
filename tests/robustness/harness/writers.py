"""Files as the project writes them, each with its reader, and writers of them that are killed."""

from __future__ import annotations

import os
import random
import signal
import time
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


def write_until_killed(kind: str, path: Path) -> int:
    """Return the id of a child that writes again and again, and has written once."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            WRITE[kind](path)
            os.write(writing, b"written")
            while True:
                WRITE[kind](path)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read(7) == b"written"
    return child


def kill(folder: Path, number: int) -> str:
    """Kill a writer, of each kind in turn, at a time of its own; say whether that was in the middle of a file."""
    kind = [*WRITE][number % len(WRITE)]
    path = folder / kind
    child = write_until_killed(kind, path)
    time.sleep(random.Random(f"{kind} {number}").uniform(0, 0.05))  # noqa: S311
    os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    drafts = len(list(folder.iterdir())) - 1
    READ[kind](path)
    WRITE[kind](path)
    assert [entry.name for entry in folder.iterdir()] == [kind]
    path.unlink()
    return "in the middle of a file" if drafts else "between two files"
