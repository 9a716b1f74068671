"""Wrong values in every argument of every public callable: refused by a typed error that names them, or legal.

All of them take minutes: a part is tried here, another one of each room; ``tools/reliability.py`` tries all.
"""

import pytest
from wrong_values import ROOMS, judged

PART = 23  # one call of so many


@pytest.mark.parametrize("room", ROOMS)
def test_wrong_values_are_refused_by_name(room):
    assert judged(room, PART, *ROOMS)["typed"] > 10
