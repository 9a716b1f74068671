"""Circuits joined to logical neurons: shared membranes, conductances between compartments, who fires."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bss2_emulator import Chip, ChipConfig, ConfigError, Imperfections
from bss2_emulator.facts import constants
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.neurons.topology import find_topology
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking.inputs import Recording, check_events

RUNTIME = 4000


def on(*circuits):
    return np.isin(np.arange(512), circuits)


def trace(chip, config, n, flat=((), (), (0, 0)), runtime=RUNTIME):
    recording = Recording(np.empty(0, np.int64), madc_neuron=n)
    return chip._spiking.integrate(
        chip.landed(config), runtime, check_events(runtime, *flat), recording, chip._noise(0), 1
    ).trace[0]


def topology_of(**registers):
    return find_topology(ChipConfig(**registers), Silicon("t", "ideal", Imperfections()))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_responses_shrink_by_the_number_of_circuits(network, events, label, slow, count):
    """n circuits have n times the capacitance and leak: same time constant, a charge counts 1 / n."""
    flat = events([[(500, label(0))]])
    alone = network([[50]], [8], **slow)
    joined = alone.replace(connect_right=on(*range(8, 8 + count - 1)))
    chip = Chip("joined", "ideal", precision="double")
    one, many = (trace(chip, config, 8, flat) for config in (alone, joined))
    np.testing.assert_allclose((many - many[0]) * count, one - one[0], rtol=0, atol=1e-9)


def test_all_inputs_of_a_membrane_add_up(network, events, label, slow):
    flat = events([[(500, label(0)), (600, label(1))]])
    joints = {"connect_right": on(8), "connect_vertical": on(9)}
    chip = Chip("joined", "ideal", precision="double")
    shared = trace(chip, network([[50, 0, 0], [0, 0, -30]], [8, 9, 265], **slow).replace(**joints), 8, flat)
    single = trace(chip, network([[50], [-30]], [8], **slow), 8, flat)
    np.testing.assert_allclose((shared - shared[0]) * 3, single - single[0], rtol=0, atol=1e-9)


def test_circuits_of_a_membrane_read_the_same(network, slow):
    config = network(np.zeros((0, 3)), [8, 9, 265], **slow).replace(
        connect_right=on(8), connect_vertical=on(9), v_leak=np.where(on(9), 700, 629)
    )
    run = Chip("joined", "ideal").run_spiking(config, 1000, cadc_neurons=[8, 9, 265])
    first, second = run.cadc
    assert np.array_equal(first.values[:, 0], first.values[:, 1])
    assert first.values[0, 0] == second.values[0, 0]


def test_the_master_s_spike_resets_all(network, slow):
    config = network(np.zeros((0, 1)), [8], spiking=True, v_leak=950, **slow).replace(
        connect_right=on(8, 9), enable_threshold=on(9), enable_spike_output=on(9)
    )
    run = Chip("joined", "ideal").run_spiking(config, 12_000, cadc_neurons=[8, 10])
    assert len(run.spike_times) > 3
    assert set(run.spike_neurons.tolist()) == {9}
    assert run.cadc[0].values[:, 0].min() < 100 < run.cadc[0].values[:, 0].max()
    alone = Chip("joined", "ideal").run_spiking(
        network(np.zeros((0, 1)), [9], spiking=True, v_leak=950, **slow), 12_000
    )
    assert np.array_equal(run.spike_times, alone.spike_times)  # three equal circuits are one that is larger


def test_two_masters_on_a_membrane_are_refused():
    with pytest.raises(ConfigError, match=r"circuits \[4, 5\], which share one membrane"):
        Chip().run_spiking(ChipConfig(connect_right=on(4), enable_threshold=on(4, 5)), 100)


@pytest.mark.parametrize("name", ["connect_right", "connect_soma_right"])
@pytest.mark.parametrize("circuit", [127, 255, 383, 511])
def test_nothing_joins_across_the_borders(name, circuit):
    with pytest.raises(ConfigError, match=f"{name}: got it on circuit {circuit}"):
        ChipConfig(**{name: on(circuit)})
    with pytest.raises(ConfigError, match=name):
        ChipConfig().replace(**{name: on(circuit)})


def test_lines_carry_conductances():
    """A line that is tied to nothing is a star; one on a membrane ends there."""
    star = topology_of(connect_soma_right=on(3, 4), enable_icc=on(3, 4, 5), i_icc=300)
    g = 300 * constants.ICC_CONDUCTANCE
    assert star.edges.tolist() == [[3, 4], [3, 5], [4, 5]]
    np.testing.assert_allclose(star.conductance, g / 3)
    tree = topology_of(connect_soma=on(3), connect_soma_right=on(3, 4), enable_icc=on(4, 5), i_icc=300)
    assert tree.edges.tolist() == [[3, 4], [3, 5]]
    np.testing.assert_allclose(tree.conductance, g)
    weak = topology_of(connect_soma=on(3), connect_soma_right=on(3), enable_icc=on(4), i_icc=300, icc_divide=on(4))
    np.testing.assert_allclose(weak.conductance, g / 4)
    assert len(topology_of(connect_soma=on(3), enable_icc=on(3), i_icc=300).edges) == 0
    assert set(tree.neuron[3:6].tolist()) == {3}


def test_exchange_has_its_time_constant(network, events, label, slow):
    """Facts 3.3: the difference of two equal compartments decays with 1/tau = 2/tau_icc + 1/tau_leak."""
    config = network([[60, 0]], [8, 9], **slow).replace(
        connect_soma=on(8),
        connect_soma_right=on(8),
        enable_icc=on(9),
        i_icc=138,
        i_synin_exc_tau=1000,
        small_capacitance_exc=True,
    )
    chip = Chip("icc", "ideal", precision="double")
    flat = events([[(500, label(0))]])
    physics = neuron_physics(chip.landed(config), chip.silicon)
    first, second = (trace(chip, config, n, flat) for n in (8, 9))
    tau_icc = float(physics.capacitance[8]) / (138 * constants.ICC_CONDUCTANCE)
    rate = 2 / tau_icc + float(physics.leak[8] / physics.capacitance[8])
    difference = (first - second)[200:230]  # the input is over
    np.testing.assert_allclose(np.diff(np.log(difference)), -rate * 64e-9, rtol=1e-6)
    alone = network([[60]], [8], **slow).replace(i_synin_exc_tau=1000, small_capacitance_exc=True)
    single = trace(chip, alone, 8, flat)
    np.testing.assert_allclose((first + second - 2 * first[0])[100:], (single - single[0])[100:], rtol=2e-4)


def test_attenuation_across_a_conductance(network, events, label, slow):
    """The response is smaller and comes later on the other side."""
    config = network([[60, 0, 0]], [8, 9, 10], **slow).replace(
        connect_soma=on(8), connect_soma_right=on(8), enable_icc=on(9), connect_right=on(9), i_icc=60
    )
    chip = Chip("chain", "ideal")
    traces = [trace(chip, config, n, events([[(500, label(0))]])) for n in (8, 9)]
    sizes = [np.ptp(v) for v in traces]
    assert sizes[0] > 1.2 * sizes[1] > 0
    assert traces[1].argmax() > traces[0].argmax()


def test_splitting_joined_circuits_between_threads_and_batches(network, events, label, slow):
    rng = np.random.default_rng(0)
    joints = {
        "connect_right": on(*range(0, 100, 4)), "connect_vertical": on(*range(0, 60, 4)),
        "connect_soma": on(*range(102, 120, 2)), "connect_soma_right": on(*range(102, 120, 2)),
        "enable_icc": on(*range(103, 121, 2)), "i_icc": 300,
    }  # fmt: skip
    fires = on(*range(0, 120, 4), *range(103, 121, 2))
    config = network(rng.integers(-30, 60, (8, 120)), range(120), v_leak=720, **slow).replace(
        **joints, enable_threshold=fires, enable_spike_output=fires, v_threshold=300
    )
    trains = [[(int(t), label(int(s))) for t, s in rng.integers(0, (2000, 8), (80, 2))] for _ in range(4)]
    times, labels, offsets = events(trains)
    neurons = [0, 1, 256, 103, 102, 200]
    whole = Chip("j").run_spiking(config, 2000, times, labels, offsets, neurons)
    assert len(whole.spike_times) > 50
    for threads in (2, 4):
        other = Chip("j", threads=threads).run_spiking(config, 2000, times, labels, offsets, neurons[::-1])
        assert np.array_equal(whole.spike_times, other.spike_times)
        assert np.array_equal(whole.cadc[0].values, other.cadc[0].values[:, ::-1])
    alone = Chip("j").run_spiking(config, 2000, times, labels, offsets)
    assert np.array_equal(whole.spike_neurons, alone.spike_neurons)
    border = offsets[2]
    tail = Chip("j").run_spiking(
        config, 2000, times[border:], labels[border:], offsets[2:] - border, neurons, first_entry=2
    )
    assert np.array_equal(whole.spike_times[whole.spike_offsets[2] :], tail.spike_times)


def test_a_bypassed_circuit_fires_its_membrane_whoever_looks(network, events, label):
    """The spike comes from one circuit and leaves by another: that both are at work must not depend on recording."""
    config = network([[0, 40]], [8, 9]).replace(
        connect_right=on(8), enable_bypass_exc=on(9), enable_spike_output=on(8), refractory_time=4
    )
    flat = events([[(t, label(0)) for t in (200, 400, 600)]])
    runs = [Chip("bypass").run_spiking(config, 1000, *flat, cadc_neurons=seen) for seen in ((), (8,), (9, 300))]
    assert runs[0].spike_neurons.tolist() == [8, 8, 8]
    for run in runs[1:]:
        assert np.array_equal(run.spike_times, runs[0].spike_times)
        assert np.array_equal(run.delivered, runs[0].delivered)


@pytest.mark.parametrize("seed", range(8))
def test_conductances_are_those_of_the_network_without_its_floating_lines(seed):
    """Reference: Kron reduction. Membranes and lines are nodes, tied by switches; lines without a membrane go."""
    rng = np.random.default_rng(seed)
    share = rng.choice((0.05, 0.5, 0.95))
    switches = {name: rng.random(512) < rng.choice((0, 0.1)) for name in ("connect_right", "connect_soma")}
    switches["connect_soma_right"] = rng.random(512) < share
    last = np.arange(512) % 128 == 127
    switches = {name: open_ & ~last if name.endswith("right") else open_ for name, open_ in switches.items()}
    icc = (rng.random(512) < 0.5) * rng.integers(1, 1022, 512)
    topology = topology_of(**switches, enable_icc=icc > 0, i_icc=icc)

    right, soma, onward = map(np.flatnonzero, switches.values())
    one, other = np.concatenate((right, soma, 512 + onward)), np.concatenate((right + 1, 512 + soma, 513 + onward))
    count, node = connected_components(coo_array((np.ones(len(one)), (one, other)), (1024, 1024)), directed=False)
    n = np.flatnonzero(icc)
    factor = Silicon("t", "ideal", Imperfections()).mean("icc")
    laplacian = np.zeros((count, count))
    for a, b, siemens in zip(node[n], node[512 + n], factor * icc[n], strict=True):
        laplacian[[a, b], [a, b]] += siemens * (a != b)
        laplacian[[a, b], [b, a]] -= siemens * (a != b)
    kept = np.unique(node[:512])
    gone = np.flatnonzero((np.diag(laplacian) > 0) & ~np.isin(np.arange(count), kept))
    inner = np.linalg.inv(laplacian[np.ix_(gone, gone)])
    wanted = laplacian[np.ix_(kept, kept)] - laplacian[np.ix_(kept, gone)] @ inner @ laplacian[np.ix_(gone, kept)]

    found = np.zeros((count, count))
    ends = node[topology.edges]
    found[ends[:, 0], ends[:, 1]] = found[ends[:, 1], ends[:, 0]] = -topology.conductance
    found -= np.diag(found.sum(1))
    np.testing.assert_allclose(found[np.ix_(kept, kept)], wanted, rtol=0, atol=1e-9 * np.abs(wanted).max())
    _, component = connected_components(coo_array(found != 0), directed=False)
    first = [np.flatnonzero(component[node[:512]] == number)[0] for number in component[node[:512]]]
    assert topology.neuron.tolist() == first
