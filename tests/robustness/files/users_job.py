"""Two users ask for calibrations in one cache: ``users_job.py FOLDER``.

Started by root they are two, as in a container that changes its user; otherwise modes alone tell them apart.
"""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import safetensors.numpy  # noqa: F401  # now: the others may not read what is installed

import hxtorch.core.calibration.provider as provider
from hxtorch.core import calibration, open_session
from hxtorch.core.backends import registry
from hxtorch.core.calibration import SpikingCalibTarget
from hxtorch.core.calibration.stored.paths import cached_path
from hxtorch.core.locks import locked

CACHE = Path(sys.argv[1])
OTHERS = {"first": 64_001, "second": 64_002}
TARGETS = [SpikingCalibTarget(threshold=130 + i) for i in range(4)]
measured: list[object] = []


def nominal(connection: object, target: object, options: object = None) -> object:
    measured.append(target)
    return calibration.nominal_calibration(connection, target)


provider.calibrate, provider.still_holds = nominal, lambda *_: True
installed = registry.available()  # now, for the same reason
registry.available = lambda: installed


def as_user(name: str, umask: int, work: Callable[[], object]) -> None:
    """Do something as a user of a container: known to nobody, without a home."""
    child = os.fork()
    if child == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(OTHERS[name])
                os.setuid(OTHERS[name])
            os.umask(umask)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, (name, work)


def ask(number: int, measures: int) -> Callable[[], None]:
    """Ask for a calibration, which must be measured so many times."""

    def work() -> None:
        with open_session(serial="shared", fidelity="full") as session:
            found = provider.for_target(session.connection, TARGETS[number], folder=CACHE)
        assert found.target == TARGETS[number]
        assert len(measured) == measures, measured

    return work


def main() -> None:
    with open_session(serial="shared", fidelity="full") as session:
        names = [cached_path(session.connection.describe(), target, CACHE).name for target in TARGETS]
    CACHE.mkdir()
    CACHE.chmod(0o777)
    as_user("first", 0o000, ask(0, 1))
    (folder,) = CACHE.iterdir()  # named by versions, as far as this user may read which are installed
    paths = [folder / name for name in names]
    locks = [Path(f"{path}.lock") for path in paths]
    as_user("second", 0o022, ask(0, 0))  # reads what the first one made
    as_user("second", 0o022, ask(1, 1))  # writes into the folder that the first one made
    as_user("first", 0o022, ask(1, 0))
    as_user("first", 0o022, ask(2, 1))
    paths[2].unlink()
    locks[2].chmod(0o444)

    def second_has_the_lock() -> None:
        with locked(locks[2]) as one, locked(locks[3]) as other:
            assert one
            assert other

    as_user("second", 0o022, second_has_the_lock)  # that the first one's file is of
    as_user("second", 0o022, ask(2, 1))
    as_user("first", 0o022, ask(2, 0))
    locks[2].chmod(0o000)
    paths[2].unlink()
    as_user("second", 0o022, ask(2, 1))  # without the lock
    assert paths[2].is_file()
    folder.chmod(0o555)
    as_user("second", 0o022, ask(2, 0))
    as_user("second", 0o022, ask(3, 1))  # can not be kept
    assert not paths[3].exists()
    folder.chmod(0o000)
    as_user("second", 0o022, ask(0, 1))
    folder.chmod(0o777)


if __name__ == "__main__":
    main()
