"""What is read out of a neuron, and inputs that bypass its membrane."""

import numpy as np
import pytest

from bss2_emulator import Chip
from bss2_emulator.facts import constants


def madc(chip, config, n, flat, runtime=4000):
    run = chip.run_spiking(config, runtime, *flat, madc_neuron=n, cadc_neurons=[n])
    return run, run.madc.values * constants.MADC_LSB + constants.MADC_ZERO


def test_a_synaptic_line_drops_with_its_events(network, events, label, slow):
    flat = events([[(1000, label(0)), (1500, label(1))]])
    config = network([[60], [-40]], [9], **slow)
    chip = Chip("source", "ideal")
    volts = {source: madc(chip, config.replace(readout_source=source), 9, flat)[1] for source in (1, 2)}
    for source, weight in ((1, 60), (2, 40)):
        assert volts[source][0] == pytest.approx(constants.LINE_REST, abs=1e-3)
        drop = constants.LINE_REST - volts[source].min()
        assert drop == pytest.approx(weight * constants.LINE_DROP, rel=0.05)
    onset = np.argmax(volts[1] < constants.LINE_REST - 0.01) * 4.25
    assert 990 < onset < 1016
    tail = constants.LINE_REST - volts[1][[300, 300 + 294]]  # 10 us apart
    assert tail[1] / tail[0] == pytest.approx(np.exp(-1), abs=0.05)


def test_the_line_does_not_know_the_strength_of_the_input(network, events, label, slow):
    flat = events([[(1000, label(0))]])
    config = network([[60]], [9], **slow).replace(readout_source=1)
    chip = Chip("source", "ideal")
    weak, strong = (madc(chip, config.replace(i_synin_exc_gm=gm), 9, flat)[1].min() for gm in (100, 900))
    assert weak == pytest.approx(strong, abs=3e-3)
    dim = madc(chip, config.replace(i_synapse_dac_bias=300), 9, flat)[1].min()
    assert constants.LINE_REST - dim == pytest.approx((constants.LINE_REST - weak) / 2, abs=3e-3)


def test_the_line_knows_the_strength_of_the_synapses_of_its_quadrant(network, events, label, slow):
    columns = np.arange(0, 512, 8)
    flat = events([[(1000, label(s)) for s in range(8)]])
    config = network(np.full((8, len(columns)), 40), columns, **slow).replace(readout_source=1, v_leak=500)
    chip = Chip("source", "full")
    drops = []
    for n in columns[::4]:
        volts = madc(chip, config, n, flat)[1]
        drops.append(volts[:100].mean() - volts[245:260].mean())
    strong = np.array(drops).reshape(4, 4).mean(axis=1) / (8 * 40 * constants.LINE_DROP)
    np.testing.assert_allclose(strong, chip.silicon.quadrant_strength[::128], rtol=0.08)


def test_adaptation_is_seen(network, slow):
    config = network(np.zeros((0, 1)), [9], spiking=True, v_leak=950, **slow).replace(
        enable_adaptation=True, i_adapt_tau=50, i_adapt_b=100, v_adapt_leak=950, v_threshold=300, readout_source=3
    )
    run, volts = madc(Chip("source", "ideal"), config, 9, ((), (), (0, 0)), 8000)
    assert len(run.spike_times) > 3
    first = int(run.spike_times[0])
    at = np.searchsorted(run.madc.times, [first - 8, first + 40])
    jump = 100 * constants.ADAPT_PULSE * 0.256e-6 / constants.ADAPT_CAPACITANCE
    assert volts[at[1]] - volts[at[0]] == pytest.approx(jump, rel=0.1)
    assert run.cadc[0].values.max() > run.cadc[0].values[0, 0] + 5


def test_what_is_read_out_changes_no_spike(network, events, label, slow):
    rng = np.random.default_rng(0)
    flat = events([[(int(t), label(int(s))) for t, s in rng.integers(0, (4000, 4), (80, 2))]])
    config = network(rng.integers(0, 60, (4, 6)), range(20, 26), spiking=True, v_threshold=260, **slow)
    spikes = [
        Chip("source").run_spiking(config.replace(readout_source=source), 4000, *flat, cadc_neurons=range(20, 26))
        for source in (0, 1, 2)
    ]
    assert len(spikes[0].spike_times) > 20
    for run in spikes[1:]:
        assert np.array_equal(run.spike_times, spikes[0].spike_times)
    assert not np.array_equal(spikes[0].cadc[0].values, spikes[1].cadc[0].values)


@pytest.mark.parametrize("sign", [1, -1])
def test_bypassed_inputs_fire_at_once(network, events, label, sign):
    name = "exc" if sign > 0 else "inh"
    times = [803, 1200, 1201, 2000, 3007]
    flat = events([[(t, label(0)) for t in times]])
    config = network([[sign]], [9]).replace(
        **{f"enable_bypass_{name}": np.arange(512) == 9}, enable_spike_output=np.arange(512) == 9,
        refractory_time=20, refractory_clock_fast=2,
    )  # fmt: skip
    run = Chip("bypass").run_spiking(config, 4000, *flat, cadc_neurons=[9])
    assert run.spike_times.tolist() == [803, 1200, 2000, 3007]  # one came within the refractory period
    quiet = Chip("bypass").run_spiking(config.replace(weight=0), 4000, *flat)
    assert len(quiet.spike_times) == 0


def test_the_first_event_of_a_step_counts(network, events, label):
    flat = events([[(802, label(0)), (805, label(1)), (806, label(1))]])
    config = network([[1], [63]], [9]).replace(
        enable_bypass_exc=np.arange(512) == 9, enable_spike_output=np.arange(512) == 9
    )
    for precision in ("single", "double"):
        run = Chip("bypass", precision=precision).run_spiking(config, 4000, *flat)
        assert run.spike_times.tolist() == [802]
