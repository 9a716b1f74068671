"""Analog cells do not land on their codes: how far off, for how long, and what does not change it."""

import math

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, Imperfections, Sheet
from bss2_emulator.facts.sheet import SHEET
from bss2_emulator.silicon.cells import CELLS, TICK

WITHOUT = {"cell_write": False, "cell_crosstalk": False, "cell_drift": False}


def only(**switches):
    return Imperfections(**{**WITHOUT, **switches})


def off(chip, config, name="v_reset"):
    return getattr(chip.landed(config), name) - getattr(config, name)


def run(chip, config, runtime=1000, **more):
    return chip.run_spiking(config, runtime, cadc_neurons=range(32), **more).cadc[0].values


def within(value, expected, count):
    """A standard deviation of ``count`` normals, 99.9 %."""
    assert abs(value / expected - 1) < 3.29 / math.sqrt(2 * count)


def test_a_chip_has_24_cells_for_each_neuron():
    assert len(CELLS) == 24


def test_writes_miss_by_what_the_sheet_says():
    chips = [Chip(f"cells-{i}", imperfections=only(cell_write=True)) for i in range(20)]
    config = ChipConfig().replace(i_synin_exc_gm=500)
    volts = np.array([off(chip, config) for chip in chips])
    within(volts.std(), SHEET.rows["cell_write_voltage"].spread, volts.size)
    amperes = np.array([off(chip, config, "i_synin_exc_gm") for chip in chips])
    wanted = math.hypot(500 * SHEET.rows["cell_write_current"].spread, SHEET.rows["cell_write_floor"].spread)
    within(amperes.std(), wanted, amperes.size)
    assert (off(chips[0], config, "i_adapt_a") == 0).all(), "a cell at 0 is off"


def test_a_cell_stays_where_it_landed_until_its_code_changes():
    chip = Chip("cells", imperfections=only(cell_write=True))
    config = ChipConfig()
    first = off(chip, config)
    run(chip, config)
    run(chip, config.replace(v_leak=500))
    assert np.array_equal(off(chip, config), first)
    codes = np.array(config.v_reset)
    codes[7] += 1
    run(chip, config.replace(v_reset=codes))
    moved = off(chip, config.replace(v_reset=codes)) != first
    assert moved.nonzero()[0].tolist() == [7]
    run(chip, config)
    assert off(chip, config)[7] not in (first[7], off(chip, config.replace(v_reset=codes))[7])


def test_same_seed_same_cells():
    config, switches = ChipConfig(), only(cell_write=True)
    one, again, other, seed = (
        off(Chip(serial, seed=number, imperfections=switches), config)
        for serial, number in (("a", 0), ("a", 0), ("b", 0), ("a", 1))
    )
    assert np.array_equal(one, again)
    assert abs(np.corrcoef([one, other, seed])[np.triu_indices(3, 1)]).max() < 3.29 / math.sqrt(512)


def test_weights_move_no_cell():
    chip = Chip("cells")
    config = ChipConfig()
    run(chip, config)
    one, two = chip.landed(config), chip.landed(config.replace(weight=3))
    assert all(getattr(one, name) is getattr(two, name) for name in CELLS)


def test_a_part_of_a_batch_finds_the_cells_of_the_whole():
    config = ChipConfig().replace(enable_threshold=False)
    writes = [(2000, config.replace(v_leak=700))]
    offsets = {"event_times": [], "event_labels": []}
    whole, parts = Chip("cells"), Chip("cells")
    for chip in (whole, parts):
        run(chip, config)
    both = run(whole, config, 4000, batch_offsets=np.zeros(5, int), writes=writes, **offsets)
    halves = []
    for first in (0, 2):
        parts.run_counter = 1
        batch = {"batch_offsets": np.zeros(3, int), "first_entry": first}
        halves.append(run(parts, config, 4000, writes=writes, **batch, **offsets))
    assert np.array_equal(both, np.concatenate(halves))
    assert parts.emulated_time == pytest.approx(whole.emulated_time, rel=1e-12)
    assert np.array_equal(run(whole, config), run(parts, config))


def test_all_runs_can_be_made_again():
    chip, other = Chip("cells"), ChipConfig().replace(v_leak=500, i_leak=200)
    sequence = [ChipConfig(), other, ChipConfig(), other]
    once = [run(chip, config) for config in sequence]
    chip.run_counter = 0
    assert all(np.array_equal(run(chip, config), first) for config, first in zip(sequence, once, strict=True))


def test_a_calibration_is_another_session():
    chip, config = Chip("cells"), ChipConfig()
    run(chip, config)
    before, time = chip.landed(config), chip.emulated_time
    chip.run_counter = 1 << 31
    there = chip.landed(config)
    assert abs(np.corrcoef(there.v_leak, before.v_leak)[0, 1]) < 3.29 / math.sqrt(512)
    for v_leak in (400, 629, 800):
        run(chip, config.replace(v_leak=v_leak))
    chip.run_counter = 1
    assert chip.emulated_time == time
    assert all(np.array_equal(getattr(chip.landed(config), name), getattr(before, name)) for name in CELLS)


def test_neighbours_pull_at_a_cell_in_their_block():
    chip, config = Chip("cells", imperfections=only(cell_crosstalk=True)), ChipConfig()
    assert all((off(chip, config, name) == 0).all() for name in CELLS), "codes of a reset are where the sheet holds"
    codes = np.array(config.v_reset)
    codes[100] += 40
    moved, pull = config.replace(v_reset=codes), SHEET.mean("cell_crosstalk") * 40
    assert off(chip, moved)[[99, 100, 101]] == pytest.approx([pull / 4, -pull, pull / 4])
    assert off(chip, moved, "v_leak")[100] == off(chip, moved, "v_threshold")[100] == pytest.approx(pull / 4)
    assert off(chip, moved)[[98, 102, 356]].tolist() == [0, 0, 0]
    codes[127] += 40
    assert off(chip, config.replace(v_reset=codes))[128] == 0, "another quadrant"


def test_cells_drift_in_emulated_time():
    chips = [Chip(f"cells-{i}", imperfections=only(cell_drift=True)) for i in range(20)]
    config = ChipConfig().replace(enable_threshold=False)
    at_first = np.array([off(chip, config) for chip in chips])
    within(at_first.std(), SHEET.rows["cell_drift_voltage"].spread, 3 * at_first.size / 4)  # three waves: fewer tails
    quick = Chip("cells-0", imperfections=only(cell_drift=True))
    quick.run_spiking(config, round(0.5 * TICK / 8e-9))
    assert np.array_equal(off(quick, config), at_first[0])
    slow = Sheet([SHEET.rows["drift_time"]._replace(mean=0.1)])
    chip = Chip("cells-0", imperfections=only(cell_drift=True), sheet=slow)
    chip.run_spiking(config, round(TICK / 8e-9) + 1)
    later = off(chip, config)
    assert abs(np.corrcoef(later, at_first[0])[0, 1]) < 3.29 / math.sqrt(512)


@pytest.mark.parametrize(("fidelity", "switches"), [("ideal", None), ("full", Imperfections(**WITHOUT))])
def test_without_imperfections_codes_are_what_stands(fidelity, switches):
    chip = Chip("cells", fidelity, imperfections=switches)
    config = ChipConfig()
    assert chip.landed(config) is config


def test_calibrated_chips_have_the_writes_of_their_calibration_behind_them():
    write = SHEET.rows["cell_write_voltage"].spread
    volts = np.array(
        [off(Chip(f"cells-{i}", "calibrated", imperfections=only(cell_write=True)), ChipConfig()) for i in range(20)]
    )
    within(volts.std(), write * math.sqrt(1 + 1 / SHEET.mean("calibration_writes")), volts.size)
