"""A lock helps where it works and stops nobody where it does not; users may share a cache."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hxtorch.core import locks
from hxtorch.core.locks import locked

JOB = Path(__file__).with_name("users_job.py")
HOLD = """
import sys, time
from hxtorch.core.locks import locked
with locked(sys.argv[1]):
    print(flush=True)
    time.sleep(99)
"""


@pytest.mark.parametrize("job", [JOB] if hasattr(os, "setgroups") else [])
def test_two_users_share_a_cache(job):
    with tempfile.TemporaryDirectory() as folder:  # others may not look into those of tests
        Path(folder).chmod(0o755)
        command = [sys.executable, str(job), str(Path(folder, "cache"))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def test_one_holds_a_lock_and_who_is_killed_gives_it_back(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "PATIENCE", 0.1)
    with locked(tmp_path / "lock") as one, locked(tmp_path / "lock") as other:
        assert (one, other) == (True, False)
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "lock"], stdout=subprocess.PIPE) as process:  # noqa: S603
        process.stdout.readline()
        with locked(tmp_path / "lock") as held:
            assert not held
        process.kill()
    with locked(tmp_path / "lock") as held:
        assert held


def test_where_there_are_no_locks_nobody_waits(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def missing(handle, kind):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", missing)
    for path in (tmp_path / "lock", tmp_path / "missing" / "lock", tmp_path):
        with locked(path) as held:
            assert not held
