"""Runs share a pool of threads that survives forks, waits for nobody and lets the process end."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig
from bss2_emulator.threads import default_threads

NONE = np.zeros(0, np.int64)
HAS_FORK = [True] if hasattr(os, "fork") else []


def noise(chip: Chip, batch: int = 12, runtime: int = 4000) -> bytes:
    """Return what the column ADC reads of a chip at rest."""
    offsets = np.zeros(batch + 1, np.int64)
    run = chip.run_spiking(ChipConfig(), runtime, NONE, NONE.astype(np.uint16), offsets, cadc_neurons=range(512))
    return b"".join(samples.values.tobytes() for samples in run.cadc)


def python(code: str, **environment: str) -> str:
    """Run Python in a process of its own; one that hangs fails here."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


PREPARE = """
import os, threading
import numpy as np
from bss2_emulator import Chip, ChipConfig
from bss2_emulator._kernels.native.pool import workers

def noise(chip, batch=12, runtime=4000):
    empty = np.zeros(0, np.int64)
    offsets = np.zeros(batch + 1, np.int64)
    events = empty, empty.astype(np.uint16), offsets
    run = chip.run_spiking(ChipConfig(), runtime, *events, cadc_neurons=range(512), cadc_in_dram=True)
    return b"".join(samples.values.tobytes() for samples in run.cadc)

def in_child(work):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.parametrize("_", HAS_FORK)
def test_a_forked_child_runs_on_one_thread_and_on_more_if_told(_):
    python(PREPARE + """
before = noise(Chip(threads=4))
def work():
    assert noise(Chip()) == before
    assert workers() == 0
    assert noise(Chip(threads=3)) == before
    assert workers() == 2
in_child(work)
in_child(lambda: in_child(work))
assert noise(Chip(threads=4)) == before
assert workers() == 3
""")  # fmt: skip


@pytest.mark.parametrize("_", HAS_FORK)
def test_a_child_runs_that_was_forked_during_a_run(_):
    """In a thread's run, and in that of the thread that forks, from a handler of signals."""
    python(PREPARE + """
import signal
expected = noise(Chip("child", threads=2))
def work():
    assert noise(Chip("child", threads=2)) == expected
stop = threading.Event()
def keep_running():
    chip = Chip("busy", threads=2)
    while not stop.is_set():
        noise(chip)
thread = threading.Thread(target=keep_running)
thread.start()
for _ in range(10):
    in_child(work)
stop.set()
thread.join()
forks = []
def handler(*_):
    if len(forks) < 2:
        forks.append(1)
        in_child(work)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
chip = Chip("long", threads=2)
while len(forks) < 2:
    noise(chip, batch=2, runtime=1_000_000)
signal.setitimer(signal.ITIMER_REAL, 0)
""")  # fmt: skip


def test_runs_of_several_threads_do_not_disturb_each_other():
    expected = {serial: noise(Chip(serial, threads=1)) for serial in "abcd"}
    found: dict[str, set[bytes]] = {serial: set() for serial in expected}

    def run(serial: str) -> None:
        for _ in range(5):
            found[serial].add(noise(Chip(serial, threads=3)))

    running = [threading.Thread(target=run, args=(serial,)) for serial in expected]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert found == {serial: {values} for serial, values in expected.items()}


@pytest.mark.parametrize("threads", [1, 3] if os.name == "posix" else [])
def test_a_run_starts_no_more_threads_than_it_was_told(threads):
    assert python(PREPARE + f"noise(Chip(threads={threads})); print(workers())").split() == [str(threads - 1)]
    assert python(PREPARE + "noise(Chip()); print(workers())", OMP_NUM_THREADS=f"{threads},2").split() == [
        str(threads - 1)
    ]


@pytest.mark.parametrize("_", [True] if sys.platform == "linux" else [])
def test_threads_of_the_system_are_those_of_the_pool(_):
    for threads in (1, 3):
        code = f"before = len(os.listdir('/proc/self/task')); noise(Chip(threads={threads})); noise(Chip(threads=2))\n"
        code += "print(len(os.listdir('/proc/self/task')) - before)"
        assert int(python(PREPARE + code)) == max(threads - 1, 1)


def test_a_chip_takes_the_threads_that_it_is_given_between_runs():
    chip = Chip(threads=1)
    one = noise(chip)
    chip.threads, chip.run_counter = 4, 0
    assert noise(chip) == one


@pytest.mark.parametrize(("asked", "wanted"), [("3", 3), ("2,4", 2), ("0", 1)])
def test_the_default_is_what_the_environment_says(monkeypatch, asked, wanted):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert default_threads() == wanted


@pytest.mark.parametrize("_", [True] if hasattr(os, "sched_setaffinity") else [])
def test_the_default_is_the_processors_that_the_process_may_use(_):
    code = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
    code += "from bss2_emulator.threads import default_threads; print(default_threads())"
    assert python(code, OMP_NUM_THREADS="").split() == ["1"]


def test_a_process_ends_while_a_thread_runs():
    python(PREPARE + """
started = threading.Event()
def run():
    started.set()
    noise(Chip(threads=2), batch=1000, runtime=1_000_000)
threading.Thread(target=run, daemon=True).start()
started.wait()
noise(Chip(threads=2))
""")  # fmt: skip
