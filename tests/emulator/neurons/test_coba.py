"""Reference: conductance-based inputs against scipy's integrator, and what makes them conductances."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from bss2_emulator import Chip, Imperfections
from bss2_emulator.facts import constants
from bss2_emulator.neurons.physics import neuron_physics
from bss2_emulator.neurons.terms import neuron_terms
from bss2_emulator.spiking.inputs import Recording, check_events

COBA = {
    "enable_coba_exc": True, "enable_coba_inh": True, "i_synin_exc_coba": 400, "i_synin_inh_coba": 600,
    "e_synin_exc_rev": 900, "e_synin_inh_rev": 560,
}  # fmt: skip
RUNTIME = 4000


def trace(chip, config, n, flat):
    noise, recording = chip._noise(0), Recording(np.empty(0, np.int64), madc_neuron=n)
    return chip._spiking.integrate(
        chip.landed(config), RUNTIME, check_events(RUNTIME, *flat), recording, noise, 1
    ).trace[0]


@pytest.mark.parametrize("n", [3, 300])
def test_membrane_follows_the_equations(network, events, label, slow, n):
    rng = np.random.default_rng(n)
    weights = rng.integers(-30, 30, (6, 1))
    config = network(weights, [n], **{**slow, **COBA})
    off = ("membrane_noise", "run_offset", "saturation", "synapse", "synapse_dac")
    chip = Chip("coba", imperfections=Imperfections(**dict.fromkeys(off, False)), precision="double")
    train = sorted((int(t), int(s)) for t, s in zip(rng.integers(0, RUNTIME, 40), rng.integers(0, 6, 40), strict=True))
    got = trace(chip, config, n, events([[(t, label(s)) for t, s in train]]))
    physics, terms = neuron_physics(chip.landed(config), chip.silicon), neuron_terms(chip.landed(config), chip.silicon)

    def rhs(_, y):
        v, exc, inh = y
        change = physics.leak[n] * (physics.leak_potential[n] - v) + physics.current[n]
        for sign, current in ((0, exc), (1, inh)):
            change += current * terms.conductance[sign, n] * (terms.reversal[sign, n] - v)
        return [change / physics.capacitance[n], -exc / physics.tau_syn[0, n], -inh / physics.tau_syn[1, n]]

    grid = np.arange(RUNTIME // 8 + 1) * 8 * constants.CYCLE
    y, now, want = np.array([got[0], 0.0, 0.0]), 0.0, [got[0]]
    for t, source in [*train, (RUNTIME, None)]:
        stop = t * constants.CYCLE
        inside = grid[(grid > now) & (grid <= stop)]
        if stop > now:
            times = np.unique(np.append(inside, stop))
            done = solve_ivp(rhs, (now, stop), y, method="DOP853", rtol=1e-10, atol=1e-18, t_eval=times)
            want += done.y[0, : len(inside)].tolist()
            y, now = done.y[:, -1], stop
        if source is not None:
            w = int(weights[source, 0])
            y[1 if w > 0 else 2] += abs(w) * physics.event_current[int(w <= 0), n]
    assert np.ptp(want) > 0.02
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-5)


@pytest.mark.parametrize(("sign", "reversal"), [(1, "e_synin_exc_rev"), (-1, "e_synin_inh_rev")])
def test_an_input_drives_to_its_reversal_potential_and_no_further(network, events, label, slow, sign, reversal):
    flat = events([[(t, label(s)) for t in range(0, RUNTIME, 20) for s in range(3)]])
    at = 0.42 + (COBA[reversal] - 629) * 1.875e-3
    config = network(np.full((3, 1), 60 * sign), [5], **{**slow, **COBA})
    for leak in (560, 700):
        final = trace(Chip("coba", "ideal"), config.replace(v_leak=leak), 5, flat)[-1]
        assert final == pytest.approx(at, abs=0.03)


def test_the_response_shrinks_towards_the_reversal_potential(network, events, label, slow):
    flat = events([[(1000, label(0))]])
    config = network([[40]], [5], **{**slow, **COBA})
    sizes = []
    for leak in (560, 660, 760):
        v = trace(Chip("coba", "ideal"), config.replace(v_leak=leak), 5, flat)
        sizes.append((v.max() - v[0]) / (0.42 + (900 - 629) * 1.875e-3 - v[0]))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02) == pytest.approx(sizes[2], rel=0.02)


def test_at_the_reference_potential_it_is_as_strong_as_a_current(network, events, label, slow):
    """The code sets the distance from reversal at which conductance and current agree: 1 V over code and gain."""
    flat = events([[(1000, label(0))]])
    code = 400
    distance = 1 / (constants.COBA_GAIN * code)
    reversal = round(629 + (distance + 0.0) / 1.875e-3)  # of a membrane that rests at 0.42 V
    base = network([[4]], [5], **slow)
    coba = base.replace(**{**COBA, "i_synin_exc_coba": code, "e_synin_exc_rev": reversal})
    peaks = [np.ptp(trace(Chip("coba", "ideal"), config, 5, flat)) for config in (base, coba)]
    assert peaks[1] == pytest.approx(peaks[0], rel=0.03)
