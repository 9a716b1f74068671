"""Wrong values in every argument of every public callable: refused by a typed error that names them, or legal.

All of them take minutes: a part is tried here, another one of each room; ``tools/reliability.py`` tries all.
"""

from pathlib import Path

import pytest
from wrong_values import ROOMS, judged

from bss2_emulator import door as emulator
from hxtorch.core import door as core

PART = 23  # one call of so many


@pytest.mark.parametrize("room", ROOMS)
def test_wrong_values_are_refused_by_name(room):
    assert judged(room, PART, *ROOMS)["typed"] > 10


def test_the_doors_are_one():
    assert Path(emulator.__file__).read_text() == Path(core.__file__).read_text()
