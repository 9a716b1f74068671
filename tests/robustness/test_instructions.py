"""Each instruction set of this machine gives the same bytes, and the variable forces each of them in each package."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from bss2_emulator._kernels.matrix.hagen import best_instructions
from bss2_emulator._kernels.native.instructions import NAMES

TESTS = Path(__file__).parents[1]
SETS = NAMES[: best_instructions() + 1]
LOOPS = NAMES.index("vnni")  # tiles are for products alone: loops name the set below them
PACKAGES = 3
KERNEL_TESTS = [
    "emulator/matrix/test_hagen_reference.py",
    "emulator/neurons/test_lif_reference.py",
    "emulator/neurons/test_terms_reference.py",
    "emulator/silicon/test_noise.py",
    "emulator/spiking/test_writes_reference.py",
    "emulator/synram/test_correlation.py",
    "perceptron/mock/test_mock_kernel.py",
    "spiking/chip/test_recording_kernels.py",
    "spiking/steps/test_events.py",
    "spiking/steps/test_fused.py",
    "spiking/steps/test_recurrence.py",
]


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own with an instruction set at most."""
    environment = {**os.environ, "BSS2_INSTRUCTIONS": name}
    return subprocess.run(  # noqa: S603
        [sys.executable, *arguments], capture_output=True, text=True, timeout=900, check=False, env=environment
    )


@cache
def loops(name: str) -> tuple[list[str], list[str]]:
    """Return the sets in use with an instruction set at most, and the digests of all loops."""
    done = run(name, str(Path(__file__).with_name("instructions_job.py")))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) > PACKAGES
    return [line.split()[-1] for line in lines[:PACKAGES]], lines[PACKAGES:]


@pytest.mark.parametrize("name", SETS)
def test_the_variable_forces_a_set_in_each_package(name):
    assert loops(name)[0] == [NAMES[min(NAMES.index(name), LOOPS)]] * PACKAGES


@pytest.mark.parametrize("name", SETS[1:])
def test_a_set_gives_the_bytes_of_plain_loops(name):
    assert loops(name)[1] == loops("plain")[1]


@pytest.mark.parametrize(("number", "name"), list(enumerate(SETS[:-1])))  # the last one is what all tests run with
def test_kernels_equal_their_twins_with_each_set(number, name):
    """Sets have other tests each, together a quarter: loops are compared above, and tox run -e portable runs all."""
    files = [str(TESTS / file) for file in KERNEL_TESTS]
    others = "not contract_of_torch and not compiles"  # what torch asks of operators says nothing about loops
    options = ["-x", "-q", "-p", "no:cacheprovider", "-k", others, f"--share={number}/{4 * len(SETS[:-1])}"]
    done = run(name, "-m", "pytest", *options, *files)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("package", ["bss2_emulator", "hxtorch.perceptron", "hxtorch.spiking"])
def test_a_set_that_there_is_not_is_refused(package):
    done = run("sse9", "-c", f"import {package}._kernels.native.pool")
    assert done.returncode
    assert "BSS2_INSTRUCTIONS: got 'sse9', wanted one of plain, avx2, avx512, vnni, tiles" in done.stderr
