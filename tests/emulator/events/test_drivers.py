"""Reference: what drivers make of events: receivers, compare masks, row modes, addresses, pulses (facts 1.1, 2.1)."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, Imperfections
from bss2_emulator.events.path import bus_cycles, pulses, route
from bss2_emulator.reference.events.path import synapses
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.synram.weights import compile_synapses

NOMINAL = Silicon("nominal", "ideal")


def open_link(**registers):
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for bus in range(4):
        mask[8 + bus, [bus, 4 + bus]] = target[8 + bus, [bus, 4 + bus]] = 0
    return config.replace(crossbar_mask=mask, crossbar_target=target, **registers)


def total(config, label, silicon=NOMINAL):
    """What an event of a 16-bit label adds to the lines of all neurons, weight LSB: (2, 512)."""
    routes = route(config, np.array([8 + (label >> 14)]), np.array([label & 0x3FFF]), silicon)
    ones = np.ones((2, 512))
    made = compile_synapses(config, NOMINAL, routes, np.arange(512), ones, 1)
    return np.array([made.exc.sum(axis=0), made.inh.sum(axis=0)])


def law(config, label, silicon=NOMINAL):
    want = np.zeros((2, 512))
    for hit in synapses(config, 8 + (label >> 14), label & 0x3FFF, silicon):
        weight = int(config.weight[hit.neuron // 256, hit.row, hit.column])
        want[int(hit.inhibitory), hit.neuron] += weight * hit.pulse
    return want


@pytest.mark.parametrize("seed", range(4))
def test_compiled_rows_equal_the_law(seed):
    rng = np.random.default_rng(seed)
    config = open_link(
        weight=rng.integers(0, 64, (2, 256, 256)), label=rng.choice([0, 5, 32, 37], (2, 256, 256)),
        row_mode=rng.integers(0, 4, (2, 256)), row_select_mask=rng.choice([0, 1, 3, 31], (2, 128)),
        enable_receiver=rng.random((2, 128)) < 0.7, enable_address_out=rng.random((2, 128)) < 0.5,
        dacen_pulse_extension=rng.integers(0, 16, (2, 4)), enable_hagen_modulation=rng.random((2, 128)) < 0.5,
        hagen_dac_offset=rng.integers(0, 64, (2, 128)), enable_stp=rng.random((2, 128)) < 0.5,
    )  # fmt: skip
    silicon = Silicon(f"drivers {seed}")
    for label in rng.integers(0, 4, 6) << 14 | rng.integers(0, 32, 6) << 6 | rng.choice([0, 5, 37], 6):
        want = law(config, int(label), silicon)
        assert want.any()
        np.testing.assert_allclose(total(config, int(label), silicon), want, rtol=1e-5)


def test_a_driver_that_does_not_receive_is_silent():
    config = open_link(weight=7, row_mode=1)
    assert total(config, 5 << 6).sum() == 2 * 2 * 256 * 7  # both hemispheres, both rows of driver 20
    off = np.ones((2, 128), bool)
    off[1, 20] = False
    quiet = total(config.replace(enable_receiver=off), 5 << 6)
    assert quiet[0, :256].sum() == 2 * 256 * 7
    assert not quiet[:, 256:].any()


def test_the_compare_mask_selects_groups_of_drivers():
    weight = np.zeros((2, 256, 256), np.uint8)
    weight[0, 1::2] = 1
    config = open_link(weight=weight, row_mode=1)
    for mask, count in ((31, 1), (0b11110, 2), (0b00011, 8), (0, 32)):
        assert total(config.replace(row_select_mask=mask), 9 << 6)[0, 0] == count


def test_row_modes_choose_the_line():
    for mode, lines in ((0, (0, 0)), (1, (6, 0)), (2, (0, 6)), (3, (6, 6))):
        got = total(open_link(weight=3, row_mode=mode), 0)
        assert (got[0, 0], got[1, 0]) == lines


def test_without_address_only_the_highest_label_bit_reaches_synapses():
    label = np.zeros((2, 256, 256), np.uint8)
    label[:, :, 1], label[:, :, 2], label[:, :, 3] = 32, 5, 37
    config = open_link(weight=1, row_mode=1, label=label, enable_address_out=False)
    assert total(config, 5)[0, :4].tolist() == [2, 0, 0, 0]
    assert total(config, 37)[0, :4].tolist() == [0, 2, 0, 0]
    with_address = config.replace(enable_address_out=True)
    assert total(with_address, 37)[0, :4].tolist() == [0, 0, 0, 2]


def test_longer_pulses_weigh_more(network, slow):
    """Each code of the extension adds a nominal pulse; the bus is busy until the pulse ends."""
    assert [total(open_link(weight=1, row_mode=1, dacen_pulse_extension=e), 0)[0, 0] for e in (0, 1, 15)] == [2, 4, 32]
    assert [bus_cycles(ChipConfig(dacen_pulse_extension=e))[0] for e in (0, 1, 2, 3, 15)] == [1, 1, 2, 2, 8]
    peaks = []
    for extension in (0, 1, 3):
        config = network([[6]], [2], dacen_pulse_extension=extension, **slow)
        run = Chip(fidelity="ideal").run_spiking(config, 4000, [10], [0], [0, 1], madc_neuron=2)
        peaks.append(int(run.madc.values.max()) - int(run.madc.values[0]))
    assert peaks[1] == pytest.approx(2 * peaks[0], abs=1)
    assert peaks[2] == pytest.approx(4 * peaks[0], abs=2)


def test_modulated_pulses_follow_the_activation():
    """Label 32 - a is activation a: pulse a / 31 (facts 2.4)."""
    config = ChipConfig(enable_hagen_modulation=True)
    activation = np.arange(1, 32)
    got = pulses(config, np.zeros(31, int), 32 - activation, NOMINAL)
    np.testing.assert_allclose(got, activation / 31)


def test_events_reach_both_hemispheres_only_where_the_crossbar_says(network, slow):
    config = network([[60, 60]], [4, 260], **slow)
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    mask[8, 4], target[8, 4] = 1 << 13, 1 << 13  # bit 13 is the hemisphere, by convention
    mask[8, 0], target[8, 0] = 1 << 13, 0
    config = config.replace(crossbar_mask=mask, crossbar_target=target)
    chip = Chip("sides", imperfections=Imperfections.none())
    for bit, reached in ((0, (True, False)), (1, (False, True))):
        run = chip.run_spiking(config, 3000, [100], [bit << 13], [0, 1], cadc_neurons=[4, 260])
        assert tuple(np.ptp(samples.values.astype(int)) > 5 for samples in run.cadc) == reached
