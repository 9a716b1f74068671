import pytest

from hxtorch.core import open_session


@pytest.fixture
def ideal_chip():
    """A chip without mismatch and noise is connected during the test."""
    with open_session(serial="emulated-1", fidelity="ideal", seed=0) as session:
        yield session


def pytest_collection_modifyitems(items):
    """Let networks have their first weights, which are nothing on a chip: tests of the warning catch it themselves."""
    for item in items:
        if "spiking" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore:.*all weights round to 0 LSB:UserWarning"))
