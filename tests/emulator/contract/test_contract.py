"""Contract: same serial, seed and run number, same bytes; whatever the threads, the split, the order, the recording."""

import hashlib

import numpy as np
import pytest

from bss2_emulator import Chip
from bss2_emulator.facts.constants import CADC_PERIOD_HALF


@pytest.fixture(scope="module")
def case(network, events):
    rng = np.random.default_rng(0)
    neurons = np.sort(rng.choice(512, 60, replace=False)).tolist()
    config = network(
        rng.integers(-40, 63, (20, 60)), neurons, spiking=True, to_synapses=True, v_threshold=280,
        event_address=rng.integers(0, 256, 512), row_select_mask=1,
    )  # fmt: skip
    trains = [
        [(int(t), (int(s) % 4) << 14 | (int(s) // 4) << 6) for t, s in rng.integers(0, (2000, 20), (150, 2))]
        for _ in range(7)
    ]
    return config, neurons, events(trains)


def fields(run):
    out = [run.spike_times, run.spike_labels, run.spike_neurons, run.spike_offsets, run.dropped]
    for samples in run.cadc:
        out += [samples.times, samples.values, samples.offsets]
    if run.madc is not None:
        out += list(run.madc)
    return out


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(fields(one), fields(two), strict=True))


def test_threads_do_not_matter(case):
    config, neurons, flat = case
    runs = [
        Chip(threads=threads).run_spiking(config, 2000, *flat, cadc_neurons=neurons, madc_neuron=neurons[3])
        for threads in (1, 2, 4)
    ]
    assert len(runs[0].spike_times) > 100
    assert same(runs[0], runs[1])
    assert same(runs[0], runs[2])


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_splitting_a_batch_does_not_matter(case, cut):
    config, neurons, (times, labels, offsets) = case
    whole = Chip().run_spiking(config, 2000, times, labels, offsets, neurons)
    border = offsets[cut]
    head = Chip().run_spiking(config, 2000, times[:border], labels[:border], offsets[: cut + 1], neurons)
    tail = Chip().run_spiking(
        config, 2000, times[border:], labels[border:], offsets[cut:] - border, neurons, first_entry=cut
    )
    assert np.array_equal(whole.spike_times, np.concatenate((head.spike_times, tail.spike_times)))
    assert np.array_equal(whole.spike_neurons, np.concatenate((head.spike_neurons, tail.spike_neurons)))
    for all_, first, second in zip(whole.cadc, head.cadc, tail.cadc, strict=True):
        assert np.array_equal(all_.times, np.concatenate((first.times, second.times)))
        assert np.array_equal(all_.values, np.concatenate((first.values, second.values)))


def test_what_is_recorded_does_not_matter(case):
    config, neurons, flat = case
    full = Chip().run_spiking(config, 2000, *flat, cadc_neurons=neurons)
    none = Chip().run_spiking(config, 2000, *flat)
    assert np.array_equal(full.spike_times, none.spike_times)
    assert np.array_equal(full.spike_neurons, none.spike_neurons)
    others = [n for n in range(512) if n not in neurons][:50]
    some = Chip().run_spiking(config, 2000, *flat, cadc_neurons=[*neurons[::-2], *others], madc_neuron=others[0])
    assert np.array_equal(full.spike_times, some.spike_times)
    for one, two in zip(full.cadc, some.cadc, strict=True):
        shared = [n for n in two.neurons.tolist() if n in neurons]
        left = one.values[:, [one.neurons.tolist().index(n) for n in shared]]
        assert np.array_equal(left, two.values[:, [two.neurons.tolist().index(n) for n in shared]])
    assert full.cadc[0].times[1] - full.cadc[0].times[0] in (
        int(CADC_PERIOD_HALF / 8e-9),
        int(CADC_PERIOD_HALF / 8e-9) + 1,
    )


def test_the_order_of_runs_does_not_matter(case):
    """With equal registers: others in between write the analog cells anew (test_cells.py)."""
    config, neurons, flat = case
    chip = Chip()
    first = [chip.run_spiking(config, 2000, *flat, cadc_neurons=neurons) for _ in range(3)]
    assert chip.run_counter == 3
    assert not same(first[0], first[1])
    chip = Chip()
    for number in (2, 0, 1):
        chip.run_counter = number
        assert same(chip.run_spiking(config, 2000, *flat, cadc_neurons=neurons), first[number])


def test_registers_that_change_back_leave_no_trace(case):
    config, neurons, flat = case
    chip = Chip()
    before = chip.run_spiking(config, 2000, *flat, cadc_neurons=neurons)
    for changed in (
        config.replace(weight=config.weight // 2),
        config.replace(v_leak=700),
        config.replace(label=1),
        config.replace(row_select_mask=31),
        config.replace(event_address=0),
    ):
        chip.run_counter = 0
        assert not same(chip.run_spiking(changed, 2000, *flat, cadc_neurons=neurons), before)
        chip.run_counter = 0
        assert same(chip.run_spiking(config, 2000, *flat, cadc_neurons=neurons), before)


def test_matrix_products_do_not_depend_on_threads_or_split(hagen):
    rng = np.random.default_rng(1)
    weights, activations = rng.integers(-63, 64, (300, 270)), rng.integers(0, 32, (41, 300))
    whole = Chip(threads=1).run_matrix(hagen, weights, activations).values
    for threads in (2, 4):
        assert np.array_equal(whole, Chip(threads=threads).run_matrix(hagen, weights, activations).values)
    for cut in (1, 6, 20):
        head = Chip().run_matrix(hagen, weights, activations[:cut]).values
        tail = Chip().run_matrix(hagen, weights, activations[cut:], first_entry=cut).values
        assert np.array_equal(whole, np.concatenate((head, tail)))


def test_fingerprint(case, hagen):
    """Changes when, and only when, a release changes what chips do: then write the new one here, and say so."""
    config, neurons, flat = case
    chip = Chip("fingerprint", seed=1)
    rng = np.random.default_rng(1)
    product = chip.run_matrix(hagen, rng.integers(-63, 64, (130, 40)), rng.integers(0, 32, (9, 130))).values
    run = chip.run_spiking(config, 2000, *flat, cadc_neurons=neurons, madc_neuron=neurons[0])
    digest = hashlib.blake2b(digest_size=8)
    for array in (product, *fields(run)):
        digest.update(np.ascontiguousarray(array).tobytes())
    assert digest.hexdigest() == "c854b005bae11314"
