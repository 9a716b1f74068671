"""What a backend returns is of the types, shapes and neurons that were asked for, or it is refused as its fault."""

from dataclasses import replace

import numpy as np
import pytest

from hxtorch.core import (
    BackendError,
    ChipConfiguration,
    InputEvents,
    MatrixProgram,
    Recording,
    Session,
    SpikingProgram,
    open_session,
)
from hxtorch.core.testing import FaultyConnection

RECORDING = Recording(np.array([300, 1, 0, 301]), madc_neuron=3, correlation_rows=[5], spike_counters=True)
SPIKING = SpikingProgram(ChipConfiguration(), 1000, InputEvents.silence(2), RECORDING)
MATRIX = MatrixProgram(ChipConfiguration(), np.ones((4, 5), np.int8), np.ones((3, 4), np.uint8))


@pytest.fixture(scope="module")
def results():
    with open_session(serial="answers", fidelity="ideal") as session:
        return {"spiking": session.run_spiking(SPIKING), "matrix": session.run_matrix(MATRIX)}


def changed(one, changes):
    return replace(one, **{name: change(getattr(one, name)) for name, change in changes.items()})


def of_samples(**changes):
    return lambda result: {"cadc": tuple(changed(one, changes) for one in result.cadc)}


def of_part(part, **changes):
    return lambda result: {part: changed(getattr(result, part), changes)}


def instead(**fields):
    return lambda result: {name: f(getattr(result, name)) for name, f in fields.items()}


def nowhere(_):
    return None


def floats(values):
    return values * np.nan


WRONG = {
    "spikes: neurons that are no integers": of_part("spikes", neurons=lambda neurons: neurons.astype(float)),
    "spikes: masked": of_part("spikes", times=lambda times: np.ma.masked_array(times, times > 0)),
    "labels: text": of_part("loopback", labels=lambda labels: labels.astype(str)),
    "cadc: masked": of_samples(values=lambda values: np.ma.masked_array(values, values > 0)),
    "cadc: none": instead(cadc=nowhere),
    "cadc: one hemisphere": instead(cadc=lambda cadc: cadc[:1]),
    "cadc: bottom first": instead(cadc=lambda cadc: cadc[::-1]),
    "cadc: something": instead(cadc=lambda cadc: (1, 2)),
    "cadc: NaN": of_samples(values=floats),
    "cadc: large": of_samples(values=lambda values: values + np.int64(1000)),
    "cadc: objects": of_samples(values=lambda values: values.astype(object)),
    "cadc: other neurons": of_samples(neurons=lambda neurons: neurons + 1),
    "cadc: another order": of_samples(neurons=lambda neurons: neurons[::-1]),
    "madc: NaN": of_part("madc", values=floats),
    "madc: large": of_part("madc", values=lambda values: values + np.uint16(2000)),
    "correlation: NaN": of_part("correlation", values=floats),
    "counters: NaN": of_part("spike_counters", values=floats),
    "info: none": instead(info=nowhere),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_recordings_are_refused(results, name, monkeypatch):
    right = results["spiking"]
    returned(right, SPIKING, monkeypatch)
    with pytest.raises(BackendError, match="fault of the backend"):
        returned(replace(right, **WRONG[name](right)), SPIKING, monkeypatch)


@pytest.mark.parametrize("returns", [lambda found: found[:1], lambda found: found * 2, iter, lambda found: None])
def test_programs_at_once_have_a_result_each(returns, monkeypatch):
    with open_session(serial="answers", fidelity="ideal") as session:
        run_all = type(session.connection.spiking).run_all
        monkeypatch.setattr(type(session.connection.spiking), "run_all", lambda *given: returns(run_all(*given)))
        with pytest.raises(BackendError, match="wanted a list of 2, one for each program; this is a fault"):
            session.run_spiking_all([SPIKING, SPIKING])


@pytest.mark.parametrize("values", [floats, np.float32, lambda values: values * np.int64(1000), np.transpose])
def test_wrong_products_are_refused(results, values, monkeypatch):
    right = results["matrix"]
    returned(right, MATRIX, monkeypatch)
    with pytest.raises(BackendError, match="products"):
        returned(replace(right, values=values(right.values)), MATRIX, monkeypatch)


def returned(result, program, monkeypatch):
    """Let a chip return a result."""
    with open_session(serial="answers", fidelity="ideal") as session:
        spiking = isinstance(program, SpikingProgram)
        unit = session.connection.spiking if spiking else session.connection.matrix
        monkeypatch.setattr(type(unit), "run", lambda *_: result)
        (session.run_spiking if spiking else session.run_matrix)(program)


def test_a_backend_that_fails_to_close_is_named(monkeypatch):
    def fail(_):
        raise ValueError("no answer")

    monkeypatch.setattr(FaultyConnection, "close", fail)
    with open_session(serial="answers", fidelity="ideal") as session:
        broken = Session(FaultyConnection(session.connection), session.setup)
        with pytest.raises(BackendError, match="answers: the backend failed to close: ValueError: no answer"):
            broken.close()
        assert broken.closed
