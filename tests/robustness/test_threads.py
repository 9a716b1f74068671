"""Whatever is forked, spawned or run at the same time answers, with the bytes of a run on its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
tasks = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 0  # NumPy has some
from bss2_emulator._kernels.native import pool as emulator
from hxtorch.perceptron._kernels.native import pool as perceptron
from hxtorch.spiking._kernels.native import pool as spiking
for work in threads_job.WORK:
    if work != "emulator":
        threads_job.WORK[work]()
print(emulator.workers(), perceptron.workers(), spiking.workers())
"""


# one thread of torch is one thread of the system, where that can be told
ONE = COUNT.replace("print(", "assert sys.platform != 'linux' or len(os.listdir('/proc/self/task')) == tasks\nprint(")


@pytest.mark.parametrize(("threads", "code"), [(1, ONE), (3, COUNT)], ids=["1", "3"])
def test_kernels_and_chips_take_as_many_threads_as_torch(threads, code):
    counted = run("-c", code, str(JOB.parent), str(threads), environment={**ENVIRONMENT, "OMP_NUM_THREADS": "5"})
    assert counted.split() == [str(threads - 1)] * 3
