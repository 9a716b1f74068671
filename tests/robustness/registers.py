"""Random legal registers and events, and what must hold of any run: see test_random_registers.py."""

import sys
import warnings
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np

from bss2_emulator import Chip, ChipConfig, Imperfections, ReadoutWarning, SpikingRun
from bss2_emulator.facts.coordinates import COLUMN, crossbar_reach
from bss2_emulator.neurons.topology import find_topology
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking.inputs import JOINTS, SENSORS  # may not be written during a run

SILICON = Silicon("any", "ideal", Imperfections())
LAST = COLUMN % 128 == 127  # of a block: joined to nobody on its right
DROP = 0, 0x3FFF  # mask and target of a crossbar node that lets nothing pass
# What makes things happen: a chip whose registers are all drawn alike is silent.
BUSY = {
    "enable_threshold": 1, "enable_spike_output": 1, "enable_mem_offset": 1, "mem_offset_sink": 0, "enable_receiver": 1,
    "enable_address_out": 1, "label": 0, "row_select_mask": 0, "refractory_use_fast_clock": 1, "event_address": 0,
    "background_label": 0, "background_mask": 0,
}  # fmt: skip
EXTREMES = {
    "i_mem_offset": (1022,), "v_threshold": (0, 200, 1022), "refractory_clock_fast": (0, 1),
    "refractory_time": (0, 1, 2, 3, 255), "weight": (63,), "row_mode": (1, 2, 3), "background_period": (0, 1, 7, 200),
}  # fmt: skip


def draw(rng: np.random.Generator, name: str, declared: Any) -> np.ndarray:
    """Return legal codes of one register: all one extreme, extremes, any, or any on a few."""
    shape, low, high = declared["shape"], declared["low"], declared["high"]
    anything = rng.integers(low, high, shape, np.int64, endpoint=True)
    edges = rng.choice((low, high), shape)
    few = np.where(rng.random(shape) < 0.1, anything, declared["low"])
    return np.asarray((np.full(shape, rng.choice((low, high))), edges, anything, few)[rng.integers(4)])


def crossbar(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return masks and targets: all nodes of the chip open, or some, or by labels."""
    reach = crossbar_reach()
    mask = rng.choice((0, 0, 1, 0x3FFF), reach.shape)
    target = rng.choice((0, 0, 1, 0x3FFF), reach.shape) & mask
    opened = reach & (rng.random(reach.shape) < rng.choice((0.2, 0.7, 1.0)))
    if rng.random() < 0.5:
        mask, target = np.zeros_like(mask), np.zeros_like(target)
    return np.where(opened, mask, DROP[0]), np.where(opened, target, DROP[1])


def registers(rng: np.random.Generator, kept: Mapping[str, np.ndarray] = MappingProxyType({})) -> ChipConfig:
    """Return all registers of a chip, ``kept`` as given; three chips in four are made to fire."""
    found = {name: draw(rng, name, field.metadata) for name, field in ChipConfig.declarations().items()}
    if rng.random() < 0.75:
        found |= {name: np.full_like(found[name], value) for name, value in BUSY.items() if rng.random() < 0.8}
        found |= {
            name: rng.choice(values, found[name].shape) for name, values in EXTREMES.items() if rng.random() < 0.7
        }
    if rng.random() < 0.5:  # most neurons are plain ones
        shares = rng.random(512) < rng.choice((0.0, 0.05))
        for name in ("enable_exponential", "enable_adaptation", "enable_coba_exc", "enable_coba_inh"):
            found[name] = found[name] * shares
    found["enable_stp"] = found["enable_stp"] * (
        rng.random((2, 128)) < 0.03
    )  # one row of synapses per label and driver
    for name in ("connect_right", "connect_vertical", "connect_soma", "connect_soma_right", "enable_icc"):
        found[name] = found[name] * (rng.random(512) < rng.choice((0.0, 0.1, 1.0)))
        found[name] = np.where(LAST & name.endswith("right"), 0, found[name])
    found["crossbar_mask"], found["crossbar_target"] = crossbar(rng)
    found |= kept
    threshold, found["enable_threshold"] = found["enable_threshold"], np.zeros(512, bool)
    quiet = ChipConfig(**found)
    first = find_topology(quiet, SILICON).compartment == np.arange(512)  # one of a membrane may compare
    return quiet.replace(enable_threshold=threshold * first > 0)


def events(rng: np.random.Generator, runtime: int, batch: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, labels and offsets: sparse, or several in each cycle; few labels, or any."""
    trains, labels = [], []
    for _ in range(batch):
        count = int(rng.choice((0, 5, runtime // 4, 3 * runtime)))
        trains.append(np.sort(rng.integers(0, runtime, count)))
        labels.append(rng.integers(0, 1 << 16, count) & int(rng.choice((0xC000, 0xC0C1, 0xFFFF))))
    offsets = np.cumsum([0, *map(len, trains)])
    return np.concatenate(trains), np.concatenate(labels).astype(np.uint16), offsets


def between(values: np.ndarray, low: int, high: int) -> bool:
    """Tell whether all values lie in [low, high)."""
    return bool(np.all((values >= low) & (values < high)))


def sorted_in_entries(times: np.ndarray, offsets: np.ndarray, batch: int) -> bool:
    """Tell whether offsets are those of a batch, and times ascend in each entry."""
    legal = (
        len(offsets) == batch + 1 and offsets[0] == 0 and offsets[-1] == len(times) and np.all(np.diff(offsets) >= 0)
    )
    return bool(legal and all(np.all(np.diff(times[a:b]) >= 0) for a, b in pairwise(offsets)))


def faults(run: SpikingRun, runtime: int, batch: int) -> list[str]:
    """Return what is wrong with a run: times outside it or out of order, numbers out of range."""
    checks = {
        "spike times": between(run.spike_times, 0, runtime),
        "order of spikes": sorted_in_entries(run.spike_times, run.spike_offsets, batch),
        "spike neurons": between(run.spike_neurons, 0, 512),
        "spike labels": between(run.spike_labels, 0, 1 << 14) and len(run.spike_labels) == len(run.spike_times),
        "loopback times": between(run.loopback_times, 0, runtime),
        "order of loopbacks": sorted_in_entries(run.loopback_times, run.loopback_offsets, batch),
        "loopback inputs": between(run.loopback_inputs, 8, 20) and len(run.loopback_inputs) == len(run.loopback_times),
        "fired neurons": between(run.fired_neurons, 0, 512),
        "fired offsets": len(run.fired_offsets) == batch + 1 and run.fired_offsets[-1] == len(run.fired_neurons),
        "counters": all(
            np.all(count >= 0) for count in (run.delivered, run.dropped, run.passed, run.dropped_link, run.background)
        ),
        "spikes that came back": len(run.spike_times) <= len(run.fired_neurons),
    }
    for hemisphere, taken in enumerate(run.cadc):
        checks[f"CADC times {hemisphere}"] = between(taken.times, 0, runtime)
        checks[f"order of samples {hemisphere}"] = sorted_in_entries(taken.times, taken.offsets, batch)
        checks[f"CADC values {hemisphere}"] = taken.values.shape == (len(taken.times), len(taken.neurons))
    if run.madc is not None:
        checks["MADC times"] = between(run.madc.times, 0, runtime)
        checks["MADC values"] = between(run.madc.values, 0, 1024)
    if run.correlation is not None:
        checks["correlation"] = run.correlation.shape[0] == batch
    return [name for name, holds in checks.items() if not holds]


def run_of(seed: int) -> tuple[SpikingRun, int, int]:
    """Return the run of a seed, how long it is, and its number of batch entries."""
    rng = np.random.default_rng(seed)
    runtime, batch = int(rng.choice((1, 7, 100, 300, 501))), int(rng.choice((1, 1, 3)))
    config = registers(rng)
    chip = Chip(
        f"robust-{seed % 5}",
        ("full", "ideal")[seed % 2],
        seed,
        precision=str(rng.choice(("single", "double"))),
        threads=int(rng.choice((1, 2))),
    )
    neurons = rng.permutation(512)[: rng.choice((0, 8, 512))]
    madc = int(rng.integers(512)) if rng.random() < 0.5 else None
    rows = rng.permutation(512)[: rng.choice((0, 0, 0, 4))]
    kept = {name: getattr(config, name) for name in (*JOINTS, *(SENSORS if len(rows) else ()))}
    writes = [
        (int(cycle), registers(rng, kept)) for cycle in np.sort(rng.integers(0, runtime, rng.choice((0, 0, 1, 3))))
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ReadoutWarning)
        run = chip.run_spiking(
            config, runtime, *events(rng, runtime, batch), neurons, bool(rng.random() < 0.5), madc_neuron=madc,
            writes=writes, correlation_rows=rows,
        )  # fmt: skip
    return run, runtime, batch


if __name__ == "__main__":  # a batch of seeds in a process of its own: each is named before it runs
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        print(seed, flush=True)
        wrong = faults(*run_of(seed))
        if wrong:
            sys.exit(f"seed {seed}: {', '.join(wrong)}")
