"""Many runs with new experiments, and what the process holds before and after them."""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path

import numpy as np
import torch

from hxtorch import snn
from hxtorch.core import ChipConfiguration, InputEvents, Recording, SpikingProgram, open_session

SPIKES = torch.ones(10, 2, 3)
PROGRAM = SpikingProgram(ChipConfiguration(), 300, InputEvents.silence(2), Recording(np.arange(4)))


def train():
    """One step in mock mode; return the gradient."""
    experiment = snn.Experiment(mock=True)
    synapse, neuron = snn.Synapse(3, 4, experiment), snn.ReadoutNeuron(4, experiment)
    handle = neuron(synapse(snn.NeuronHandle(SPIKES)))
    snn.run(experiment, None)
    handle.membrane_cadc.sum().backward()
    return synapse.weight.grad


def held():
    """Return resident bytes, descriptors and threads; threads alone where there is no /proc."""
    gc.collect()
    if not sys.platform.startswith("linux"):
        return 1, 0, threading.active_count()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resident, len(os.listdir("/proc/self/fd")), threading.active_count()


def soak(runs: int) -> dict[str, float]:
    """Run half of them in mock mode and half on a chip; return how much memory came to it, in percent."""

    def both(count: int) -> None:
        with open_session(serial="soak", fidelity="ideal") as session:
            for _ in range(count):
                train()
                session.run_spiking(PROGRAM)

    both(runs // 10)
    before = held()
    both(runs // 2)
    after = held()
    assert after[0] < 1.01 * before[0]
    assert after[1:] == before[1:]
    return {"memory, percent more": round(100 * (after[0] / before[0] - 1), 3), "descriptors more": 0}
