"""Install packages of this repository as wheels: ``python tools/install.py bss2-emulator hxtorch-core``.

Kernels take a minute to compile, and each test environment wants a fresh wheel. So a wheel is built once for the state
of a package's files and one Python, and kept in ``.tox/wheels``. It is built from a copy of the files: environments
that run side by side do not meet, at worst they do the same work twice.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".tox" / "wheels"
PACKAGES = ("BSS2_EMULATOR", "HXTORCH_PERCEPTRON", "HXTORCH_SPIKING")
SETTINGS = (
    "CC",
    "CFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    *(f"{name}_{kind}" for name in PACKAGES for kind in ("DEBUG", "SANITIZE")),
)
MADE = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd", "*.c")


def state(package: Path) -> str:
    """Return what names the files of ``package``, this Python, and the settings that change what is compiled."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    settings = [os.environ.get(name, "") for name in SETTINGS]
    digest.update("\0".join([sys.version, sysconfig.get_platform(), *settings]).encode())
    return digest.hexdigest()[:16]


def wheel(name: str) -> Path:
    """Return a wheel of package ``name``, built unless one of the same state is there."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT, prefix="building-") as folder:
        source, built = Path(folder, name), Path(folder, "built")
        shutil.copytree(ROOT / "packages" / name, source, ignore=MADE)
        kept = KEPT / f"{name}-{state(source)}"
        if not kept.exists():
            print(f"building {name}; its kernels, if it has any, take a minute or two of each core", flush=True)
            pip("wheel", "--no-deps", "--wheel-dir", str(built), str(source))
            try:
                built.rename(kept)
            except OSError:
                if not kept.exists():  # else another environment was faster
                    raise
    return next(kept.glob("*.whl"))


def pip(*arguments: str) -> None:
    """Run pip of this Python."""
    subprocess.run([sys.executable, "-m", "pip", arguments[0], "-q", *arguments[1:]], check=True)  # noqa: S603


if __name__ == "__main__":
    wheels = [str(wheel(name)) for name in sys.argv[1:]]
    pip("install", *wheels)
    pip("install", "--no-deps", "--force-reinstall", *wheels)  # pip leaves one of the same version in place
