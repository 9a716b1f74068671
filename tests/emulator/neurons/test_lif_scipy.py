"""Reference: membranes against scipy's integrator, from the differential equations."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bss2_emulator import Chip, Imperfections
from bss2_emulator.facts import constants
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.spiking.inputs import Recording, check_events

RUNTIME = 4000  # cycles, 32 us


def linear_chip(serial):
    """Mismatch, but no noise, no saturation and no event that waits."""
    noise = ("membrane_noise", "run_offset", "cadc_noise", "madc_noise", "cadc_jitter")
    off = (*noise, "saturation", "synapse", "synapse_dac", "event_loss")
    return Chip(serial=serial, imperfections=Imperfections(**dict.fromkeys(off, False)), precision="double")


def derivative(physics, n, reset):
    leak, pull = physics.leak[n], physics.reset[n] * reset
    rest = leak * physics.leak_potential[n] + physics.current[n] + pull * physics.reset_potential[n]

    def rhs(t, y):
        v, exc, inh = y
        change = (rest - (leak + pull) * v + exc - inh) / physics.capacitance[n]
        return [change, -exc / physics.tau_syn[0, n], -inh / physics.tau_syn[1, n]]

    return rhs


def integrate(rhs, start, stop, y, grid):
    """Integrate and report on the grid points in (start, stop]."""
    inside = grid[(grid > start) & (grid <= stop)]
    times = np.unique(np.append(inside, stop))
    solution = solve_ivp(rhs, (start, stop), y, method="DOP853", rtol=1e-12, atol=1e-18, t_eval=times)
    return solution.y[:, -1], solution.y[0, : len(inside)]


@pytest.mark.parametrize("n", [5, 200, 300, 490])
def test_membrane_is_exact(network, events, label, slow, n):
    rng = np.random.default_rng(n)
    weights = rng.integers(-12, 12, (6, 1))  # the membrane stays off its rails
    config = network(weights, [n], **slow)
    chip = linear_chip("scipy")
    train = sorted((int(t), int(s)) for t, s in zip(rng.integers(0, RUNTIME, 40), rng.integers(0, 6, 40), strict=True))
    flat = events([[(t, label(s)) for t, s in train]])
    physics = neuron_physics(chip.landed(config), chip.silicon)
    trace = chip._spiking.integrate(
        chip.landed(config), RUNTIME, check_events(RUNTIME, *flat), Recording(np.empty(0, np.int64), madc_neuron=n),
        RunNoise.of("scipy", 0, 0), 1,
    ).trace[0]  # fmt: skip
    grid = np.arange(RUNTIME // 8 + 1) * 8 * constants.CYCLE
    rhs = derivative(physics, n, reset=False)
    rest = physics.leak_potential[n] + physics.current[n] / physics.leak[n]
    y, now, want = np.array([rest, 0.0, 0.0]), 0.0, [np.array([rest])]
    for t, source in [*train, (RUNTIME, None)]:
        if t * constants.CYCLE > now:
            y, part = integrate(rhs, now, t * constants.CYCLE, y, grid)
            want.append(part)
            now = t * constants.CYCLE
        if source is not None:
            w = int(weights[source, 0])
            y[1 if w > 0 else 2] += abs(w) * physics.event_current[int(w <= 0), n]
    want = np.concatenate(want)
    assert np.ptp(want) > 0.005
    np.testing.assert_allclose(trace, want, rtol=1e-9)


def test_spike_times_and_reset_follow_the_equations(network, events, slow):
    n = 77
    config = network(np.zeros((0, 1)), [n], spiking=True, v_leak=950, v_threshold=330, i_reset=600, holdoff=3, **slow)
    chip = linear_chip("scipy")
    physics = neuron_physics(chip.landed(config), chip.silicon)
    run = chip.run_spiking(config, 20_000)
    grid = np.array([])
    free, reset = derivative(physics, n, reset=False), derivative(physics, n, reset=True)

    def crossing(t, y):
        return y[0] - physics.threshold[n]

    crossing.terminal, crossing.direction = True, 1
    v, _ = integrate(reset, 0.0, 1e-3, [physics.reset_potential[n], 0.0, 0.0], grid)
    now, spikes = 0.0, []
    latency, cycle = physics.latency[n], constants.CYCLE
    while True:
        solution = solve_ivp(free, (now, 20_000 * cycle), [v[0], 0, 0], rtol=1e-11, atol=1e-15, events=crossing)
        if not len(solution.t_events[0]):
            break
        fired = np.floor((solution.t_events[0][0] + latency) / cycle) * cycle
        spikes.append(round(fired / cycle))
        v, _ = integrate(free, solution.t_events[0][0], fired, solution.y_events[0][0], grid)
        end = fired + physics.reset_cycles[n] * cycle
        v, _ = integrate(reset, fired, end, v, grid)
        now = fired + physics.refractory_cycles[n] * cycle
        v, _ = integrate(free, end, now, v, grid)
    times = run.spike_times[run.spike_times < spikes[-1] + 10]
    assert len(spikes) > 8
    assert len(times) == len(spikes)
    assert (
        abs(times - np.array(spikes)).max() <= 1 + len(spikes) // 4
    )  # stamps are whole cycles: they drift apart slowly
