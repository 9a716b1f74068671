"""Many runs leave nothing behind: no memory, no descriptor, no thread; nor do interrupts and event loops."""

import asyncio
import gc
import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from hxtorch import snn
from hxtorch.core import ChipConfiguration, InputEvents, Recording, SpikingProgram, current_session, open_session

SPIKES = torch.ones(10, 2, 3)
PROGRAM = SpikingProgram(ChipConfiguration(), 300, InputEvents.silence(2), Recording(np.arange(4)))


def train():
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


def test_runs_with_new_experiments_leave_nothing_behind(pytestconfig):
    runs = 50_000 if pytestconfig.getoption("--long") else 100

    def both(count):
        with open_session(serial="soak", fidelity="ideal") as session:
            for _ in range(count):
                train()
                session.run_spiking(PROGRAM)

    both(runs // 5)
    before = held()
    both(runs)
    after = held()
    assert after[0] < 1.01 * before[0]
    assert after[1:] == before[1:]


def test_tasks_of_an_event_loop_use_the_session_around_them():
    async def serial():
        await asyncio.sleep(0)
        inside = current_session().setup.serial
        return inside, await asyncio.to_thread(lambda: current_session().run_spiking(PROGRAM).info.serial)

    async def own(name):
        with open_session(serial=name, fidelity="ideal"):
            return await serial()

    async def main():
        return await asyncio.gather(*(own(f"chip-{i}") for i in range(4)))

    assert asyncio.run(main()) == [(f"chip-{i}", f"chip-{i}") for i in range(4)]


def train_until(timer):
    timer.start()
    while True:
        train()


def test_an_interrupt_of_training_leaves_it_usable():
    wanted = train().shape
    for delay in np.linspace(0.001, 0.02, 10):
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train_until(timer)
        timer.join()
        assert train().shape == wanted
