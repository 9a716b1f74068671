"""Behaviours 9 and 10: strength of synapses, and where it ends."""

import math

import numpy as np
import pytest

from bss2_emulator import Chip, Imperfections
from bss2_emulator.facts.coordinates import QUADRANT

LSB = 4.5e-3
QUIET = {"membrane_noise": False, "run_offset": False, "cadc_noise": False, "cadc_jitter": False, "madc_noise": False}
NOMINAL = Imperfections(**{name: name == "saturation" for name in Imperfections.names()})


def peaks(chip, config, flat, neurons):
    """Peak of the response in CADC LSB, averaged over trials, sign kept."""
    run = chip.run_spiking(config, 6000, *flat, cadc_neurons=neurons)
    out = []
    for samples in run.cadc:
        trials = [
            samples.values[a:b].astype(float) for a, b in zip(samples.offsets[:-1], samples.offsets[1:], strict=True)
        ]
        times = [samples.times[a:b] for a, b in zip(samples.offsets[:-1], samples.offsets[1:], strict=True)]
        rest = np.mean([v[t < 1000].mean(axis=0) for v, t in zip(trials, times, strict=True)], axis=0)
        top = np.mean([v[(t > 2000) & (t < 2600)].mean(axis=0) for v, t in zip(trials, times, strict=True)], axis=0)
        out.append(top - rest)
    return np.concatenate(out)


def madc_peak(config, flat, n=0, chip=None):
    """Peak in CADC LSB without noise."""
    chip = chip or Chip(fidelity="full", imperfections=NOMINAL)
    values = chip.run_spiking(config, 6000, *flat, madc_neuron=n).madc.values.astype(float)
    change = values - values[0]
    return change[abs(change).argmax()] * 1.5e-3 / LSB


def one_event(events, label, trials=1):
    return events([[(1100, label(0))]] * trials)


def test_reference_psp_gives_the_reference_weight_scale(network, events, label, slow):
    peak = madc_peak(network([[63]], [0], **slow), one_event(events, label)) / 63
    assert math.exp(-1) * 45 / peak == pytest.approx(50, abs=10)
    assert peak == pytest.approx(0.33, rel=0.08)


def test_response_is_linear_in_the_weight(network, events, label, slow):
    flat = one_event(events, label)
    large = madc_peak(network([[63]], [0], **slow), flat)
    small = [madc_peak(network([[w]], [0], **slow), flat) for w in (8, 16, 32)]
    assert large / (np.mean(np.array(small) / (8, 16, 32))) == pytest.approx(63, rel=0.1)


def test_exponent_of_the_bias_currents(network, events, label, slow):
    flat = one_event(events, label)
    base = madc_peak(network([[60]], [0], **slow), flat)
    assert madc_peak(network([[60]], [0], i_synapse_dac_bias=300, **slow), flat) / base == pytest.approx(0.5, rel=0.05)
    gm = madc_peak(network([[60]], [0], i_synin_exc_gm=250, **slow), flat) / base
    assert gm == pytest.approx(0.5**0.8, rel=0.05)


def test_smaller_capacitance_gives_larger_responses(network, events, label, slow):
    flat = one_event(events, label)
    small = {**slow, "i_leak": round(slow["i_leak"] * 0.5325), "membrane_capacitance": 32}
    ratio = madc_peak(network([[40]], [0], **small), flat) / madc_peak(network([[40]], [0], **slow), flat)
    assert 1.8 < ratio < 2.1


@pytest.fixture(scope="module")
def spread(network, events, label, slow):
    flat = one_event(events, label, trials=40)
    both = {}
    for fidelity in ("full", "calibrated"):
        chip = Chip("strength", fidelity, imperfections=Imperfections(**QUIET))
        both[fidelity] = [
            peaks(chip, network(np.full((1, 512), w), range(512), **slow), flat, range(512)) for w in (50, -50)
        ]
    return both


def test_strength_differs_within_and_between_quadrants(spread):
    exc, inh = spread["calibrated"]
    within = np.mean([exc[q == QUADRANT].std() / exc[q == QUADRANT].mean() for q in range(4)])
    assert 0.03 < within < 0.06  # columns 3 to 5 %, single synapses 2 % (facts 2.7, 6.4)
    assert exc.mean() == pytest.approx(-inh.mean(), rel=0.1)
    raw = spread["full"][0]
    means = np.array([raw[q == QUADRANT].mean() for q in range(4)])
    assert 0.15 < means.std(ddof=1) / means.mean() < 0.35


def test_inhibition_ends_where_the_membrane_is_low(network, events, label, slow):
    """Facts 2.6: excitation has no visible limit; inhibition stays behind by what the membrane's voltage leaves it."""
    flat = events([[(1100, label(s)) for s in range(6)]])  # 288 at once

    linear = 227 * 1.5e-3 / LSB
    bias = round(600 * linear / 6 / madc_peak(network([[48]], [0], **slow), one_event(events, label)))

    def peak(sign, v_leak):
        config = network(np.full((6, 1), sign * 48), [0], v_leak=v_leak, i_synapse_dac_bias=bias, **slow)
        return sign * madc_peak(config, flat)

    assert peak(1, 629) == pytest.approx(linear, rel=0.01)
    assert 0.54 < peak(-1, 629) / linear < 0.6
    assert peak(-1, 629) < 0.9 * peak(-1, 700)
    assert peak(-1, 1000) == pytest.approx(linear, rel=0.01)


def test_ideal_chips_do_not_saturate(network, events, label, slow):
    flat = events([[(1100, label(s)) for s in range(6)]])
    config = network(np.full((6, 1), -48), [0], v_leak=800, **slow)
    none = Chip(imperfections=Imperfections.none())
    assert madc_peak(config, flat, chip=Chip(fidelity="ideal")) == madc_peak(config, flat, chip=none)


def test_disconnected_inputs_do_nothing(network, events, label, slow):
    flat = one_event(events, label)
    assert madc_peak(network([[63]], [0], enable_synin_exc=False, **slow), flat) == 0
    assert madc_peak(network([[-63]], [0], enable_synin_inh=False, **slow), flat) == 0
    assert madc_peak(network([[63]], [0], row_mode=0, **slow), flat) == 0


def test_row_mode_three_drives_both_lines(network, events, label, slow):
    flat = one_event(events, label)
    ideal = Chip(fidelity="ideal")
    assert abs(madc_peak(network([[63]], [0], row_mode=3, **slow), flat, chip=ideal)) < 0.4
