"""Calibration by measuring meets its bars on raw silicon; tests/core/fidelity has five chips."""

import numpy as np
import pytest

from hxtorch.core import open_session
from hxtorch.core.calibration import CalibrationOptions, SpikingCalibTarget, calibrate, nominal_registers, preset
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.stimuli import spike_output_registers
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, SpikingProgram

BARS = {"leak": 2.8, "reset": 1.9, "threshold": 1.7, "tau_mem": 0.055, "tau_syn": 0.055}  # LSB, shares of the target


@pytest.fixture(scope="module", params=[("emulated-2", "spiking"), ("emulated-3", "spiking2")])
def calibrated(request):
    serial, name = request.param
    with open_session(serial=serial, fidelity="full") as session:
        yield session, calibrate(session.connection, preset(name))


def test_spreads_shrink_and_means_are_on_target(calibrated, truth, trimmed):
    session, calibration = calibrated
    before = truth(session, nominal_registers(calibration.target))
    after = truth(session, calibration.registers)
    for name, bar in BARS.items():
        wanted = getattr(calibration.target, name)
        spread = trimmed(getattr(after, name))
        assert spread <= (bar * wanted if name.startswith("tau") else bar), name
        assert spread < 0.6 * trimmed(getattr(before, name)), name
        tolerance = 0.02 * wanted if name.startswith("tau") else 0.5
        assert np.mean(getattr(after, name)) == pytest.approx(float(wanted), abs=float(tolerance)), name
    assert np.mean(np.abs(after.threshold - calibration.target.threshold) > 8) <= 0.05


def test_strengths_agree_over_quadrants_and_signs(calibrated, truth):
    session, calibration = calibrated
    current = truth(session, calibration.registers).current[:, calibration.success]
    relative = current / np.median(current)
    assert relative.std() < 0.06
    quadrant = (np.arange(512) // 128)[calibration.success]
    for q in range(4):
        assert relative[:, quadrant == q].mean() == pytest.approx(1, abs=0.02)


def test_the_weight_scale_is_that_of_real_chips(calibrated, truth):
    session, calibration = calibrated
    if calibration.target != SpikingCalibTarget():
        pytest.skip("known for the default target")
    peak = np.median(truth(session, calibration.registers).current) * 10e-6 / np.e / 4.5e-3  # LSB per weight
    assert 45 * np.exp(-1) / peak == pytest.approx(50, abs=10)


def test_channels_of_the_column_adc_agree(calibrated):
    session, calibration = calibrated
    bench = Bench(session.connection, calibration.target)
    bench.set(**calibration.registers, enable_cadc_debug=True, debug_voltage=310)  # the middle: 120 LSB
    for acausal in (False, True):
        readings = bench.mean(bench.configuration, window=20e-6, entries=8, acausal=acausal)
        assert readings.std() < 3
        assert np.ptp(readings.reshape(4, 128).mean(axis=1)) < 5
        assert readings.mean() == pytest.approx(120, abs=1)


def test_success_and_reached_values_are_reported(calibrated):
    _, calibration = calibrated
    assert calibration.success.mean() >= 0.95
    assert {"leak", "reset", "threshold", "tau_mem", "tau_syn"} <= set(calibration.measured)
    assert calibration.provenance["method"] == "measured"
    assert "target 80" in calibration.report()
    codes = np.stack([calibration.registers[name] for name in ("v_leak", "v_threshold", "i_synin_exc_gm")])
    assert not calibration.success[((codes == 0) | (codes == 1022)).any(axis=0)].any()


def test_neurons_fire_at_the_rate_of_their_target():
    target = SpikingCalibTarget(leak=140, threshold=108.5, reset=70)  # leak over threshold
    expected = 1 / (2.048e-6 + 10e-6 * np.log((140 - 70) / (140 - 108.5)))
    with open_session(serial="emulated-4", fidelity="full") as session:
        calibration = calibrate(session.connection, target)
        configuration = calibration.apply(ChipConfiguration()).replace(**spike_output_registers())
        spikes = session.run_spiking(SpikingProgram(configuration, 125000, InputEvents.silence(4))).spikes
    rates = np.bincount(spikes.neurons, minlength=512) / 4e-3
    assert np.mean((rates > 0.9 * expected) & (rates < 1.15 * expected)) >= 0.9


def test_targets_per_neuron_are_reached(truth):
    rng = np.random.default_rng(1)
    leak, threshold = rng.uniform(70, 95, 512), rng.uniform(115, 140, 512)
    tau_mem, tau_syn = rng.choice([6e-6, 10e-6, 15e-6], 512), rng.choice([5e-6, 8e-6, 12e-6], (2, 512))
    target = SpikingCalibTarget(leak=leak, threshold=threshold, tau_mem=tau_mem, tau_syn=tau_syn)
    with open_session(serial="emulated-5", fidelity="full") as session:
        calibration = calibrate(session.connection, target)
        real = truth(session, calibration.registers)
    assert np.std(real.leak - leak) < 2.8
    assert np.std(real.threshold - threshold) < 2
    assert np.std(real.tau_mem / tau_mem) < 0.05
    assert np.std(real.tau_syn / tau_syn) < 0.06
    assert calibration.success.mean() >= 0.95


def test_the_same_chip_gives_the_same_codes_at_any_time():
    found = []
    for runs_before in (0, 7):
        with open_session(serial="emulated-6", fidelity="full") as session:
            session.connection.run_counter = runs_before
            found.append(calibrate(session.connection, preset("spiking2")))
            assert session.connection.run_counter == runs_before
    for name, codes in found[0].registers.items():
        np.testing.assert_array_equal(codes, found[1].registers[name])


def test_an_interrupt_leaves_the_connection_usable(monkeypatch, capsys):
    with open_session(serial="emulated-2", fidelity="full") as session:
        unit, runs = type(session.connection.spiking), []
        original = unit.run

        def interrupted(self, program):
            runs.append(program)
            if len(runs) == 12:
                raise KeyboardInterrupt
            return original(self, program)

        monkeypatch.setattr(unit, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            calibrate(session.connection, SpikingCalibTarget(), CalibrationOptions(progress=True))
        assert session.connection.run_counter == 0
        session.run_spiking(SpikingProgram(ChipConfiguration(), 100, InputEvents.silence()))
    shown = capsys.readouterr().err
    assert "calibrate emulated-2" in shown
    assert "CADC" in shown
