"""Refractory counters and clocks as the chip counts them (chip facts 3.5)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator.facts.coordinates import BACKEND
from hxtorch.core.calibration.nominal.refractory import clock, refractory_registers


def real_times(registers):
    """Return refractory time and free part of it per neuron, in seconds."""
    fast = registers["refractory_use_fast_clock"]
    scales = np.where(fast, registers["refractory_clock_fast"][BACKEND], registers["refractory_clock_slow"][BACKEND])
    period = 1 / np.array([clock(scale) for scale in scales])
    return registers["refractory_time"] * period, (31 - 2 * registers["holdoff"]) * period


@pytest.mark.parametrize(("wanted", "real"), [(2e-6, 2.048e-6), (1e-6, 1.024e-6)])
def test_times_that_the_real_chip_reaches(wanted, real):
    registers = refractory_registers(np.full(512, wanted), np.zeros(512))
    total, free = real_times(registers)
    np.testing.assert_allclose(total, real, rtol=1e-12)
    assert (registers["holdoff"] == 15).all()
    assert (free < 0.1e-6).all()


@settings(max_examples=50)
@given(st.floats(0.25e-6, 1e-3))
def test_one_time_is_met_within_one_cycle_of_four_percent(wanted):
    total, _ = real_times(refractory_registers(np.full(512, wanted), np.zeros(512)))
    assert (np.abs(total / wanted - 1) <= 0.04).all()


def test_two_times_on_a_backend_get_a_clock_each():
    wanted = np.where(np.arange(512) % 2, 1e-6, 100e-6)
    registers = refractory_registers(wanted, np.zeros(512))
    total, _ = real_times(registers)
    np.testing.assert_allclose(total, wanted, rtol=0.04)
    assert set(registers["refractory_use_fast_clock"]) == {False, True}


@settings(max_examples=50)
@given(st.floats(0.5e-6, 4e-6))
def test_holdoff_is_met_within_a_clock_cycle(holdoff):
    registers = refractory_registers(np.full(512, 10e-6), np.full(512, holdoff))
    total, free = real_times(registers)
    cycle = total[0] / registers["refractory_time"][0]
    assert np.abs(free - holdoff).max() <= 1.01 * cycle
