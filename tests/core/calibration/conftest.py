"""True values of emulated silicon, for tests only: calibration itself never sees them."""

from types import SimpleNamespace

import numpy as np
import pytest

from bss2_emulator.config import ChipConfig
from bss2_emulator.neurons.physics import neuron_physics
from hxtorch.core.seam.configuration import ChipConfiguration


@pytest.fixture(scope="session")
def truth():
    """Return a function from a session and registers to what they really are, in units of targets (spiking CADC)."""

    def look(session, registers, volts_per_lsb=4.5e-3, volts_at_zero=0.06):
        chip = session.connection._link.chip
        silicon = chip.silicon
        configuration = ChipConfiguration().replace(**{**registers, "enable_leak": True, "enable_threshold": True})
        physics = neuron_physics(chip.landed(ChipConfig(**configuration.registers())), silicon)

        def lsb(volts):
            return (volts + silicon.readout_offset - volts_at_zero) / volts_per_lsb

        pull = physics.reset + physics.leak
        held = (
            physics.reset * physics.reset_potential + physics.leak * physics.leak_potential + physics.current
        ) / pull
        return SimpleNamespace(
            leak=lsb(physics.leak_potential + physics.current / physics.leak),
            reset=lsb(held),
            threshold=lsb(physics.threshold),
            tau_mem=physics.capacitance / physics.leak,
            tau_syn=physics.tau_syn,
            current=physics.event_current / physics.capacitance,
            refractory=physics.refractory_cycles * 8e-9,
            dac=silicon.dac,  # levels of weights in each quadrant, (4, 64)
            driver=silicon.driver_offset + 0.4 * (configuration.hagen_dac_offset.astype(float) - 32),
        )

    return look


@pytest.fixture(scope="session")
def trimmed():
    """Return the standard deviation without the 5 % of values that are farthest out."""

    def deviation(values):
        values = np.sort(np.ravel(values))
        cut = round(0.025 * values.size)
        return values[cut : values.size - cut].std()

    return deviation
