"""Time to import, in fresh interpreters, against what the import stands on."""

import subprocess
import sys

import pytest


def importing(statement: str):
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603


@pytest.mark.parametrize(
    ("package", "ground"),
    [
        ("bss2_emulator", "numpy"),
        ("hxtorch", "numpy"),
        ("hxtorch.perceptron", "torch"),
        ("hxtorch.spiking", "torch"),
    ],
)
def test_import(compare, package, ground):
    compare(
        {f"import {package}": importing(f"import {package}"), f"import {ground}": importing(f"import {ground}")},
        rounds=7,
    )
