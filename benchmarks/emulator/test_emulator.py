"""512 neurons, 256 sources at 20 kHz, dense 6-bit weights, 10 ms, spikes and CADC recorded, one thread.

What cost grows with: neurons, circuits on a membrane, events, batch entries, fidelity. Peers: test_emulator_peers.py.
"""

import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from bss2_emulator import Chip, ChipConfig

RUNTIME = 1_250_000  # cycles, 10 ms
JOINED = 1.3
"""Bar of a circuit on a membrane of two over one of its own, which takes most of its time in one pass over arrays of
2 KiB; a pair has the sums across lanes beside this, and its leak's noise where there is any."""
ADEX = {
    "enable_exponential": True, "i_exp": 511, "v_exp": 560, "enable_adaptation": True, "i_adapt_tau": 100,
    "i_adapt_a": 20, "i_adapt_b": 40, "v_adapt_leak": 629, "v_threshold": 400,
}  # fmt: skip


def network(neurons: int = 512, **registers) -> ChipConfig:
    """Source s is row s of both hemispheres, excitatory where even; two rows of a driver differ by label."""
    rng = np.random.default_rng(0)
    label, row_mode = np.zeros((2, 256, 256), np.uint8), np.ones((2, 256), np.uint8)
    label[:, 1::2], row_mode[:, 1::2] = 1, 2
    config = ChipConfig()
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for node in [(8 + b, o) for b in range(4) for o in (b, 4 + b)] + [(i, 8 + i % 4) for i in range(8)]:
        mask[node] = target[node] = 0
    fires = np.arange(512) < neurons
    usual = {"i_leak": 95, "i_synin_exc_tau": 50, "i_synin_inh_tau": 50, "i_synapse_dac_bias": 60, "v_threshold": 300}
    return config.replace(
        weight=rng.integers(0, 64, (2, 256, 256)), label=label, row_mode=row_mode, crossbar_mask=mask,
        crossbar_target=target, enable_threshold=fires, enable_spike_output=fires, **{**usual, **registers},
    )  # fmt: skip


def events(rate: float = 20e3, batch: int = 1, runtime: int = RUNTIME) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    counts = rng.poisson(rate * runtime * 8e-9 * 256, batch)
    times = np.concatenate([np.sort(rng.integers(0, runtime, n)) for n in counts])
    source = rng.integers(0, 256, counts.sum())
    driver = source // 2
    labels = (driver % 4) << 14 | (driver // 4) << 6 | source % 2
    return times, labels.astype(np.uint16), np.concatenate(([0], np.cumsum(counts)))


def runner(config, flat, fidelity="ideal", threads=1, neurons=512, runtime=RUNTIME, recorded=None):
    chip = Chip(fidelity=fidelity, threads=threads)
    recorded = range(neurons) if recorded is None else recorded

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return chip.run_spiking(config, runtime, *flat, cadc_neurons=recorded, cadc_in_dram=True)

    run()
    return run


def seconds(run, rounds=5) -> float:
    """Return CPU seconds: the peer runs in another process, and whoever else is on the machine must not count."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return float(np.median(times))


@pytest.mark.parametrize(
    ("model", "fidelity", "threshold", "ideal_threshold"),
    [
        ("lif", "calibrated", 300, 280),
        ("lif", "full", 440, 280),
        ("adex", "calibrated", 300, 287),
        ("adex", "full", 450, 252),
    ],
)
def test_what_reality_costs(compare, note, model, fidelity, threshold, ideal_threshold):
    """A busy batch, with thresholds at which both fire about alike: what a spike costs is the same for both."""
    flat, runtime = events(batch=4, runtime=RUNTIME // 5), RUNTIME // 5
    subjects = {}
    for name, code in ((fidelity, threshold), ("ideal", ideal_threshold)):
        registers = {**(ADEX if model == "adex" else {}), "i_synin_exc_shift": 304, "v_threshold": code}
        subjects[name] = runner(network(**registers), flat, name, runtime=runtime)
        note(f"{name}: {len(subjects[name]().spike_times)} spikes")
    compare(subjects, rounds=9)


@pytest.mark.parametrize("fidelity", ["ideal", "full"])
def test_two_circuits_on_a_membrane_cost_about_two_neurons(note, fidelity):
    """500 circuits on 250 membranes against 500 neurons, without events: pairs sum up what their inputs bring."""
    column = np.arange(512) % 256
    used, first = column < 250, (column < 250) & (column % 2 == 0)
    alone, joined = (
        network().replace(enable_threshold=fires, enable_spike_output=fires, connect_right=joint)
        for fires, joint in ((used, np.zeros(512, bool)), (first, first))
    )
    nobody = (np.empty(0, np.int64), np.empty(0, np.uint16), [0, 0])
    subjects = [runner(alone, nobody, fidelity, recorded=np.flatnonzero(used))]
    subjects.append(runner(joined, nobody, fidelity, recorded=np.flatnonzero(first)))
    times = np.array([[seconds(run, 1) for run in subjects] for _ in range(11)])
    ratio = float(np.median(times[:, 1] / times[:, 0]))
    note(f"{np.median(times[:, 1]) * 1e3:.1f} ms, {ratio:.2f} x neurons of one circuit")
    assert ratio <= JOINED


def test_cost_of_neurons(note):
    flat = events(2e3)
    for count in (64, 128, 256, 512):
        note(f"{count} neurons: {seconds(runner(network(count), flat, neurons=count), 3) * 1e3:.1f} ms")


def test_cost_of_events(compare):
    """A tenth of the events, where they make neurons fire: clearly less than half of the time."""
    config = network(i_synapse_dac_bias=200, v_threshold=250)
    compare({f"{rate / 1e3:g} kHz": runner(config, events(rate)) for rate in (2e3, 5e3, 10e3, 20e3)}, rounds=5)


def test_cost_of_batch_entries(compare):
    config = network()
    compare({str(b): runner(config, events(batch=b, runtime=50_000), runtime=50_000) for b in (1, 4, 16, 64)}, rounds=5)


def test_two_cores(compare):
    config, flat = network(), events(batch=100, runtime=50_000)
    compare({f"{k} threads": runner(config, flat, threads=k, runtime=50_000) for k in (1, 2)}, rounds=7)


FRESH = """
import re, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_emulator import RUNTIME, Chip, events, network
short, flat, config = events(runtime=1000), events(), network()
peak = lambda: int(re.search("VmHWM:\\\\s+(\\\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before = peak()
begin = time.perf_counter()
chip = Chip("fresh", fidelity="full", threads=1)
chip.run_spiking(config, 1000, *short, cadc_neurons=range(512))
spent = time.perf_counter() - begin
chip.run_spiking(config, RUNTIME, *flat, cadc_neurons=range(512), cadc_in_dram=True)
print(spent, peak() - before)
"""


def test_set_up_and_memory(note):
    """In a fresh process; what it holds of its memory counts, buffers of the kernels included."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell what a process holds")
    answer = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", FRESH, str(Path(__file__).parent)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent, grown = map(float, answer.stdout.split())
    note(f"first run of a new chip: {spent:.3f} s")
    note(f"{grown:.0f} MB more than before it")
