import pytest
import torch

import hxtorch.perceptron as hxp
from hxtorch.core import open_session
from hxtorch.perceptron import tracing


@pytest.fixture(scope="session", autouse=True)
def _private_cache(tmp_path_factory):
    """Calibrations that a test has to make stay out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HXTORCH_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _fresh_state():
    """Every test starts with default mock parameters, the same random numbers and nothing that traces."""
    hxp.set_mock_parameter(hxp.MockParameter())
    tracing.active.set(())
    torch.manual_seed(0)
    yield
    hxp.set_mock_parameter(hxp.MockParameter())


@pytest.fixture
def silent():
    """Mock mode without noise, with a gain that is exact in binary: NumPy gives the same integers."""
    hxp.set_mock_parameter(hxp.MockParameter(noise_std=0.0, gain=2**-9))
    return 2**-9


@pytest.fixture
def ideal():
    """A chip without mismatch and noise; without leak its gain is 0.002 however long the input takes."""
    with open_session(fidelity="ideal") as session:
        session._matrix_configuration = session.matrix_configuration.replace(enable_leak=False)
        yield session


@pytest.fixture
def chip():
    """The default chip, calibrated by its stored calibration, as current session."""
    with open_session(serial="emulated-1", fidelity="full", seed=1) as session:
        yield session
