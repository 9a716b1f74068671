"""Many runs leave nothing behind: no memory, no descriptor, no thread; nor do interrupts and event loops."""

import asyncio
import os
import signal
import threading

import numpy as np
import pytest
from soak_runs import PROGRAM, soak, train

from hxtorch.core import current_session, open_session


def test_runs_with_new_experiments_leave_nothing_behind():
    assert soak(200)["memory, percent more"] < 1


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


@pytest.fixture
def _interruptible():
    """Python's own answer to Ctrl-C: a shell that starts tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_of_training_leaves_it_usable():
    wanted = train().shape
    for delay in np.linspace(0.001, 0.02, 10):
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train_until(timer)
        timer.join()
        assert train().shape == wanted
