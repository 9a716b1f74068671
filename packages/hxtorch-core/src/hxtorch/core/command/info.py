"""Say what is installed, which chip a script gets, and where calibrations lie."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import PackageNotFoundError, version

from hxtorch.core.backends.registry import available
from hxtorch.core.backends.setup import resolve_setup
from hxtorch.core.calibration.stored.paths import cache_directory

PACKAGES = ("bss2-emulator", "hxtorch-core", "hxtorch-perceptron", "hxtorch-spiking", "torch", "numpy")


def add(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def call(options: argparse.Namespace) -> int:
    """Print a line for each fact; torch is not imported."""
    for name in PACKAGES:
        print(f"{name:20}{_version(name)}")
    setup, cache = resolve_setup(), cache_directory()
    print(f"{'Python':20}{platform.python_version()} on {platform.system()} {platform.machine()}")
    print(f"{'backends':20}{', '.join(sorted(available())) or 'none'}")
    print(f"{'chip':20}{setup.serial!r} of backend {setup.backend!r}, fidelity {setup.fidelity!r}, seed {setup.seed}")
    print(f"{'calibrations':20}{sum(1 for _ in cache.rglob('*.safetensors'))} in {cache}")
    return 0


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return f"not installed: pip install {'packages/' * name.startswith('hxtorch')}{name}"
