"""Calibrate many emulated chips and compare with their true silicon, by hand: python benchmarks/calibration_bars.py.

Prints one line per chip with every figure that has a bar, then the worst of all chips beside the bar. Exits with 1 if a
bar is missed. Times are printed without a bar.
"""

import argparse
import sys
from time import perf_counter

import numpy as np

from bss2_emulator.config import ChipConfig
from bss2_emulator.neurons.physics import neuron_physics
from hxtorch.core.calibration import SpikingCalibTarget, calibrate, nominal_registers, preset
from hxtorch.core.calibration.bench.stimuli import spike_output_registers
from hxtorch.core.calibration.nominal.codes import debug_volts
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import InputEvents, MatrixProgram, Recording, SpikingProgram
from hxtorch.core.sessions.session import open_session

BARS = {
    "leak": 0.30, "reset": 0.20, "threshold": 0.35, "tau_mem": 0.45, "tau_syn": 0.20, "threshold off": 0.05,
    "CADC sigma": 3.0, "CADC quadrants": 5.0, "weight scale off": 10.0, "failed": 0.05,
    "gain off": 0.25, "noise": 4.0, "driver spread": 4.0, "clipped early": 0.0, "rates off": 0.10,
    "line noise": 5.0, "line gain off": 0.25, "line quadrants": 0.05, "line time off": 0.05,
}  # fmt: skip


def trimmed(values):
    """Return the standard deviation without the 5 % of values that are farthest out."""
    values = np.sort(np.ravel(values))
    cut = round(0.025 * values.size)
    return values[cut : values.size - cut].std()


def truth(chip, registers):
    """Return what registers really are on a chip: volts as they are read, seconds, amperes."""
    legal = ChipConfiguration().replace(**{**registers, "enable_leak": True, "enable_threshold": True})
    physics = neuron_physics(chip.landed(ChipConfig(**legal.registers())), chip.silicon)
    read = chip.silicon.readout_offset
    return {
        "leak": physics.leak_potential + physics.current / physics.leak + read,
        "reset": physics.reset_potential + read,
        "threshold": physics.threshold + read,
        "tau_mem": physics.capacitance / physics.leak,
        "tau_syn": physics.tau_syn,
        "current": physics.event_current / physics.capacitance,
    }


def channels(session, configuration, adc_codes):
    """Return mean readings of all causal and acausal channels at test voltages, (codes, 2, 512)."""
    readings = []
    for code in adc_codes:
        test = configuration.replace(enable_cadc_debug=True, debug_voltage=code)
        for acausal in (False, True):
            recording = Recording(np.arange(512), cadc_acausal=acausal)
            samples = session.run_spiking(SpikingProgram(test, 4000, InputEvents.silence(8), recording)).cadc
            readings.append(np.concatenate([part.values.mean(axis=0, dtype=float) for part in samples]))
    return np.array(readings).reshape(len(adc_codes), 2, 512)


def judge_spiking(session, target, calibration):
    chip = session.connection._link.chip
    before, after = truth(chip, nominal_registers(target)), truth(chip, calibration.registers)
    figures = {name: trimmed(after[name]) / trimmed(before[name]) for name in before if name != "current"}
    wanted = debug_volts(70) + (float(target.threshold) - 20) * 4.5e-3
    figures["threshold off"] = np.mean(np.abs(after["threshold"] - wanted) > 8 * 4.5e-3)
    read = channels(session, calibration.apply(ChipConfiguration()), [310])[0]
    figures["CADC sigma"] = read.std()
    quadrants = read.reshape(2, 4, 128).mean(axis=2)
    figures["CADC quadrants"] = np.ptp(quadrants)
    slow, fast = float(target.tau_mem), float(target.tau_syn)
    peak = np.median(after["current"]) / 4.5e-3 * (fast / np.e if slow == fast else np.nan)  # LSB per weight
    if float(target.synapse_dac_bias) == 600:
        figures["weight scale off"] = abs(45 * np.exp(-1) / peak - 50)
    figures["failed"] = len(calibration.failed) / 512
    return figures


def judge_hagen(session, target, calibration):
    configuration = calibration.apply(ChipConfiguration())
    figures = {"failed": len(calibration.failed) / 512}
    gains, noise = [], []
    for sign in (1, -1):
        for rows in (slice(0, 128), slice(128, 256)):
            activations = np.zeros((200, 256), np.uint8)
            activations[:, rows] = 15
            weights = np.full((256, 256), 12 * sign, np.int8)
            values = session.run_matrix(MatrixProgram(configuration, weights, activations)).values.astype(float)
            gains.append(values.mean(axis=0) / (12 * 15 * 128 * sign))
            noise.append(values.std(axis=0).mean() / np.sqrt(2))  # two tiles add up
    figures["gain off"] = np.abs(np.array(gains) / 0.002 - 1).max()
    figures["noise"] = max(noise)
    single = np.zeros((128 * 20, 256), np.uint8)
    single[np.arange(128 * 20), np.tile(np.arange(128), 20)] = 3
    product = MatrixProgram(configuration, np.full((256, 256), 63, np.int8), single, num_sends=100)
    response = session.run_matrix(product).values.reshape(20, 128, 256).mean(axis=(0, 2), dtype=float)
    figures["driver spread"] = response.std()
    largest = MatrixProgram(
        configuration, np.full((128, 256), 63, np.int8), np.full((50, 128), 31, np.uint8), num_sends=4
    )
    values = session.run_matrix(largest).values
    figures["clipped early"] = np.mean(np.median(values, axis=0)[calibration.success[:256]] < 125)
    return figures


def judge_hagen_synin(session, target, calibration):
    configuration = calibration.apply(ChipConfiguration())
    figures = {"failed": len(calibration.failed) / 512}
    gains, noise = [], []
    for line, sign in ((1, 1), (2, -1)):
        for rows in (slice(0, 128), slice(128, 256)):
            activations = np.zeros((200, 256), np.uint8)
            activations[:, rows] = 15
            shown = MatrixProgram(
                configuration.replace(readout_source=line), np.full((256, 256), 4 * sign, np.int8), activations
            )
            values = session.run_matrix(shown).values.astype(float)
            gains.append(values.mean(axis=0) / (-4 * 15 * 128))
            noise.append(values.std(axis=0).max() / np.sqrt(2))  # two tiles add up
    figures["line noise"] = max(noise)
    figures["line gain off"] = np.abs(np.array(gains) / np.mean(gains) - 1).max()
    quadrants = np.array(gains).reshape(2, 4, 128).mean(axis=2)
    figures["line quadrants"] = np.ptp(quadrants) / np.mean(gains)
    single = np.zeros((128 * 20, 256), np.uint8)
    single[np.arange(128 * 20), np.tile(np.arange(128), 20)] = 3
    product = MatrixProgram(configuration, np.full((256, 256), 63, np.int8), single, num_sends=15)
    response = session.run_matrix(product).values.reshape(20, 128, 256).mean(axis=(0, 2), dtype=float)
    figures["driver spread"] = response.std()
    read = channels(session, configuration, [245])[0]
    figures["CADC sigma"] = read.std()
    figures["CADC quadrants"] = np.ptp(read.reshape(2, 4, 128).mean(axis=2))
    slow = truth(session.connection._link.chip, calibration.registers)["tau_syn"]
    figures["line time off"] = trimmed(slow) / float(target.tau_syn)
    return figures


RATE = SpikingCalibTarget(leak=140, threshold=108.5)  # leak over threshold: fires at about 100 kHz


def judge_rate(session, target, calibration):
    expected = 1 / (2.048e-6 + 10e-6 * np.log((140 - 70) / (140 - 108.5)))
    configuration = calibration.apply(ChipConfiguration()).replace(**spike_output_registers())
    spikes = session.run_spiking(SpikingProgram(configuration, 125000, InputEvents.silence(4))).spikes
    rates = np.bincount(spikes.neurons, minlength=512) / 4e-3
    return {"rates off": 1 - np.mean((rates > 0.9 * expected) & (rates < 1.15 * expected))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chips", type=int, default=20)
    parser.add_argument("--kinds", nargs="+", default=["spiking", "spiking2", "hagen", "hagen_synin", "rate"])
    arguments = parser.parse_args()
    missed = False
    for kind in arguments.kinds:
        target, rows, times = RATE if kind == "rate" else preset(kind), [], []
        judges = {"hagen": judge_hagen, "hagen_synin": judge_hagen_synin, "rate": judge_rate}
        judge = judges.get(kind, judge_spiking)
        for chip in range(1, arguments.chips + 1):
            with open_session(serial=f"emulated-{chip}", fidelity="full") as session:
                start = perf_counter()
                calibration = calibrate(session.connection, target)
                times.append(perf_counter() - start)
                rows.append(judge(session, target, calibration))
            texts = [f"{name} {value:.3g}" for name, value in rows[-1].items()]
            print(f"{kind} emulated-{chip} ({times[-1]:.1f} s): " + ", ".join(texts), flush=True)
        for name in rows[0]:
            worst = max(row[name] for row in rows)
            missed |= not worst <= BARS[name]
            print(
                f"  {kind}: {name}: worst {worst:.3g}, bar {BARS[name]:g}" + ("" if worst <= BARS[name] else "  MISSED")
            )
        print(f"  {kind}: time {np.median(times):.2f} s, at most {max(times):.2f} s")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
