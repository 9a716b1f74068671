"""The sheet of the silicon: one table, which a user may replace by measured values."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, Imperfections, Row, Sheet, SheetError
from bss2_emulator.facts.__main__ import with_sheet
from bss2_emulator.facts.sheet import COLUMNS, SHEET
from bss2_emulator.silicon.serial import Silicon

PAGE = Path(__file__).parents[3] / "docs" / "chip.md"
HEAD = ",".join(COLUMNS)
CAPACITANCE = "capacitance,F at code 63,3e-12,0.01,factor,1,,capacitance,measured"


def test_the_page_of_the_chip_is_that_of_the_table():
    assert with_sheet(PAGE.read_text()) == PAGE.read_text(), "python -m bss2_emulator.facts docs/chip.md"


def test_switches_of_the_table_are_imperfections():
    known = {switch.name for switch in fields(Imperfections)}
    assert {row.switch for row in SHEET.rows.values() if row.switch} <= known


def test_what_spreads_says_how_and_can_be_switched_off():
    for row in SHEET.rows.values():
        assert bool(row.spread) == bool(row.law), row
        assert not row.spread or row.switch, row
        assert row.source, row


def test_a_file_replaces_its_rows_only(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"{HEAD}\n{CAPACITANCE}\n")
    chip, usual = Chip("sheet", sheet=path), Silicon("sheet")
    assert chip.silicon.mean("capacitance") == 3e-12
    assert chip.silicon.sigma("capacitance") == 0.01
    assert np.allclose(chip.silicon.capacitance - 1, (usual.capacitance - 1) / 3)
    assert np.array_equal(chip.silicon.leak_offset, usual.leak_offset)


def test_a_chip_of_another_sheet_runs_differently():
    heavy = Sheet([SHEET.rows["leak"]._replace(mean=0.6)])
    config = ChipConfig().replace(enable_threshold=False)
    rest = [
        Chip("sheet", "ideal", sheet=sheet).run_spiking(config, 1000, cadc_neurons=[0]).cadc[0].values.mean()
        for sheet in (None, heavy)
    ]
    assert rest[1] - rest[0] == pytest.approx(0.18 / 4.5e-3, abs=1)


def test_equal_sheets_have_equal_digests():
    assert Sheet() == SHEET
    assert Sheet().digest == SHEET.digest != Sheet([SHEET.rows["leak"]._replace(mean=0.6)]).digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "wanted name,unit"),
        ("name,mean\n", "wanted name,unit"),
        (f"{HEAD}\n{CAPACITANCE},more\n", "got 10 columns"),
        (f"{HEAD}\n{CAPACITANCE.replace('3e-12', 'big')}\n", r"row 2 \(capacitance\), mean: got 'big'"),
        (f"{HEAD}\n{CAPACITANCE.replace('3e-12', '-1')}\n", "capacitance, mean: got -1.0"),
        (f"{HEAD}\n{CAPACITANCE.replace('3e-12', 'nan')}\n", "capacitance, mean: got nan"),
        (f"{HEAD}\n{CAPACITANCE.replace('0.01', '-0.01')}\n", "capacitance, spread"),
        (f"{HEAD}\n{CAPACITANCE.replace('factor,1', 'factor,2')}\n", "capacitance, calibrated"),
        (f"{HEAD}\n{CAPACITANCE.replace('factor', 'log')}\n", "capacitance, law: got 'log'"),
        (f"{HEAD}\n{CAPACITANCE.replace('F at', 'pF at')}\n", "capacitance, unit"),
        (f"{HEAD}\n{CAPACITANCE.replace('1,,', '1,leak 0.5,')}\n", "capacitance, correlation"),
        (f"{HEAD}\n{CAPACITANCE.replace('capacitance,F', 'capacity,F')}\n", "got 'capacity', wanted one of leak"),
        (f"{HEAD}\n{CAPACITANCE}\n{CAPACITANCE}\n", "got 'capacitance' twice"),
        (f'{HEAD}\n"capac\n', "not CSV"),
    ],
)
def test_a_wrong_table_is_told_by_row_and_column(tmp_path, text, told):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(SheetError, match=told):
        Sheet.load(path)


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(SheetError, match=r"none\.csv: cannot be read"):
        Chip(sheet=tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SheetError, match="not UTF-8"):
        Sheet.load(tmp_path / "binary.csv")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(1 << 18))
    for wrong in (tmp_path, tmp_path / "pipe", tmp_path / "large", "/dev/zero", "a\0b"):
        with pytest.raises(SheetError, match="wanted a"):
            Sheet.load(wrong)


def test_a_row_of_nothing_known_is_refused():
    with pytest.raises(SheetError, match="rows: got str, wanted rows"):
        Sheet({"capacitance": 1})
    with pytest.raises(SheetError, match="got 'weather'"):
        Sheet([Row("weather", "K", 1.0)])
