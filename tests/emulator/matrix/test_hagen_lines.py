"""Products that are read from synaptic lines instead of membranes (facts 7.1)."""

import numpy as np
import pytest

from bss2_emulator import Chip
from bss2_emulator.facts import constants
from bss2_emulator.matrix.columns import column_constants, kept
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.reference.matrix.tile import left_at_the_read, run_tile, share
from bss2_emulator.silicon.noise import RunNoise

TAU = 20e-6  # s
SYNIN = {
    "i_synapse_dac_bias": 800, "i_synin_exc_tau": 202, "i_synin_inh_tau": 202, "high_resistance_exc": True,
    "high_resistance_inh": True, "small_capacitance_exc": False, "small_capacitance_inh": False,
    "cadc_ramp_slope": 146, "cadc_ramp_offset": 201,
}  # fmt: skip
DROP = constants.LINE_DROP * 800 / constants.DAC_REFERENCE / constants.MAX_ACTIVATION  # V per weight and activation
LSB = constants.CADC_LSB * 146 / constants.CADC_NOMINAL_SLOPE  # V


@pytest.fixture(scope="module")
def lines(hagen):
    """Registers under which even columns show their excitatory line, odd ones their inhibitory line."""
    return hagen.replace(**SYNIN, readout_source=1 + np.arange(512) % 2)


def gain(events, sends=1):
    return DROP / LSB * share(events, sends, constants.HAGEN_WAIT, 1 / TAU)


@pytest.mark.parametrize("fidelity", ["full", "calibrated", "ideal"])
@pytest.mark.parametrize(("rows", "columns"), [(5, 3), (100, 37)])
def test_a_tile_of_mixed_sources_equals_its_twin(lines, fidelity, rows, columns):
    rng = np.random.default_rng(rows)
    config = lines.replace(readout_source=np.arange(512) % 4)
    weights, activations = rng.integers(-63, 64, (rows, columns)), rng.integers(0, 20, (3, rows))
    chip = Chip("twin", fidelity, seed=4)
    got = chip.run_matrix(config, weights, activations, num_sends=2).values
    constants_of = column_constants(
        chip.landed(config), chip.silicon, neuron_physics(chip.landed(config), chip.silicon)
    )
    want = run_tile(
        weights, activations, chip.silicon.drivers[:, 0], chip.silicon, constants_of, constants_of.gain[0],
        RunNoise.of("twin", 4, 0).key, 0, 0, 2,
    )  # fmt: skip
    assert abs(got - want).max() <= 1
    assert (got != want).mean() < 0.01  # rounding in single precision


def test_a_line_drops_with_the_weights_of_its_sign_only(lines):
    rng = np.random.default_rng(0)
    weights, activations = rng.integers(-20, 21, (40, 256)), rng.integers(1, 32, (6, 40))
    got = Chip("lines", "ideal").run_matrix(lines, weights, activations).values
    excitatory, inhibitory = (activations @ np.maximum(sign * weights, 0) for sign in (1, -1))
    want = -gain(40) * np.where(np.arange(256) % 2, inhibitory, excitatory)
    assert -120 < want.min() < -50
    assert abs(got - want).max() <= 0.51


@pytest.mark.parametrize("fidelity", ["ideal", "full"])
def test_membranes_do_not_know_what_their_neighbours_show(hagen, fidelity):
    rng = np.random.default_rng(1)
    weights, activations = rng.integers(-63, 64, (200, 256)), rng.integers(0, 32, (9, 200))
    some = hagen.replace(readout_source=np.arange(512) % 4)
    usual, mixed = (Chip("lines", fidelity).run_matrix(config, weights, activations).values for config in (hagen, some))
    np.testing.assert_array_equal(usual[:, ::4], mixed[:, ::4])
    assert not np.array_equal(usual, mixed)


@pytest.mark.parametrize("tau_code", [101, 202, 808])
def test_what_is_left_is_that_of_single_events(lines, tau_code):
    """Equal events exactly; others nearly, as a mean stands for each event's own time."""
    config = lines.replace(i_synin_exc_tau=tau_code, readout_source=1)
    rate = tau_code / constants.TAU_SYN / constants.HIGH_RESISTANCE
    rng = np.random.default_rng(2)
    for activations, tolerance in ((np.full(128, 3), 1e-3), (rng.integers(1, 6, 128), 0.03)):
        charges = (5 * activations * DROP / LSB).tolist()
        want = -left_at_the_read(charges, constants.HAGEN_WAIT, rate)
        mean = -sum(charges) * share(128, 1, constants.HAGEN_WAIT, rate)
        assert mean == pytest.approx(want, rel=tolerance)
        got = Chip(fidelity="ideal").run_matrix(config, np.full((128, 4), 5), activations[None]).values
        assert got == pytest.approx(np.full((1, 4), mean), abs=0.51)


def test_shares_are_those_of_single_events():
    rates = np.geomspace(1e2, 1e6, 512).reshape(2, 256)
    for sends in (1, 3):
        table = kept(rates, sends * constants.HAGEN_WAIT)
        for n in (1, 2, 17, 128):
            for column in (0, 100, 255):
                want = share(n, sends, constants.HAGEN_WAIT, rates[1, column])
                assert table[1, n, column] == pytest.approx(want, rel=2e-4)
    assert (kept(np.zeros((2, 256)), 5) == 1).all()


def test_few_events_are_read_soon(lines):
    """A vector that is mostly zero sends few events, which take little time, wherever in it they are."""
    config = lines.replace(readout_source=1)
    activations = np.zeros((3, 128), int)
    activations[0, 3] = activations[1, 120] = activations[2, 60] = 20
    got = Chip(fidelity="ideal").run_matrix(config, np.full((128, 4), 40), activations, num_sends=8).values
    assert got == pytest.approx(np.full((3, 4), -8 * 40 * 20 * gain(1, 8)), abs=0.51)


def test_a_line_is_the_same_in_both_modes(lines, network, events, label):
    """The largest activation is the pulse of a spike."""
    chip = Chip("lines", "ideal")
    config = network([[63]], [4]).replace(**SYNIN, readout_source=1)
    spike = chip.run_spiking(config, 2000, *events([[(1000, label(0))]]), madc_neuron=4).madc.values.astype(float)
    product = chip.run_matrix(lines, np.full((1, 8), 63), [[31]], madc_column=4).madc.values.astype(float)
    assert spike[:100].mean() == pytest.approx(product[0], abs=1)
    drop = spike[0] - spike.min()
    assert drop == pytest.approx(63 * 31 * DROP / constants.MADC_LSB, rel=0.05)
    assert product[0] - product.min() == pytest.approx(drop, abs=2)


def test_the_madc_sees_a_line_drop_and_recover(lines):
    madc = Chip("lines", "calibrated").run_matrix(lines, np.full((20, 8), 30), np.full((30, 20), 20), 30, madc_column=2)
    codes = madc.madc.values.reshape(30, -1).astype(float).mean(axis=0)
    cycles = madc.madc.times[: len(codes)] * constants.CYCLE
    volts = (codes - codes[0]) * constants.MADC_LSB
    per_event, rate = 30 * 20 * DROP, 1 / TAU
    course = per_event * rate**-1 / (constants.HAGEN_WAIT * constants.CYCLE) * -np.expm1(-rate * cycles)
    # ends at the lower rail, which it would pass
    want = -np.minimum(course, constants.LINE_REST - constants.RAILS[0])
    assert np.abs(volts - want)[5:-30].max() < 0.12 * -want.min()
    assert volts.min() < -0.3


def test_lines_of_a_quadrant_are_as_strong_as_its_synapses_whatever_the_input(lines, hagen):
    chip = Chip("lines", "full")
    config = lines.replace(readout_source=1)
    activations = np.zeros((2, 256), int)
    activations[0, :128] = activations[1, 128:] = 10

    def response(config):
        values = np.mean(
            [chip.run_matrix(config, np.full((256, 256), 3), activations).values.astype(float) for _ in range(40)],
            axis=0,
        )
        return values.reshape(4, 128).mean(axis=1) / -(128 * 3 * 10)

    strong = chip.silicon.quadrant_strength[::128]
    slope = chip.silicon.cadc_gain[:, 0].reshape(4, 128).mean(axis=1)
    np.testing.assert_allclose(response(config) / gain(128), strong * slope, rtol=0.05)
    weak = response(config.replace(i_synin_exc_gm=60, enable_synin_exc=False))
    np.testing.assert_allclose(weak, response(config), rtol=0.02)


def test_the_adaptation_shows_no_charge(hagen):
    config = hagen.replace(readout_source=3)
    values = Chip("lines", "full").run_matrix(config, np.full((128, 256), 63), np.full((20, 128), 31)).values
    assert abs(values.mean()) < 0.5
    assert values.std() < 4


def test_lines_end_where_int8_does(lines):
    config = lines.replace(readout_source=1)
    for fidelity in ("ideal", "calibrated"):
        values = Chip("lines", fidelity).run_matrix(config, np.full((128, 256), 40), np.full((4, 128), 31)).values
        assert np.median(values) == -128
        assert values.max() < -100
