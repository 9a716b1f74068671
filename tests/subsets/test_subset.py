"""What is installed is exactly the subset that the environment names, and what is absent says how to get it.

The tox matrix sets ``HXTORCH_TEST_SUBSET``; without it there is nothing to compare with and the tests ask for all.
"""

import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import pytest

PARTS = {
    "emulator": {"bss2-emulator"},
    "core": {"bss2-emulator", "hxtorch-core"},
    "perceptron": {"bss2-emulator", "hxtorch-core", "hxtorch-perceptron"},
    "spiking": {"bss2-emulator", "hxtorch-core", "hxtorch-spiking"},
    "all": {"bss2-emulator", "hxtorch-core", "hxtorch-perceptron", "hxtorch-spiking"},
}
SUBSET = os.environ.get("HXTORCH_TEST_SUBSET", "all")
INSTALLED = PARTS[SUBSET]


def is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)  # noqa: S603


@pytest.mark.parametrize("distribution", sorted(PARTS["all"]))
def test_exactly_the_subset_is_installed(distribution):
    assert is_installed(distribution) == (distribution in INSTALLED)


@pytest.mark.skipif(SUBSET not in ("emulator", "core"), reason="the frontends bring torch")
def test_no_torch_below_the_frontends():
    assert importlib.util.find_spec("torch") is None


@pytest.mark.parametrize(
    ("names", "distribution"),
    [(("perceptron", "ann"), "hxtorch-perceptron"), (("spiking", "snn"), "hxtorch-spiking")],
)
def test_a_frontend_imports_under_both_names_or_says_what_to_install(names, distribution):
    if "hxtorch-core" not in INSTALLED:
        assert importlib.util.find_spec("hxtorch") is None
        return
    real, alias = names
    if distribution in INSTALLED:
        code = f"import hxtorch.{alias} as a, hxtorch.{real} as b, hxtorch; assert a is b is hxtorch.{alias}"
        result = run(code)
        assert result.returncode == 0, result.stderr
        return
    for name in names:
        for code in (f"import hxtorch; hxtorch.{name}", f"import hxtorch.{name}", f"from hxtorch import {name}"):
            result = run(code)
            assert result.returncode != 0
            assert f"pip install packages/{distribution}" in result.stderr, (code, result.stderr)
