"""A small step of a target moves codes by the slope of each neuron, as well as measuring anew does."""

from dataclasses import replace

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import HagenCalibTarget, SpikingCalibTarget, calibrate, moved_to, nominal_calibration
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.local import REACH, REACH_LSB
from hxtorch.core.calibration.neurons.potentials import CLAMPED
from hxtorch.core.calibration.neurons.psps import measure_psps
from hxtorch.core.calibration.neurons.threshold import firing_potential
from hxtorch.core.calibration.neurons.time_constants import membrane_time_constants

STEP = {"tau_mem": 10.5e-6, "tau_syn": 9.5e-6, "leak": 84, "reset": 66, "threshold": 130}


@pytest.fixture(scope="module")
def chip():
    with open_session(serial="emulated-4", fidelity="full") as session:
        yield session.connection


@pytest.fixture(scope="module")
def measured(chip):
    return calibrate(chip, SpikingCalibTarget())


def reached(chip, calibration):
    """What a user sees, by field of the target."""
    bench = Bench(chip, calibration.target)
    bench.set(**calibration.registers)
    registers = bench.configuration
    clamped = registers.replace(v_threshold=0, enable_threshold=True, **CLAMPED)
    return {
        "leak": bench.mean(registers.replace(enable_threshold=False), entries=64),
        "reset": bench.mean(clamped, window=20e-6, entries=32),
        "threshold": firing_potential(bench, registers),
        "tau_mem": membrane_time_constants(bench, registers, np.asarray(bench.target.per_neuron("threshold"))),
        "tau_syn": measure_psps(bench, registers)[0],
    }


@pytest.mark.statistical
def test_moved_codes_reach_what_fresh_ones_reach(chip, measured):
    target = SpikingCalibTarget(**STEP)
    moved, fresh = (reached(chip, found) for found in (moved_to(measured, target), calibrate(chip, target)))
    for name, wanted in STEP.items():
        off, off_fresh = (np.nanmean(found[name]) - wanted for found in (moved, fresh))
        spread, spread_fresh = np.nanstd(moved[name]), np.nanstd(fresh[name])
        assert abs(off - off_fresh) < spread_fresh / 2, name
        assert spread < 1.25 * spread_fresh, name
        assert abs(off) < 0.3 * abs(wanted - float(measured.target.values()[name])), name


def test_what_is_not_moved_keeps_its_codes(measured):
    moved = moved_to(measured, SpikingCalibTarget(tau_mem=10.5e-6))
    assert [name for name, codes in moved.registers.items() if not np.array_equal(codes, measured.registers[name])] == [
        "i_leak"
    ]
    assert moved.target == SpikingCalibTarget(tau_mem=10.5e-6)
    assert moved.provenance["method"] == "moved"
    assert moved.success is measured.success


def test_single_neurons_move_alone(measured):
    leak = np.full(512, 80.0)
    leak[7] += 5
    moved = moved_to(measured, SpikingCalibTarget(leak=leak))
    change = moved.registers["v_leak"] - measured.registers["v_leak"]
    assert np.flatnonzero(change).tolist() == [7]
    assert change[7] == round(5 * 4.5e-3 / 1.185e-3)


def test_counters_are_digital_and_move_by_anything():
    with open_session(serial="emulated-4", fidelity="ideal") as session:
        before = nominal_calibration(session.connection, SpikingCalibTarget())
        wanted = nominal_calibration(session.connection, SpikingCalibTarget(refractory_time=20e-6, tau_icc=None))
    moved = moved_to(before, wanted.target)
    for name, codes in wanted.registers.items():
        np.testing.assert_array_equal(moved.registers[name], codes)


@pytest.mark.parametrize(
    "far",
    [
        {"tau_mem": 10e-6 * (1 + REACH) * 1.01},
        {"tau_syn": 10e-6 / (1 + REACH) / 1.01},
        {"leak": 80 + REACH_LSB + 0.1},
        {"threshold": np.where(np.arange(512) == 3, 100.0, 125.0)},
        {"i_synin_gm": 600},
        {"membrane_capacitance": 62},
        {"synapse_dac_bias": 610},
        {"e_coba_reversal": [160, 0]},
        {"tau_icc": 1e-6},
    ],
    ids=lambda far: next(iter(far)),
)
def test_farther_targets_are_measured(measured, far):
    assert moved_to(measured, SpikingCalibTarget(**far)) is None


def test_the_end_of_the_reach_is_inside(measured):
    assert moved_to(measured, SpikingCalibTarget(tau_mem=10e-6 * (1 + REACH), leak=80 - REACH_LSB)) is not None


def test_codes_that_would_leave_their_range_are_measured(measured):
    registers = {**measured.registers, "i_synin_exc_tau": np.where(np.arange(512) == 9, 1000, 40)}
    assert moved_to(replace(measured, registers=registers), SpikingCalibTarget(tau_syn=9.9e-6)) is not None
    assert moved_to(replace(measured, registers=registers), SpikingCalibTarget(tau_syn=9.5e-6)) is None


def test_only_calibrations_of_spiking_neurons_move(chip, measured):
    assert moved_to(nominal_calibration(chip, HagenCalibTarget()), measured.target) is None
