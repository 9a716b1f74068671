"""512 neurons, 256 sources at 20 kHz, dense 6-bit weights, 10 ms, spikes and CADC recorded, one thread: against peers.

brian2 and NEST have the same physical values, play the same spike trains with the same step, and record the same, at
three levels of activity. What is compared is CPU time, in pairs that take turns; spike counts must agree within 2 %,
also those of `full`, whose synapses or thresholds are set so that it does as much work.
"""

import functools
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_emulator import ADEX, RUNTIME, network, runner

from bss2_emulator import Chip
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.neurons.terms import neuron_terms

CYCLE, STEP = 8e-9, 8  # s, cycles
SAMPLING = 94 * STEP  # the column ADC needs 750 cycles for both of its hemispheres
NEURONS, SOURCES, RATE = 512, 256, 20e3
ROUNDS = 5
PARTS = 4  # of a code
NEST = 12
PEERS = Path(__file__).parent
USUAL = {"i_synapse_dac_bias": 200, "reset_multiply": np.ones(NEURONS, bool)}
"""Strong synapses, and a reset that leaves nothing of the inputs' current: peers hold the membrane in reset."""
LEVELS = {
    "lif": {"silent": {"v_threshold": 900}, "10 kHz": {"v_threshold": 330}, "49 kHz": {"v_threshold": 236}},
    "adex": {
        "silent": {"v_threshold": 1000, "v_exp": 1022},
        "10 kHz": {"v_threshold": 318},
        "49 kHz": {"v_threshold": 210},
    },
}


def configured(model, level, **registers):
    return network(**{**(ADEX if model == "adex" else {}), **USUAL, **LEVELS[model][level], **registers})


def as_active(model, level, fidelity, wanted):
    """Return the network with registers at which this fidelity fires ``wanted`` spikes, by halving what is left.

    Other fidelities have other membranes, and equal registers would be unequal work. Synapses are made weaker, or,
    where neurons of other thresholds fire without input, thresholds higher. A value between two codes is the one code
    for some and the next one for the others.
    """
    if not wanted:
        return configured(model, level)
    name, least, most, count = "i_synapse_dac_bias", 0, 200, 4
    if level == "49 kHz":
        name, least, most, count = "v_threshold", 200, 400, NEURONS
    low, high = least * PARTS, most * PARTS
    while high - low > 1:
        middle = (low + high) // 2
        config = configured(model, level, **{name: (middle + np.arange(count) % PARTS) // PARTS})
        spikes = len(runner(config, events(), fidelity)().spike_times)
        if abs(spikes - wanted) <= 0.01 * wanted + 5:  # a silent network may have a few
            return config
        low, high = (middle, high) if (spikes > wanted) == (name == "v_threshold") else (low, middle)
    raise AssertionError(f"{fidelity}: no {name} gives {wanted} spikes")


def trains():
    """Steps and sources of all events, by time: no source twice in a step, which brian2 does not take."""
    rng = np.random.default_rng(1)
    steps = RUNTIME // STEP
    chosen = [rng.choice(steps, rng.poisson(RATE * RUNTIME * CYCLE), replace=False) for _ in range(SOURCES)]
    at, sources = np.concatenate(chosen), np.repeat(np.arange(SOURCES), [len(one) for one in chosen])
    order = np.lexsort((sources, at))
    return at[order], sources[order]


def events():
    steps, sources = trains()
    driver = sources // 2
    labels = (driver % 4) << 14 | (driver // 4) << 6 | sources % 2
    return steps * STEP, labels.astype(np.uint16), [0, len(steps)]


def shared(config):
    """Volts that differ between levels."""
    chip = Chip(fidelity="ideal")
    landed = chip.landed(config)
    physics, terms = neuron_physics(landed, chip.silicon), neuron_terms(landed, chip.silicon)
    volts = {"threshold": physics.threshold[0]}
    return volts | ({"exp_start": terms.exp_potential[0]} if terms.exponential.any() else {})


def describe(config, folder):
    """Write what a peer needs: trains, weights in amperes, and constants in SI units."""
    chip = Chip(fidelity="ideal")
    landed = chip.landed(config)
    physics, terms = neuron_physics(landed, chip.silicon), neuron_terms(landed, chip.silicon)
    constants = {
        "capacitance": physics.capacitance[0], "leak": physics.leak[0], "rest": physics.leak_potential[0],
        "reset": physics.reset_potential[0], "tau_syn": physics.tau_syn[0, 0],
    }  # fmt: skip
    start = np.nan
    if terms.exponential.any():
        gain, reference = terms.gain[0], terms.reference[0]
        constants |= {
            "exp_current": chip.silicon.mean("exp_current"), "exp_limit": chip.silicon.mean("exp_limit"),
            "delta": terms.delta[0], "coupling": terms.coupling[0], "tau_adapt": terms.tau[0], "gain": gain,
            "adapt_leak": terms.leak_potential[0], "reference": reference,
            "pulse": terms.slope[0] * terms.pulse_cycles[0] * CYCLE,
        }  # fmt: skip
        start = reference + gain * (physics.leak_potential[0] - terms.leak_potential[0])
    steps, sources = trains()
    sign = np.where(np.arange(SOURCES) % 2 == 0, 1, -1)[:, None]
    weights = np.concatenate(list(config.weight), axis=1) * sign * physics.event_current[0, 0]
    refractory = (physics.refractory_cycles[0] + STEP) * CYCLE  # peers count from the start of the step of a spike
    np.savez(
        folder / "network.npz", steps=steps, sources=sources, weights=weights, runtime=RUNTIME * CYCLE,
        step=STEP * CYCLE, sampling=SAMPLING * CYCLE, refractory=refractory, start=start, constants=list(constants),
        **constants,
    )  # fmt: skip


def process_seconds(command, folder):
    """User CPU seconds of a process of its own: what the system spends on its files is not counted."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime


def our_seconds(run):
    run()  # untimed: caches are ours again
    begin = time.process_time()
    run()
    return time.process_time() - begin


def counted(folder):
    """Spikes that brian2's program has stored."""
    (times,) = (folder / "standalone" / "results").glob("_dynamic_array_spikemonitor_t_*")
    return times.stat().st_size // 8


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Folders with brian2's C++ program of each model, made when first asked for."""
    pytest.importorskip("brian2", reason="the peer is not installed")
    if not (shutil.which("g++") or shutil.which("c++")):
        pytest.skip("no compiler for the peer")

    @functools.cache
    def build(model):
        folder = tmp_path_factory.mktemp(model)
        describe(configured(model, "silent"), folder)
        command = [sys.executable, str(PEERS / "brian2_peer.py"), str(folder)]
        subprocess.run(command, check=True, cwd=folder, capture_output=True)  # noqa: S603
        return folder

    return build


BARS = {
    ("lif", "silent"): 8, ("lif", "10 kHz"): 6, ("lif", "49 kHz"): 4,
    ("adex", "silent"): 6, ("adex", "10 kHz"): 4.2, ("adex", "49 kHz"): 2.7,
}  # fmt: skip
"""What is attained with AVX2; wanted are 10, 8, 5 and 8, 6, 4.

Limits, by perf: of a silent LIF run two thirds are one pass over the neurons in each step, 12 operations on numbers for
eight neurons; a loop of nothing else takes 85 % of its time, and keeping states in registers for several steps saves
nothing. At 49 kHz a spike costs about 200 ns: a third is following its phases (`follow`), and the pass takes half as
long again, where it loads what was stored for single neurons just before. The pass over AdEx neurons has 61 operations
that wait for each other, wherever its constants lie; at 49 kHz it is two fifths of the time. Neurons that fire in a
step walk from cycle to cycle to the threshold side by side (`fire_together`, a seventh), and what follows a spike is
moved for one after the other, with an exponential and a logarithm in each phase (`follow`, `move`: a quarter).
"""


@pytest.mark.parametrize(("model", "level"), BARS)
def test_brian2_takes_so_many_times_our_time(note, programs, model, level):
    folder, config = programs(model), configured(model, level)
    command = ["./main", *(f"neurons.{name}={volt}" for name, volt in shared(config).items())]
    process_seconds(command, folder / "standalone")
    full = as_active(model, level, "full", counted(folder))
    ours = {"ideal": runner(config, events()), "full": runner(full, events(), "full")}
    times = {name: [] for name in ("brian2", *ours)}
    for _ in range(ROUNDS):
        times["brian2"].append(process_seconds(command, folder / "standalone"))
        for fidelity, run in ours.items():
            times[fidelity].append(our_seconds(run))
    spikes = {"brian2": counted(folder)} | {name: len(run().spike_times) for name, run in ours.items()}
    ratio = {name: np.median(np.divide(times["brian2"], samples)) for name, samples in times.items()}
    for name, samples in times.items():
        kilohertz = spikes[name] / NEURONS / (RUNTIME * CYCLE) / 1e3
        note(f"{name}: {np.median(samples) * 1e3:.0f} ms, {kilohertz:.2f} kHz, brian2 takes {ratio[name]:.2f} x")
        assert abs(spikes[name] - spikes["brian2"]) <= 0.02 * spikes["brian2"] + 5  # a silent network may have a few
    assert ratio["ideal"] >= BARS[model, level]


@pytest.mark.parametrize("level", LEVELS["lif"])
def test_nest_takes_so_many_times_our_time(note, tmp_path, level):
    pytest.importorskip("nest", reason="the peer is not installed")
    config = configured("lif", level)
    describe(config, tmp_path)
    command = [sys.executable, str(PEERS / "nest_peer.py"), str(tmp_path), str(shared(config)["threshold"])]
    run, ratios = runner(config, events()), []
    for _ in range(3):
        answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        peer, theirs = map(float, answer.stdout.split()[-2:])
        ratios.append(peer / our_seconds(run))
    spikes = len(run().spike_times)
    note(f"{spikes} spikes, NEST {theirs:.0f}, which takes {np.median(ratios):.1f} x")
    assert abs(spikes - theirs) <= 0.02 * theirs + 5
    assert np.median(ratios) >= NEST
