"""One register map: what core writes is what the emulated chip has, and what the page says."""

from pathlib import Path

import numpy as np
import pytest

from bss2_emulator import ChipConfig
from bss2_emulator.facts.__main__ import page
from hxtorch.core import ChipConfiguration
from hxtorch.core.errors import ConfigurationError

PAGE = Path(__file__).parents[3] / "docs" / "registers.md"


def test_both_sides_of_the_seam_share_the_arrays_of_a_fresh_chip():
    ours, theirs = ChipConfiguration().registers(), ChipConfig().registers()
    assert ours.keys() == theirs.keys() == ChipConfiguration.declarations().keys()
    assert all(ours[name] is theirs[name] for name in ours)


def test_every_register_says_what_it_is():
    for name, register in ChipConfig.declarations().items():
        declared = register.metadata
        assert declared["says"], name
        assert declared["low"] <= np.min(declared["default"]) <= np.max(declared["default"]) <= declared["high"], name


def test_wrong_codes_are_errors_of_the_side_that_got_them():
    with pytest.raises(ConfigurationError, match=r"v_leak: got 1023, wanted a code from 0 to 1022"):
        ChipConfiguration(v_leak=1023)
    with pytest.raises(ConfigurationError, match="unknown register 'v_leek'"):
        ChipConfiguration().replace(v_leek=0)


def test_the_page_is_made_from_the_declarations():
    assert PAGE.read_text() == page(), "make it again: python -m bss2_emulator.facts > docs/registers.md"
