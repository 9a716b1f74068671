"""Backends that fail: what is tried again, what is typed, what is kept."""

import numpy as np
import pytest

from hxtorch.core import (
    BackendError,
    ChipConfiguration,
    HXTorchError,
    InputEvents,
    MatrixProgram,
    Recording,
    Session,
    SpikingProgram,
    TransportError,
    open_session,
)
from hxtorch.core.backends import exchange
from hxtorch.core.calibration import CADCCalibTarget, calibrate, dumps
from hxtorch.core.testing import FAULTS, FaultyConnection

PROGRAMS = {
    "spiking": SpikingProgram(ChipConfiguration(), 500, InputEvents.silence(2), Recording(np.arange(4))),
    "matrix": MatrixProgram(ChipConfiguration(), np.ones((4, 5), np.int8), np.ones((3, 4), np.uint8)),
}


@pytest.fixture(autouse=True)
def delays(monkeypatch):
    waited = []
    monkeypatch.setattr(exchange.time, "sleep", waited.append)
    return waited


@pytest.fixture
def session():
    with open_session() as session:
        yield session


def run(session, kind):
    result = (session.run_spiking if kind == "spiking" else session.run_matrix)(PROGRAMS[kind])
    return [samples.values for samples in result.cadc] if kind == "spiking" else [result.values]


@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize("fault", ["transport", "lost"])
def test_a_run_whose_way_fails_now_and_then_gives_what_it_gives_else(session, kind, fault):
    wanted = [run(session, kind) for _ in range(20)]
    session.connection.run_counter = 0
    faulty = FaultyConnection(session.connection, 0.3, [fault], seed=4)
    with open_session() as other:
        other.connection = faulty
        found = [run(other, kind) for _ in range(20)]
    assert faulty.faults[fault] > 3
    for one, two in zip(wanted, found, strict=True):
        assert all(map(np.array_equal, one, two))


def test_delays_grow_and_end(session, delays, monkeypatch):
    dead = Session(FaultyConnection(session.connection, 1.0), session.setup)
    with pytest.raises(TransportError, match="link"):
        run(dead, "spiking")
    assert delays == pytest.approx([0.1, 0.4, 1.6])
    monkeypatch.setenv("HXTORCH_RETRIES", "0")
    with pytest.raises(TransportError):
        run(dead, "matrix")
    assert len(delays) == 3
    monkeypatch.setenv("HXTORCH_RETRIES", "often")
    with pytest.raises(BackendError, match="HXTORCH_RETRIES: got 'often'"):
        run(dead, "matrix")


@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize(("fault", "says"), [("crash", "RuntimeError"), ("damaged", "fault of the backend")])
def test_other_failures_are_errors_of_the_backend_and_leave_the_session_usable(session, kind, fault, says, delays):
    broken = Session(FaultyConnection(session.connection, 1.0, [fault]), session.setup)
    with pytest.raises(BackendError, match=says):
        run(broken, kind)
    assert not delays
    run(session, kind)


def test_a_backend_whose_unit_is_gone_is_typed(session):
    class Gone(FaultyConnection):
        @property
        def spiking(self):
            raise OSError("cable out")

        @spiking.setter
        def spiking(self, unit):
            pass

    with pytest.raises(BackendError, match="cable out"):
        run(Session(Gone(session.connection, 0.0), session.setup), "spiking")


def test_a_calibration_goes_on_where_it_was_cut(session, monkeypatch):
    monkeypatch.setenv("HXTORCH_RETRIES", "0")
    target = CADCCalibTarget()
    ran = []
    spiking = type(session.connection.spiking)
    original = spiking.run
    monkeypatch.setattr(spiking, "run", lambda self, program: ran.append(program) or original(self, program))
    wanted = calibrate(session.connection, target)
    all_runs, attempts = len(ran), 0
    faulty = FaultyConnection(session.connection, 0.2, FAULTS[:1], seed=1)
    while True:
        attempts += 1
        try:
            found = calibrate(faulty, target)
            break
        except TransportError:
            continue
    assert attempts == faulty.faults["transport"] + 1 > 2
    assert len(ran) == 2 * all_runs  # none ran twice
    assert all(np.array_equal(wanted.registers[name], found.registers[name]) for name in wanted.registers)
    assert len(dumps(found)) == len(dumps(wanted))


@pytest.mark.parametrize(
    ("probability", "kinds"), [(1.5, "transport"), (float("nan"), "transport"), (0.5, "fire"), (0.5, [])]
)
def test_faults_are_checked(session, probability, kinds):
    with pytest.raises(HXTorchError, match="wanted"):
        FaultyConnection(session.connection, probability, kinds)
