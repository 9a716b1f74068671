"""How a run starts: neurons are reset before it, and leaky ones have settled since."""

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig
from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.neurons.physics import neuron_physics


def first_reads(chip, config, trials=50):
    run = chip.run_spiking(config, 200, batch_offsets=np.zeros(trials + 1, int), cadc_neurons=range(512))
    return np.concatenate([s.values[s.offsets[:-1]].astype(float) for s in run.cadc], axis=1)


@pytest.mark.parametrize("registers", [{"enable_leak": False}, {"i_leak": 0}])
def test_without_leak_a_run_starts_at_the_reset_potential(registers):
    low, high = (
        first_reads(Chip("start"), ChipConfig(v_reset=code, **registers), 5).mean(axis=0) for code in (560, 690)
    )
    inside = (low > 30) & (high < 220)
    assert inside.mean() > 0.8
    assert np.median((high - low)[inside]) == pytest.approx(130 * 1.32 / 4.5, rel=0.1)


def test_integrators_without_leak_stay_off_the_rails():
    chip = Chip("start", "calibrated")
    config = ChipConfig(enable_leak=False, i_synin_exc_shift=304, i_synin_inh_shift=304)
    physics = neuron_physics(chip.landed(config), chip.silicon)
    reads = first_reads(chip, config)
    assert reads.shape[1] == NEURONS
    assert np.abs(reads.mean(axis=0) - 80).max() < 25
    drift = np.abs(physics.current / physics.capacitance)  # V/s
    assert np.median(drift) * 1.6e-6 < 0.01


def test_with_leak_a_run_starts_stationary():
    chip = Chip("start", "calibrated")
    run = chip.run_spiking(
        ChipConfig(v_reset=400), 2400, batch_offsets=np.zeros(201, int), cadc_neurons=range(0, 256, 2)
    )
    (samples,) = run.cadc
    first, last = (samples.values[i].astype(float) for i in (samples.offsets[:-1], samples.offsets[1:] - 1))
    assert first.mean() == pytest.approx(last.mean(), abs=0.1)
    assert first.std(axis=0).mean() == pytest.approx(last.std(axis=0).mean(), rel=0.05)
