"""Reference: whole networks against brian2, in ideal fidelity."""

import tempfile
import warnings

import numpy as np
import pytest
from scipy.stats import ks_2samp

from bss2_emulator import Chip, ChipConfig
from bss2_emulator.facts import constants
from bss2_emulator.neurons.physics import neuron_physics

NETWORKS = 50
SOURCES, HIDDEN, OUTPUTS = 6, 8, 4
HIDDEN_COLUMNS, OUTPUT_COLUMNS = range(HIDDEN), range(40, 40 + OUTPUTS)
ON_CHIP = 13  # cycles
SLOW = {"i_leak": 95, "i_synin_exc_tau": 100, "i_synin_inh_tau": 100, "refractory_clock_fast": 2, "v_threshold": 300}


@pytest.fixture(autouse=True)
def whole_cycles(monkeypatch):
    """brian2 decides at its steps: give the comparator a whole number of cycles."""
    monkeypatch.setattr(constants, "COMPARATOR_LATENCY", 4 * constants.CYCLE)


@pytest.fixture(scope="module")
def brian2(tmp_path_factory):
    tempdir, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("brian2"))  # where it logs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("brian2", reason="brian2 is not installed")
    module.prefs.codegen.target = "numpy"  # no compiler, no cache on disk
    module.BrianLogger.suppress_name("method_choice")
    yield module
    tempfile.tempdir = tempdir


def simulate(brian2, physics, chosen, cycles, runtime, inputs, wires):
    """Run neurons of the chip's physics in brian2.

    Args:
        brian2: The module.
        physics: Of the chip.
        chosen: Circuit n whose values each neuron has, (neurons,).
        cycles: Time step.
        runtime: Cycles.
        inputs: (times, source) of events and (source, neuron, ampere) of synapses.
        wires: (from, to, ampere) between neurons; inhibitory ones are negative.

    Returns:
        Times in cycles and neurons of all spikes.
    """
    cycle = constants.CYCLE
    latency = round(constants.COMPARATOR_LATENCY / cycle / cycles) * cycles  # the comparator decides late
    equations = """
    dv/dt = (leak * (rest - v) + exc - inh + resetting * pull * (low - v)) / capacitance : 1
    dexc/dt = -exc / (tau_exc * second) : 1
    dinh/dt = -inh / (tau_inh * second) : 1
    resetting : 1
    age = timestep(t - lastspike, dt) * step : 1
    leak : 1
    rest : 1
    pull : 1
    low : 1
    capacitance : second
    threshold : 1
    reset_time : 1
    dead_time : 1
    tau_exc : 1
    tau_inh : 1
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        brian2.start_scope()
        dt = cycles * cycle * brian2.second
        group = brian2.NeuronGroup(
            len(chosen), equations, threshold="v >= threshold and age >= latency + dead_time",
            refractory="age < latency + dead_time", method="exact", dt=dt,
            namespace={"latency": latency, "step": cycles},
        )  # fmt: skip
        total = physics.leak[chosen]
        group.leak, group.pull, group.low = total, physics.reset[chosen], physics.reset_potential[chosen]
        group.rest = physics.leak_potential[chosen] + physics.current[chosen] / total
        group.capacitance = physics.capacitance[chosen] * brian2.second
        group.threshold, group.v = physics.threshold[chosen], group.rest[:]
        group.reset_time, group.dead_time = physics.reset_cycles[chosen], physics.refractory_cycles[chosen]
        group.tau_exc, group.tau_inh = physics.tau_syn[0, chosen], physics.tau_syn[1, chosen]
        group.run_regularly(
            "resetting = int(age >= latency) * int(age < latency + reset_time)", dt=dt, when="before_groups"
        )
        group.lastspike = -1 * brian2.second
        monitor = brian2.SpikeMonitor(group)
        (times, source), (origin, target, ampere) = inputs
        generator = brian2.SpikeGeneratorGroup(
            int(origin.max()) + 1, source, (times - cycles) * cycle * brian2.second, dt=dt
        )  # what arrives in a step counts from its end
        objects = [group, monitor, generator]
        for sender, (a, b, amperes), delay in (
            (generator, (origin, target, ampere), 0),
            (group, wires, latency + ON_CHIP),
        ):
            for name, part in (("exc", amperes > 0), ("inh", amperes < 0)):
                if part.any():
                    synapses = brian2.Synapses(sender, group, "w : 1", on_pre=f"{name}_post += w", dt=dt)
                    synapses.connect(i=a[part], j=b[part])
                    synapses.w = abs(amperes[part])
                    synapses.delay = max(round(delay / cycles) - (sender is group), 0) * dt
                    objects.append(synapses)
        net = brian2.Network(objects)
        net.run(runtime * cycle * brian2.second)
    return np.rint(np.asarray(monitor.t / brian2.second) / cycle).astype(int) + latency, np.asarray(monitor.i)


def crossbar(config, nodes):
    mask, target = np.array(config.crossbar_mask), np.array(config.crossbar_target)
    for node in nodes:
        mask[node] = target[node] = 0
    return {"crossbar_mask": mask, "crossbar_target": target}


def feed_forward(rng):
    """Sources on links 1 to 3 to hidden neurons, whose spikes come over bus 0 to outputs."""
    first = rng.integers(-40, 64, (SOURCES, HIDDEN))
    second = rng.integers(-40, 64, (HIDDEN, OUTPUTS))
    weight, label = np.zeros((2, 2, 256, 256), np.uint8)
    row_mode = np.zeros((2, 256), np.uint8)
    row_mode[0, 0::2], row_mode[0, 1::2] = 2, 1
    drivers = [4 * (s // 3) + 1 + s % 3 for s in range(SOURCES)]
    for s, h in np.ndindex(first.shape):
        weight[0, 2 * drivers[s] + (first[s, h] > 0), HIDDEN_COLUMNS[h]] = abs(first[s, h])
    for h, o in np.ndindex(second.shape):
        row = 8 * h + (second[h, o] > 0)
        weight[0, row, OUTPUT_COLUMNS[o]], label[0, row, OUTPUT_COLUMNS[o]] = abs(second[h, o]), h
    fires = np.isin(np.arange(512), [*HIDDEN_COLUMNS, *OUTPUT_COLUMNS])
    select = np.where(np.arange(128) % 4 == 0, 0, 31)
    config = ChipConfig(
        weight=weight, label=label, row_mode=row_mode, row_select_mask=np.stack((select, select)),
        enable_threshold=fires, enable_spike_output=fires, event_address=np.arange(512) % 256 % 64, **SLOW,
    )  # fmt: skip
    config = config.replace(**crossbar(config, [(9, 1), (10, 2), (11, 3), (0, 0), (0, 8), (1, 9)]))
    labels = np.array([(d % 4) << 14 | (d // 4) << 6 for d in drivers])
    return config, first, second, labels


def test_feed_forward_networks_spike_when_brian2_does(brian2):
    runtime, per_network = 2000, HIDDEN + OUTPUTS
    rng = np.random.default_rng(0)
    got, events, synapses, wires, chosen = [], [[], []], [[], [], []], [[], [], []], []
    for k in range(NETWORKS):
        config, first, second, labels = feed_forward(rng)
        chip = Chip("brian", "ideal", precision="double")
        physics = neuron_physics(chip.landed(config), chip.silicon)
        times = np.sort(rng.choice(np.arange(1, runtime - 200), 60, replace=False))
        source = rng.integers(0, SOURCES, 60)
        run = chip.run_spiking(config, runtime, times, labels[source], [0, len(times)])
        index = {n: i for i, n in enumerate([*HIDDEN_COLUMNS, *OUTPUT_COLUMNS])}
        got += [
            (per_network * k + index[n], t) for t, n in zip(run.spike_times, run.spike_neurons.tolist(), strict=True)
        ]
        chosen += [*HIDDEN_COLUMNS, *OUTPUT_COLUMNS]
        events[0] += times.tolist()
        events[1] += (source + SOURCES * k).tolist()
        for pairs, weights, origin, target in (
            (synapses, first, SOURCES * k, per_network * k), (wires, second, per_network * k, per_network * k + HIDDEN)
        ):  # fmt: skip
            a, b = np.nonzero(weights)
            ampere = weights[a, b] * constants.EVENT_CURRENT
            for column, values in zip(pairs, (a + origin, b + target, ampere), strict=True):
                column += values.tolist()
    order = np.argsort(events[0], kind="stable")
    inputs = [np.array(events[0])[order], np.array(events[1])[order]], [np.array(x) for x in synapses]
    times, neurons = simulate(brian2, physics, np.array(chosen), 1, runtime, inputs, [np.array(x) for x in wires])
    mine, theirs = ([sorted(t for n, t in spikes if n == k) for k in range(len(chosen))] for spikes in (
        got, list(zip(neurons.tolist(), times.tolist(), strict=True))
    ))  # fmt: skip
    assert sum(map(len, mine[HIDDEN::per_network])) > NETWORKS  # outputs do fire
    assert sum(map(len, mine)) > 20 * NETWORKS
    for ours, other in zip(mine, theirs, strict=True):
        last = runtime - 40  # one may end before a spike that the other still has
        assert len([t for t in ours if t < last]) <= len(other)
        assert len([t for t in other if t < last]) <= len(ours)
        assert all(abs(a - b) <= 8 for a, b in zip(ours, other, strict=False))


def recurrent(rng):
    """32 excitatory and 32 inhibitory neurons, eight partners of each kind, 40 sources from outside."""
    weight, label = np.zeros((2, 2, 256, 256), np.uint8)
    row_mode = np.zeros((2, 256), np.uint8)
    row_mode[0, 0::2], row_mode[0, 1::2] = 2, 1
    wires, synapses = [], []
    for n in range(64):
        for bus, sign, size in ((0, 1, 12), (1, -1, 20)):
            for slot, partner in enumerate(rng.choice(32, 8, replace=False)):
                row = 2 * (4 * slot + bus) + (sign > 0)
                weight[0, row, n], label[0, row, n] = size, partner
                wires.append((32 * bus + partner, n, sign * size))
        for source in rng.choice(40, 10, replace=False):
            row = 2 * (4 * (source // 2) + 2 + source % 2) + 1
            weight[0, row, n] = 22
            synapses.append((source, n, 22))
    fires = np.arange(512) < 64
    select = np.where(np.arange(128) % 4 < 2, 0, 31)
    config = ChipConfig(
        weight=weight, label=label, row_mode=row_mode, row_select_mask=np.stack((select, select)),
        enable_threshold=fires, enable_spike_output=fires, event_address=np.arange(512) % 32, **SLOW,
    )  # fmt: skip
    config = config.replace(**crossbar(config, [(10, 2), (11, 3), (0, 0), (1, 1), (0, 8), (1, 9)]))
    labels = np.array([(2 + s % 2) << 14 | (s // 2) << 6 for s in range(40)])
    return config, labels, np.array(synapses), np.array(wires)


def statistics(times, neurons):
    intervals = [np.diff(np.sort(times[neurons == n])) for n in range(64)]
    variation = np.mean([x.std() / x.mean() for x in intervals if len(x) > 4])
    return np.bincount(neurons, minlength=64).mean(), variation, np.concatenate(intervals)


def test_recurrent_networks_are_statistically_those_of_brian2(brian2):
    runtime = 100_000
    rng = np.random.default_rng(1)
    config, labels, synapses, wires = recurrent(rng)
    chip = Chip("brian", "ideal")
    physics = neuron_physics(chip.landed(config), chip.silicon)
    times = np.sort(rng.integers(1, runtime // 8, 2400)) * 8
    source = rng.integers(0, 40, len(times))
    keep = np.unique(np.stack((times, source)), axis=1)
    times, source = keep
    run = chip.run_spiking(config, runtime, times, labels[source], [0, len(times)])
    ampere = constants.EVENT_CURRENT
    inputs = (times, source), (synapses[:, 0], synapses[:, 1], synapses[:, 2] * ampere)
    theirs = simulate(
        brian2, physics, np.arange(64), 8, runtime, inputs, (wires[:, 0], wires[:, 1], wires[:, 2] * ampere)
    )
    mine = statistics(run.spike_times, run.spike_neurons)
    other = statistics(*theirs)
    assert mine[0] > 8
    assert mine[0] == pytest.approx(other[0], rel=0.05)
    assert mine[1] == pytest.approx(other[1], rel=0.1)
    assert ks_2samp(mine[2], other[2]).pvalue > 0.01
