"""Membranes of calibrated chips do what measured ones do: volleys, noise, reset; chip facts 2.6, 3.3, 6.3."""

import numpy as np
import pytest
from surveys import SERIALS, calibrated_chip

from bss2_emulator import ChipConfig
from bss2_emulator.neurons.physics import neuron_physics
from hxtorch.core.calibration.bench.stimuli import EXCITATORY, INHIBITORY, pulses, stimulus_registers
from hxtorch.core.calibration.bench.trains import Train
from hxtorch.core.seam.programs import CYCLE

pytestmark = [pytest.mark.slow, pytest.mark.statistical]
PERIOD, MADC = 80e-6, 3.0  # s between volleys; LSB of the membrane ADC in one of the column ADC


def heights(bench, rows, sign):
    """Largest mean distance from rest after volleys of weight 32 a row, LSB of the membrane ADC, (512,)."""
    train = Train.of(PERIOD, 40)
    registers = bench.configuration.replace(**stimulus_registers((32, 32)), enable_threshold=False)
    result = bench.run(registers, train.runtime, pulses(train.times, np.full(train.entries, sign), rows))
    found = np.empty(512)
    for samples in result.cadc:
        phase, values = train.phase(samples.times * CYCLE), samples.values.astype(float)
        rest = values[phase > PERIOD - 10e-6].mean(axis=0)
        bins = [values[(phase >= t) & (phase < t + 1.5e-6)].mean(axis=0) - rest for t in np.arange(3e-6, 16e-6, 1.5e-6)]
        found[samples.neurons] = np.abs(bins).max(axis=0)
    return found * MADC


@pytest.fixture(scope="module", params=SERIALS[:2])
def chip(request):
    with calibrated_chip(request.param) as (bench, _):
        yield bench


def test_excitation_has_no_visible_limit_and_inhibition_ends_behind_it(chip):
    excited = [0.0, *(heights(chip, n, EXCITATORY).mean() for n in (3, 6, 9))]
    inhibited = heights(chip, 9, INHIBITORY).mean()
    assert excited[-1] == pytest.approx(227, rel=0.1)
    assert 0.95 < (excited[3] - excited[2]) / (excited[1] - excited[0]) < 1.10
    assert 0.40 < 1 - inhibited / excited[-1] < 0.46


def test_resets_are_over_within_a_refractory_time(chip):
    silicon = chip.connection._link.chip.silicon
    physics = neuron_physics(ChipConfig(**chip.configuration.registers()), silicon)
    tau = physics.capacitance / (physics.reset + physics.leak)
    assert 0.15e-6 < tau.mean() < 0.20e-6
