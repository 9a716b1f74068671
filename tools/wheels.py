"""Make in ``dist/`` what an index takes of the packages, and run it where there is no compiler: ``tox run -e wheels``.

Each wheel is built from the source archive beside it. On Linux auditwheel looks at what the kernels link and names the
oldest system that they run on (``manylinux``). Then all four are installed into a fresh environment, from binaries
alone and with no other program in reach, and run once.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
PACKAGES = ("bss2-emulator", "hxtorch-core", "hxtorch-perceptron", "hxtorch-spiking")


def run(*command: str | Path, **settings: object) -> None:
    """Run a command and fail with it."""
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **settings)  # type: ignore[call-overload]  # noqa: S603


def make(name: str, folder: Path) -> Path:
    """Leave the source archive of package ``name`` in ``dist/``, and a wheel built from it that an index takes."""
    source, built = folder / name, folder / f"{name}-built"
    ignored = shutil.ignore_patterns("build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd", "*.c")
    shutil.copytree(ROOT / "packages" / name, source, ignore=ignored)
    run(sys.executable, "-m", "build", "--outdir", built, source)
    (archive,), (wheel,) = built.glob("*.tar.gz"), built.glob("*.whl")
    shutil.copy(archive, DIST)
    if not sys.platform.startswith("linux") or wheel.stem.endswith("-any"):
        return Path(shutil.copy(wheel, DIST))
    run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", DIST, wheel)
    tag = "-".join(wheel.stem.split("-")[:4])  # all but the platform
    return next(path for path in DIST.glob(f"{tag}-*.whl") if "manylinux" in path.name or "musllinux" in path.name)


def try_out(wheels: list[Path], folder: Path) -> None:
    """Install ``wheels`` and what they need as binaries, where no compiler can be found, and run them."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = programs / ("python.exe" if sys.platform == "win32" else "python")
    run(python, "-m", "pip", "install", "-q", "--only-binary", ":all:", *wheels)
    alone = {"PATH": str(programs), "HXTORCH_CACHE_DIR": str(folder / "cache"), "SYSTEMROOT": "C:\\Windows"}
    run(python, ROOT / "tools" / "smoke.py", env=alone, cwd=folder)


if __name__ == "__main__":
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    with tempfile.TemporaryDirectory() as temporary:
        made = [make(name, Path(temporary)) for name in PACKAGES]
        run(sys.executable, "-m", "twine", "check", "--strict", *DIST.iterdir())
        try_out(made, Path(temporary) / "clean")
    for path in sorted(DIST.iterdir()):
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path.name}")
