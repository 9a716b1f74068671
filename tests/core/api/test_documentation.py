"""Examples in docstrings run as they stand."""

import re
import sys
from textwrap import dedent

from hxtorch import core
from hxtorch.core import compat
from hxtorch.core.backends import setup as hardware
from hxtorch.core.vocabulary import chip


def blocks(docstring):
    """What stands indented below lines that end with two colons."""
    return [dedent(block) for block in re.findall(r"::\n\n((?:    .*\n|\n)+)", docstring)]


def test_registers_are_changed_one_by_one():
    (block,) = blocks(chip.__doc__)
    names = {**vars(chip), "configuration": core.ChipConfiguration()}
    exec(block, names)  # noqa: S102
    changed = names["configuration"]
    assert changed.v_leak[3] == 640
    assert changed.weight[0, 2, 3] == 63
    assert core.ChipConfiguration().weight[0, 2, 3] != 63


def test_names_of_the_chip_s_own_software_are_there_while_installed():
    (block,) = blocks(compat.__doc__)
    names = {}
    exec(block, names)  # noqa: S102
    assert names["halco"] is not None
    assert "dlens_vx_v3" not in sys.modules


def test_database_of_hardware(tmp_path, monkeypatch):
    monkeypatch.delenv("HXTORCH_CHIP", raising=False)
    (block,) = blocks(hardware.__doc__)
    path = tmp_path / "hardware.toml"
    path.write_text(block, encoding="utf-8")
    setup = hardware.resolve_setup(hardware.HWDBPath(str(path)))
    assert setup.serial == "emulated-1"
    assert setup.imperfections == {"cadc_noise": False}
    assert setup.hagen_calibration == str(tmp_path / "hagen.safetensors")
