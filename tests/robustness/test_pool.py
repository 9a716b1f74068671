"""The pool of threads alone: one source, no warnings, no races."""

import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KERNELS = sorted(ROOT.glob("packages/*/src/**/_kernels"))
CHECK = Path(__file__).with_name("pool_check.c")
COMPILER = shlex.split(sysconfig.get_config_var("CC") or "cc")
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O2", "-g", "-pthread"]


def build(source: Path, program: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        *COMPILER,
        *STRICT,
        *options,
        "-D_GNU_SOURCE",
        f"-I{ROOT}",
        str(source),
        "-o",
        str(program),
        "-lm",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603


def works(sanitizer: str, folder: Path) -> bool:
    """Tell whether this machine has a sanitizer: its library, and addresses that it can live with."""
    source = folder / "nothing.c"
    source.write_text("int main(void) { return 0; }\n")
    program = folder / f"nothing-{sanitizer}"
    return build(source, program, f"-fsanitize={sanitizer}").returncode == 0 and run(program).returncode == 0


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "native").iterdir()))
def test_each_package_has_the_same_copy(name):
    assert len(KERNELS) == 3
    for folder in KERNELS:
        assert (folder / "native" / name).read_bytes() == (ROOT / "native" / name).read_bytes(), folder / name


def test_the_pool_holds_its_laws(tmp_path):
    built = build(CHECK, tmp_path / "check")
    assert built.returncode == 0, built.stderr
    for arguments in ([], ["joined"]):
        done = run(tmp_path / "check", *arguments)
        assert done.returncode == 0, done.stderr


def test_sanitizers_find_nothing(tmp_path):
    for sanitizer in ("thread", "address", "undefined"):
        if works(sanitizer, tmp_path):
            program = tmp_path / f"check-{sanitizer}"
            assert build(CHECK, program, f"-fsanitize={sanitizer}").returncode == 0
            for arguments in (["alone"], ["alone", "joined"]):
                done = run(program, *arguments)
                assert done.returncode == 0, done.stderr
                assert not done.stderr
