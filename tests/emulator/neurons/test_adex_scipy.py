"""Reference: AdEx against scipy's integrator, from the differential equations; its firing patterns."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bss2_emulator import Chip, Imperfections
from bss2_emulator.facts import constants
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.neurons.terms import neuron_terms

CYCLE = constants.CYCLE
NOISE = (
    "membrane_noise", "run_offset", "cadc_noise", "madc_noise", "cadc_jitter", "saturation", "synapse", "synapse_dac",
)  # fmt: skip
SLOW = {"i_leak": 95}  # tau_mem 10 us
RUNTIME = 125_000  # cycles, 1 ms
# One published pattern each, at 10 mV on the chip for 1 mV of the model (Naud et al. 2008).
PATTERNS = {
    "tonic": {"i_adapt_a": 20, "i_adapt_tau": 100, "i_adapt_b": 0, "v_reset": 663, "i_mem_offset": 254},
    "adapting": {"i_adapt_a": 20, "i_adapt_tau": 60, "i_adapt_b": 40, "v_reset": 663, "i_mem_offset": 267},
    "initial burst": {"i_adapt_a": 30, "i_adapt_tau": 120, "i_adapt_b": 120, "v_reset": 735, "i_mem_offset": 260},
    "bursting": {"i_adapt_a": 20, "i_adapt_tau": 160, "i_adapt_b": 160, "v_reset": 762, "i_mem_offset": 300},
    "accelerating": {
        "i_adapt_a": 40, "i_adapt_tau": 60, "i_adapt_b": 0, "v_reset": 663, "i_mem_offset": 165,
        "adaptation_a_negative": True,
    },
}  # fmt: skip
ADEX = {
    "enable_exponential": True, "i_exp": 511, "v_exp": 469, "enable_adaptation": True, "v_leak": 570,
    "v_adapt_leak": 570, "v_threshold": 400, "enable_mem_offset": True, "refractory_clock_fast": 3, **SLOW,
}  # fmt: skip


def solve(physics, terms, n, runtime):
    """Integrate the equations with the clock law of the digital part; return spike times in cycles."""
    pulse_on = {"until": -1.0}

    def current(v):
        return min(constants.EXP_CURRENT * np.exp((v - terms.exp_potential[n]) / terms.delta[n]), constants.EXP_LIMIT)

    def rhs(reset):
        def change(t, y):
            v, u = y
            pull = physics.reset[n] if reset else 0.0
            dv = physics.leak[n] * (physics.leak_potential[n] - v) + physics.current[n]
            dv += pull * (physics.reset_potential[n] - v) - terms.coupling[n] * (u - terms.reference[n])
            dv += 0.0 if reset or not terms.exponential[n] else current(v)
            du = (terms.reference[n] + terms.gain[n] * (v - terms.leak_potential[n]) - u) / terms.tau[n]
            return [dv / physics.capacitance[n], du + terms.slope[n] * (t < pulse_on["until"])]

        return change

    def crossing(t, y):
        return y[0] - physics.threshold[n]

    crossing.terminal, crossing.direction = True, 1

    def run(reset, start, stop, y, events=None):
        """In pieces, so that no step goes over the end of a pulse."""
        while start < stop:
            border = min(stop, pulse_on["until"]) if start < pulse_on["until"] else stop
            done = solve_ivp(
                rhs(reset), (start, border), y, method="DOP853", rtol=1e-10, atol=1e-13, events=events, max_step=2e-6
            )
            if events is not None and len(done.t_events[0]):
                return float(done.t_events[0][0]), done.y_events[0][0], True
            start, y = border, done.y[:, -1]
        return stop, y, False

    pull = terms.coupling[n] * terms.gain[n] / physics.leak[n]
    rest = physics.leak_potential[n] + physics.current[n] / physics.leak[n]
    v = (rest + pull * terms.leak_potential[n]) / (1 + pull)
    if v >= physics.threshold[n]:
        total = physics.leak[n] + physics.reset[n]
        v = (physics.leak[n] * rest + physics.reset[n] * physics.reset_potential[n]) / total
    y = [v, terms.reference[n] + terms.gain[n] * (v - terms.leak_potential[n])]
    now, end, spikes = 0.0, runtime * CYCLE, []
    while True:
        crossed, y, found = run(False, now, end, y, crossing)
        if not found:
            return np.array(spikes)
        fired = np.floor((crossed + physics.latency[n]) / CYCLE) * CYCLE
        _, y, _ = run(False, crossed, fired, y)
        spikes.append(round(fired / CYCLE))
        pulse_on["until"] = fired + terms.pulse_cycles[n] * CYCLE
        _, y, _ = run(True, fired, fired + physics.reset_cycles[n] * CYCLE, y)
        now = fired + physics.refractory_cycles[n] * CYCLE
        _, y, _ = run(False, fired + physics.reset_cycles[n] * CYCLE, now, y)


def run_pattern(network, pattern, precision="double", **registers):
    n = 77
    config = network(np.zeros((0, 1)), [n], spiking=True, **{**ADEX, **PATTERNS[pattern], **registers})
    chip = Chip("adex", "ideal", imperfections=Imperfections(**dict.fromkeys(NOISE, False)), precision=precision)
    times = chip.run_spiking(config, RUNTIME).spike_times
    return times, neuron_physics(chip.landed(config), chip.silicon), neuron_terms(chip.landed(config), chip.silicon)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_spike_times_are_those_of_the_equations(network, pattern, precision):
    """Stamps are whole cycles: a decision at the border of two would go either way, and later spikes keep its cycle."""
    times, physics, terms = run_pattern(network, pattern, precision)
    want = solve(physics, terms, 77, RUNTIME)
    assert len(times) == len(want) > 15
    assert abs(times - want).max() * CYCLE <= 0.1e-6


def test_the_model_s_firing_patterns_lie_within_the_codes(network):
    intervals = {name: np.diff(run_pattern(network, name)[0]) * CYCLE * 1e6 for name in PATTERNS}
    tonic, adapting = intervals["tonic"], intervals["adapting"]
    assert tonic[-1] == pytest.approx(tonic[0], rel=0.1)
    assert adapting[-1] > 1.7 * adapting[0]
    assert (np.diff(adapting) > -0.1).all()
    first = intervals["initial burst"]
    assert first[0] < 0.2 * first[-5:].mean()
    assert np.ptp(first[-5:]) < 0.05 * first[-1]
    bursting = intervals["bursting"]
    assert bursting.max() > 15 * bursting.min()
    assert (bursting > 20).sum() >= 5
    assert intervals["accelerating"][-1] < 0.9 * intervals["accelerating"][0]


def test_a_step_of_current_gives_a_transient(network, events, label):
    """Strong adaptation: spikes where the input begins, none where it lasts."""
    strong = {"i_adapt_a": 300, "i_adapt_tau": 100, "i_adapt_b": 250, "v_reset": 663, "enable_mem_offset": False}
    config = network([[11]], [77], spiking=True, **{**ADEX, **strong, "i_synin_exc_tau": 50})
    train = [(t, label(0)) for t in range(2000, 40_000, 150)]
    times = Chip("adex", "ideal").run_spiking(config, 40_000, *events([train])).spike_times
    assert 1 <= len(times) < 6
    assert times.max() < 8000


@pytest.mark.parametrize("term", ["i_adapt_b", "adaptation", "exponential"])
def test_terms_that_are_off_do_nothing(network, term):
    pattern = PATTERNS["adapting"]
    off = {"i_adapt_b": {"i_adapt_b": 0}, "adaptation": {"enable_adaptation": False},
           "exponential": {"enable_exponential": False}}[term]  # fmt: skip
    times, physics, terms = run_pattern(network, "adapting", **off, v_threshold=300, i_mem_offset=500)
    want = solve(physics, terms, 77, RUNTIME)
    assert len(times) == len(want) > 5
    on = run_pattern(network, "adapting", v_threshold=300, i_mem_offset=500)[0]
    assert len(on) != len(times)
    assert pattern["i_adapt_b"] > 0
