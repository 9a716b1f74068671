"""Scikit-learn's digits on all circuits of a chip."""

import pytest

from hxtorch.core import open_session
from hxtorch.examples.spiking import digits


def accuracy(*more: str) -> float:
    return digits.main(digits.get_parser().parse_args(["--epochs", "1", *more]))[-1]


@pytest.mark.slow
def test_an_epoch_teaches_digits_in_mock_mode_and_on_the_chip() -> None:
    """One of ten classes is right by chance in 0.1 of samples."""
    with open_session(serial="emulated-1", fidelity="full", seed=0):
        on_chip = accuracy()
    assert accuracy("--mock") > 0.6
    assert on_chip > 0.6
