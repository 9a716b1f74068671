"""Both sides of the seam list the same registers: what core writes is what the emulated chip has."""

from dataclasses import fields

import numpy as np

from bss2_emulator import ChipConfig
from hxtorch.core import ChipConfiguration

OURS = {register.name: dict(register.metadata) for register in fields(ChipConfiguration)}
THEIRS = {name: dict(register.metadata) for name, register in ChipConfig.declarations().items()}


def test_names_shapes_ranges_and_types_agree():
    assert OURS == THEIRS


def test_a_fresh_chip_holds_the_same_codes_on_both_sides():
    ours, theirs = ChipConfiguration().registers(), ChipConfig().registers()
    for name in OURS:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
