"""What the tests of all packages share."""

from pathlib import Path

import hypothesis
import pytest

# The same examples in each run, however long they take: what fails can be repeated, and a busy machine fails nothing.
# Others are tried by ``pytest --hypothesis-profile=default``.
hypothesis.settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")

HERE = Path(__file__).parent
SLOW = (
    "core/calibration/procedures",
    "emulator/neurons/test_brian2.py",
    "emulator/neurons/test_adex_scipy.py",
    "integration",
    "robustness",
    "scripts",
    "spiking/api/test_yinyang_example.py",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a share of the tests be run, as those want that repeat others in another setting."""
    parser.addoption("--share", metavar="K/N", default="0/1", help="run one test of N, from number K on")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what trains networks, calibrates chips or runs peers."""
    first, step = map(int, config.getoption("--share").split("/"))
    config.hook.pytest_deselected(items=[item for i, item in enumerate(items) if i % step != first])
    items[:] = items[first::step]
    for item in items:
        if item.path.is_relative_to(HERE) and str(item.path.relative_to(HERE)).startswith(SLOW):
            item.add_marker(pytest.mark.slow)
