"""Measure in interleaved rounds and report ratios: absolute times belong to one machine, ratios travel."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parent / room) for room in ("emulator", "spiking")]  # whose benchmarks share modules


@dataclass
class Report:
    """Lines that the session prints at its end."""

    lines: list[str] = field(default_factory=list)


REPORT = pytest.StashKey[Report]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    lines = config.stash[REPORT].lines
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the figures."""
    lines = request.config.stash[REPORT].lines
    return lambda text: lines.append(f"{request.node.name}: {text}")


@pytest.fixture(scope="module")
def builds():
    """Return a function that starts a script under another build's Python and under this one, and returns two to ask.

    Each takes a line for the script's standard input and returns the line that comes back.
    """
    other = os.environ.get("HXTORCH_PEER_BUILD")
    if not other:
        pytest.fail("HXTORCH_PEER_BUILD: wanted the Python of an environment with the build to compare with", False)
    started: dict[Path, list[subprocess.Popen[str]]] = {}

    def asking(process: subprocess.Popen[str]) -> Callable[[str], str]:
        def ask(line: str) -> str:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            return process.stdout.readline()

        return ask

    def start(script: Path) -> list[Callable[[str], str]]:
        if script not in started:
            started[script] = [
                subprocess.Popen([python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
                for python in (other, sys.executable)
            ]
        return [asking(process) for process in started[script]]

    yield start
    for processes in started.values():
        for process in processes:
            process.communicate()


@pytest.fixture
def compare(note):
    """Time callables in turn, A B A B ..., and return medians of each one's time over that of the last, pair by pair.

    Each timed call follows an untimed one of the same subject, so that no figure depends on what the subject before
    left in the caches and on the heap.

    With ``operations``, the number of multiplications and additions of a call, their rate is reported too.
    """

    def measure(
        subjects: dict[str, Callable[[], object]], rounds: int = 11, warmup: int = 2, operations: int | None = None
    ) -> dict[str, float]:
        times: dict[str, list[float]] = {name: [] for name in subjects}
        for turn in range(warmup + rounds):
            for name, subject in subjects.items():
                subject()
                begin = time.perf_counter()
                subject()
                if turn >= warmup:
                    times[name].append(time.perf_counter() - begin)
        peer = list(subjects)[-1]
        found = {}
        for name, samples in times.items():
            found[name] = statistics.median(a / b for a, b in zip(samples, times[peer], strict=True))
            median = statistics.median(samples) * 1e3
            rate = "" if operations is None else f", {operations / median * 1e-6:.1f} Gop/s"
            note(f"{name}: {median:.3f} ms, {found[name]:.2f} x {peer}{rate}")
        return found

    return measure


@pytest.fixture
def ratio(compare):
    """Return the median of a peer's time over ours."""

    def measure(peer: Callable[[], object], ours: Callable[[], object], rounds: int = 11) -> float:
        return compare({"peer": peer, "ours": ours}, rounds)["peer"]

    return measure
