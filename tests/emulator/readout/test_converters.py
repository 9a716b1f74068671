"""Converters: what columns share, what is left of the last sample, and the levels of six bits."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig, Imperfections
from bss2_emulator.facts import constants
from bss2_emulator.facts.sheet import SHEET, Sheet
from bss2_emulator.readout.madc import convert
from bss2_emulator.reference.synram.dac import level
from bss2_emulator.silicon.serial import Silicon

QUIET = dict.fromkeys(("membrane_noise", "run_offset", "cadc_noise", "cadc_jitter", "cell_drift"), False)
WIDE = Sheet([SHEET.rows["cadc_common"]._replace(mean=4.0)])  # LSB: beyond the steps of the ADC


def samples(**options):
    run = Chip("converters", imperfections=Imperfections(**QUIET), sheet=WIDE).run_spiking(
        ChipConfig(), 12_500, batch_offsets=np.zeros(11, int), **options
    )
    return [part.values.astype(float) for part in run.cadc]


def test_columns_of_a_read_share_some_noise():
    top, bottom = (values - values.mean(axis=0) for values in samples(cadc_neurons=range(512)))
    assert top.mean(axis=1).std() == pytest.approx(4, rel=0.15)
    assert top.std(axis=1).mean() < 0.5  # steps of the ADC
    assert abs(np.corrcoef(top.mean(axis=1), bottom.mean(axis=1))[0, 1]) < 0.2


def test_shared_noise_does_not_depend_on_what_is_recorded():
    columns = list(range(0, 256, 3))
    few, many = samples(cadc_neurons=columns)[0], samples(cadc_neurons=range(128))[0]
    assert np.array_equal(few[:, : len(columns[:43])], many[:, columns[:43]])


def test_the_membrane_adc_keeps_a_share_of_the_last_sample():
    volts = constants.MADC_ZERO + constants.MADC_LSB * np.array([[100.0, 100, 600, 600, 100]])
    assert convert(volts, np.zeros_like(volts), 0.0).tolist() == [[100, 100, 600, 600, 100]]
    assert convert(volts, np.zeros_like(volts), 0.02).tolist() == [[100, 100, 590, 600, 110]]


def test_levels_of_weights_are_sums_of_their_bits():
    silicon = Silicon("levels")
    for quadrant in range(4):
        assert silicon.dac[quadrant].tolist() == [level(silicon, quadrant, weight) for weight in range(64)]
    assert (Silicon("levels", "ideal").dac == np.arange(64)).all()
    off = np.array([Silicon(f"levels-{i}").dac - np.arange(64) for i in range(60)])
    assert (off[..., [0, 63]] == 0).all()
    assert off[..., 32].std() == pytest.approx(0.04 * np.sqrt(32 * 31 / 63), rel=0.15)  # of 31 against 32 units
    assert abs(off).max() < 0.8


def test_products_see_the_levels_of_their_quadrant(hagen):
    only = Imperfections(**dict.fromkeys(set(Imperfections.names()) - {"synapse_dac"}, False))
    chip = Chip("levels", imperfections=only, sheet=Sheet([SHEET.rows["dac_bit"]._replace(spread=0.5)]))
    weights = np.tile(np.arange(1, 64, 2), 8)[np.newaxis]
    got = chip.run_matrix(hagen, weights, [[20]], num_sends=40).values[0]
    want = np.array([chip.silicon.dac[column % 256 // 128, w] for column, w in enumerate(weights[0])])
    gain = got.sum() / want.sum()
    assert abs(got - gain * want).max() < 1.5
