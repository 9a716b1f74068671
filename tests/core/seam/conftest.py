"""Chips that the contract of backends is tested on: the emulator, or what ``HXTORCH_TEST_BACKEND`` names."""

import os

import pytest

from hxtorch import core
from hxtorch.core import calibration

BACKEND = os.environ.get("HXTORCH_TEST_BACKEND", "emulator")
FIDELITIES = ("ideal", "calibrated", "full") if BACKEND == "emulator" else ("full",)
EXPECTED = ("ideal", "calibrated")  # chips on which nominal codes are right


@pytest.fixture(params=FIDELITIES)
def connection(request):
    with core.open_session(backend=BACKEND, fidelity=request.param, seed=1) as session:
        yield session.connection


@pytest.fixture(params=[fidelity for fidelity in FIDELITIES if fidelity in EXPECTED])
def expected(request):
    with core.open_session(backend=BACKEND, fidelity=request.param, seed=1) as session:
        yield session.connection


@pytest.fixture
def hagen():
    """Return a function that returns the registers of a chip for products."""

    def registers(connection):
        nominal = calibration.nominal_calibration(connection, calibration.HagenCalibTarget())
        return nominal.apply(core.ChipConfiguration())

    return registers
