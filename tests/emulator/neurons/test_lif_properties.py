"""Properties of spiking runs."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bss2_emulator import Chip, Imperfections

RUNTIME = 1200
fast = settings(max_examples=25)


@st.composite
def feed_forward(draw):
    """Weights, which neurons, and events of two entries as (cycle, source)."""
    count = draw(st.integers(1, 6))
    sources = draw(st.integers(1, 4))
    chosen = draw(st.lists(st.integers(0, 511), min_size=count, max_size=count, unique=True))
    weights = draw(
        st.lists(st.lists(st.integers(-63, 63), min_size=count, max_size=count), min_size=sources, max_size=sources)
    )
    event = st.tuples(st.integers(0, RUNTIME - 1), st.integers(0, sources - 1))
    trains = draw(st.lists(st.lists(event, max_size=12), min_size=2, max_size=2))
    return np.array(weights), chosen, trains


def labelled(trains, label):
    return [[(t, label(s)) for t, s in train] for train in trains]


def spikes_by_neuron(run, entry=0):
    here = slice(run.spike_offsets[entry], run.spike_offsets[entry + 1])
    return sorted(zip(run.spike_times[here].tolist(), run.spike_neurons[here].tolist(), strict=True))


@fast
@given(feed_forward())
def test_a_batch_is_its_entries_one_by_one(network, events, label, case):
    weights, neurons, trains = case
    config = network(weights, neurons, spiking=True, v_leak=700, v_threshold=290)
    together = Chip("p").run_spiking(config, RUNTIME, *events(labelled(trains, label)), cadc_neurons=neurons)
    for b, train in enumerate(labelled(trains, label)):
        alone = Chip("p").run_spiking(config, RUNTIME, *events([train]), cadc_neurons=neurons, first_entry=b)
        assert spikes_by_neuron(alone) == spikes_by_neuron(together, b)
        for one, many in zip(alone.cadc, together.cadc, strict=True):
            here = slice(many.offsets[b], many.offsets[b + 1])
            assert np.array_equal(one.times, many.times[here])
            assert np.array_equal(one.values, many.values[here])


@fast
@given(feed_forward(), st.randoms(use_true_random=False))
def test_permuting_neurons_permutes_results(network, events, label, case, random):
    weights, neurons, trains = case
    moved = random.sample(range(512), len(neurons))
    flat = events(labelled(trains, label))
    chip = Chip("p", imperfections=Imperfections(saturation=True), fidelity="ideal")
    one = chip.run_spiking(network(weights, neurons, spiking=True, v_leak=700, v_threshold=290), RUNTIME, *flat)
    two = chip.run_spiking(network(weights, moved, spiking=True, v_leak=700, v_threshold=290), RUNTIME, *flat)
    places = dict(zip(neurons, moved, strict=True))
    for b in range(2):
        assert sorted((t, places[n]) for t, n in spikes_by_neuron(one, b)) == spikes_by_neuron(two, b)


@fast
@given(feed_forward(), st.integers(0, 511))
def test_a_silent_neuron_changes_nothing(network, events, label, case, silent):
    weights, neurons, trains = case
    if silent in neurons:
        return
    flat = events(labelled(trains, label))
    config = network(weights, neurons, spiking=True, v_leak=700, v_threshold=290)
    apart = Imperfections(cell_crosstalk=False)  # else cells feel what those beside them hold
    alone = Chip("p", imperfections=apart).run_spiking(config, RUNTIME, *flat, cadc_neurons=neurons)
    low = np.where(np.arange(512) == silent, 0, config.v_leak)
    high = np.where(np.arange(512) == silent, 1022, config.v_threshold)
    on = config.enable_threshold | (np.arange(512) == silent)
    joined = config.replace(v_leak=low, v_threshold=high, enable_threshold=on, enable_spike_output=on)
    beside = Chip("p", imperfections=apart).run_spiking(joined, RUNTIME, *flat, cadc_neurons=neurons)
    assert np.array_equal(alone.spike_times, beside.spike_times)
    assert np.array_equal(alone.spike_neurons, beside.spike_neurons)
    for one, two in zip(alone.cadc, beside.cadc, strict=True):
        assert np.array_equal(one.values, two.values)


@fast
@given(weight=st.integers(0, 62), n=st.integers(0, 511), others=st.lists(st.integers(-63, 63), max_size=3))
def test_more_excitation_never_lowers_a_noise_free_psp(network, events, label, slow, weight, n, others):
    quiet = Imperfections(membrane_noise=False, run_offset=False, cadc_noise=False, madc_noise=False, cadc_jitter=False)
    flat = events([[(100 + 60 * s, label(s)) for s in range(1 + len(others))]])
    traces = []
    for w in (weight, weight + 1):
        config = network([[w], *([x] for x in others)], [n], **slow)
        traces.append(Chip("p", imperfections=quiet).run_spiking(config, RUNTIME, *flat, madc_neuron=n).madc.values)
    assert (traces[1] >= traces[0]).all()


@fast
@given(feed_forward(), st.integers(1, 40))
def test_a_shift_of_all_input_shifts_all_output(network, events, label, case, steps):
    weights, neurons, trains = case
    trains = [[(t // 2, s) for t, s in train] for train in trains]
    shift = 8 * steps  # whole internal steps
    later = [[(t + shift, s) for t, s in train] for train in trains]
    config = network(weights, neurons, spiking=True, v_leak=629, v_threshold=290)
    one = Chip("p", "ideal").run_spiking(config, RUNTIME // 2 + 400, *events(labelled(trains, label)))
    two = Chip("p", "ideal").run_spiking(config, RUNTIME // 2 + 400 + shift, *events(labelled(later, label)))
    assert np.array_equal(one.spike_times + shift, two.spike_times)
    assert np.array_equal(one.spike_neurons, two.spike_neurons)
