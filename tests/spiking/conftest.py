import pytest

from hxtorch.core import open_session


@pytest.fixture
def ideal_chip():
    """A chip without mismatch and noise is connected during the test."""
    with open_session(serial="emulated-1", fidelity="ideal", seed=0) as session:
        yield session


def pytest_collection_modifyitems(items):
    """Let networks have weights that are nothing on a chip, or too large; tests of the warnings catch them."""
    for item in items:
        if "spiking" in item.path.parts:
            for said in ("all weights round to 0 LSB", "weights are clipped to 63 LSB"):
                item.add_marker(pytest.mark.filterwarnings(f"ignore:.*{said}:UserWarning"))
