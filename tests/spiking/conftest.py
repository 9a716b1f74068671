import pytest

from hxtorch.core import open_session


@pytest.fixture
def ideal_chip():
    """A chip without mismatch and noise is connected during the test."""
    with open_session(serial="emulated-1", fidelity="ideal", seed=0) as session:
        yield session
