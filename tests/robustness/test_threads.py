"""Whatever is forked, spawned or run at the same time answers, with the bytes of a run on its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hxtorch.core import find_thread_team

JOB = Path(__file__).with_name("threads_job.py")
WORK = [
    "emulator",
    "spiking in the loop",
    "spiking in mock mode",
    "perceptron on the chip",
    "perceptron in mock mode",
]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}


def run(*arguments: str, environment: dict[str, str] = ENVIRONMENT) -> str:
    """Run Python in a process of its own; one that hangs fails here."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("scenarios", ["fork,workers of a DataLoader", "threads"])
def test_a_run_gives_the_same_bytes(scenarios):
    run(str(JOB), scenarios, *WORK)


def test_processes_give_the_same_bytes():
    run(str(JOB), "processes by fork,processes by spawn", "spiking in the loop")


def test_a_child_does_not_wait_for_threads_of_its_parent():
    run(str(JOB), "fork beside a run", "spiking in the loop")


COUNT = """
import os, sys, torch
torch.set_num_threads(int(sys.argv[2]))
sys.path.insert(0, sys.argv[1])
import threads_job
def tasks():
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0
before = tasks()  # NumPy has some
from bss2_emulator._kernels.native import pool as emulator
from hxtorch.perceptron._kernels.native import pool as perceptron
from hxtorch.spiking._kernels.native import pool as spiking
for work in threads_job.WORK:
    if work != "emulator":
        threads_job.WORK[work]()
print(emulator.workers(), perceptron.workers(), spiking.workers(), tasks() - before)
"""

BYTES = """
import sys
sys.path.insert(0, sys.argv[1])
import threads_job
print([work() for work in threads_job.WORK.values()])
"""


@pytest.mark.parametrize("policy", ["passive", "active"])
@pytest.mark.parametrize("threads", [1, 3])
def test_kernels_and_chips_take_as_many_threads_as_torch(threads, policy):
    environment = {**ENVIRONMENT, "OMP_NUM_THREADS": "5", "OMP_WAIT_POLICY": policy}
    *own, tasks = map(int, run("-c", COUNT, str(JOB.parent), str(threads), environment=environment).split())
    joined = policy == "active" and find_thread_team(torch._C.__file__) is not None
    if joined:
        assert max(own) < threads  # a pool has its own where torch's were late, as many as these loops had turns
    else:
        assert own == [threads - 1] * 3
    if sys.platform == "linux" and (joined or threads == 1):  # else torch may have some of its own beside ours, or not
        assert tasks == threads - 1 + sum(own)


def test_threads_of_torch_give_the_bytes_of_threads_of_kernels():
    sums = {
        run(
            "-c", BYTES, str(JOB.parent), environment={**ENVIRONMENT, "OMP_NUM_THREADS": "3", "OMP_WAIT_POLICY": policy}
        )
        for policy in ("passive", "active")
    }
    assert len(sums) == 1
