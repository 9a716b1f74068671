"""Small networks for the tests of the emulator."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from bss2_emulator import ChipConfig

# Codes of the nominal chip: tau_mem 10 us, tau_syn 10 us; hagen as a calibration would leave it.
SLOW = {"i_leak": 95, "i_synin_exc_tau": 50, "i_synin_inh_tau": 50}
HAGEN = {
    "i_synapse_dac_bias": 1022, "i_synin_exc_gm": 450, "i_synin_inh_gm": 450, "i_synin_exc_tau": 394,
    "i_synin_inh_tau": 394, "small_capacitance_exc": True, "small_capacitance_inh": True, "cadc_ramp_slope": 270,
    "enable_leak": False, "v_leak": 640, "v_reset": 635,
}  # fmt: skip


def source_label(source: int) -> int:
    """Label of input ``source``: driver ``source`` of both hemispheres."""
    return (source % 4) << 14 | (source // 4) << 6


def make_network(
    weights: Any, neurons: Sequence[int], spiking: bool = False, to_synapses: bool = False, **registers: Any
) -> ChipConfig:
    """Wire inputs (rows of signed ``weights``) to ``neurons``; their spikes go to the link."""
    weights = np.asarray(weights)
    config = ChipConfig()
    weight, row_mode = np.zeros((2, 256, 256), np.uint8), np.zeros((2, 256), np.uint8)
    row_mode[:, 1::2], row_mode[:, 0::2] = 1, 2
    for source, row in enumerate(weights):
        for value, n in zip(row, neurons, strict=True):
            weight[n // 256, 2 * source + int(value > 0), n % 256] = abs(value)
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    nodes = [(8 + bus, output) for bus in range(4) for output in (bus, 4 + bus)]
    nodes += [(i, 8 + i % 4) for i in range(8)]
    if to_synapses:
        nodes += [(i, output) for i in range(8) for output in (i % 4, 4 + i % 4)]
    for node in nodes:
        mask[node], target[node] = 0, 0
    fires = np.zeros(512, bool)
    fires[list(neurons)] = spiking
    fixed = {"weight": weight, "row_mode": row_mode, "crossbar_mask": mask, "crossbar_target": target}
    fixed |= {"enable_threshold": fires, "enable_spike_output": fires}
    return config.replace(**{**fixed, **registers})


def make_events(trains: Sequence[Sequence[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flatten (cycle, label) of each batch entry to times, labels and offsets."""
    flat = [event for train in trains for event in sorted(train)]
    times = np.array([t for t, _ in flat], np.int64)
    labels = np.array([label for _, label in flat], np.uint16)
    return times, labels, np.cumsum([0, *map(len, trains)])


@pytest.fixture(scope="session")
def network() -> Callable[..., ChipConfig]:
    return make_network


@pytest.fixture(scope="session")
def events() -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    return make_events


@pytest.fixture(scope="session")
def label() -> Callable[[int], int]:
    return source_label


@pytest.fixture(scope="session")
def hagen() -> ChipConfig:
    return ChipConfig(**HAGEN)


@pytest.fixture(scope="session")
def slow() -> dict[str, int]:
    return dict(SLOW)


@pytest.fixture(scope="session")
def fuzzed() -> Callable[[int], ChipConfig]:
    """Random registers: a few labels, all row modes, many crossbar nodes, neurons that fire a lot."""

    def make(seed: int) -> ChipConfig:
        rng = np.random.default_rng(seed)
        config = ChipConfig()
        mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
        from bss2_emulator.facts.coordinates import crossbar_reach

        for i, o in np.argwhere(crossbar_reach()):
            if rng.random() < 0.7:
                bits = int(rng.choice([0, 0b1, 0b1000000, 0b11, 0x3FFF]))
                mask[i, o], target[i, o] = bits, int(rng.integers(0, 4)) & bits
        return config.replace(
            crossbar_mask=mask,
            crossbar_target=target,
            row_mode=rng.integers(0, 4, (2, 256)),
            row_select_mask=rng.choice([0, 1, 3, 31], (2, 128)),
            weight=rng.integers(0, 64, (2, 256, 256)) * (rng.random((2, 256, 256)) < 0.3),
            label=rng.integers(0, 3, (2, 256, 256)),
            event_address=rng.integers(0, 256, 512) & 0b11000011,
            enable_threshold=rng.random(512) < 0.8,
            enable_spike_output=rng.random(512) < 0.8,
            enable_leak=rng.random(512) < 0.9,
            enable_synin_exc=rng.random(512) < 0.9,
            v_leak=rng.integers(600, 800, 512),
            v_threshold=rng.integers(200, 420, 512),
            i_leak=rng.integers(60, 400, 512),
            i_synin_exc_tau=rng.integers(50, 500, 512),
            i_synin_inh_tau=rng.integers(50, 500, 512),
            membrane_capacitance=rng.integers(20, 64, 512),
            refractory_time=rng.integers(0, 60, 512),
            holdoff=rng.integers(0, 16, 512),
            refractory_use_fast_clock=rng.random(512) < 0.9,
            refractory_clock_fast=rng.integers(0, 4, 2),
            refractory_clock_slow=rng.integers(4, 8, 2),
            i_mem_offset=rng.integers(0, 100, 512),
            enable_mem_offset=rng.random(512) < 0.3,
            mem_offset_sink=rng.random(512) < 0.5,
        )

    return make
