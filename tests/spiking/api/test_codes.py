"""Codes: from values and signals to spikes, and from spikes to times."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hxtorch.snn as hxsnn
from hxtorch.spiking.errors import ParameterError, TensorShapeError, TensorTypeError, TensorValueError
from hxtorch.spiking.transforms.decode import (
    MaxOverTime,
    MeanOverTime,
    SumOverTime,
    TimeToFirstSpike,
    TimeToFirstSpikeLoss,
)
from hxtorch.spiking.transforms.encode import BernoulliEncoder, DeltaEncoder, PoissonEncoder

STEPS = 4000
Z = 3.3  # of a 99.9 % interval


def test_rates_are_those_of_the_processes():
    values = torch.tensor([[0.0, 0.1, 0.5, 1.0]])
    generator = torch.Generator().manual_seed(1)
    for encode, wanted in (
        (BernoulliEncoder(STEPS, generator), values),
        (PoissonEncoder(STEPS, 5e5, 1e-6, generator), 1 - torch.exp(-0.5 * values)),
    ):
        spikes = encode(values)
        assert spikes.shape == (STEPS, 1, 4)
        assert set(spikes.unique().tolist()) <= {0.0, 1.0}
        bound = Z * (wanted * (1 - wanted) / STEPS).sqrt() + 1e-9
        assert bool(((spikes.mean(0) - wanted).abs() <= bound).all())


def test_a_seed_decides_the_spikes():
    one, same, other = (PoissonEncoder(50, generator=torch.Generator().manual_seed(seed)) for seed in (7, 7, 8))
    values = torch.rand(3, 20)
    spikes = one(values)
    assert torch.equal(spikes, same(values))
    assert not torch.equal(spikes, other(values))
    assert not torch.equal(spikes, one(values))  # the generator goes on


@settings(max_examples=40, deadline=None)
@given(
    slopes=st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=60),
    threshold=st.sampled_from([0.25, 0.5, 1.0, 2.0]),
)
def test_a_slow_signal_is_within_a_threshold_of_what_its_spikes_say(slopes, threshold):
    signal = torch.cumsum(torch.tensor([0.0, *slopes], dtype=torch.float64) * threshold, 0)[:, None, None]
    on, off = DeltaEncoder(threshold)(signal).chunk(2, 2)
    told = signal[0] + threshold * (on - off).cumsum(0)
    assert float((on * off).max()) == 0
    assert bool(((signal - told).abs() < threshold * (1 + 1e-9)).all())


def test_a_jump_is_told_in_the_steps_after_it():
    signal = torch.tensor([0.0, 2.5, 2.5, 2.5, 0.4, 0.4, 0.4])[:, None, None]
    on, off = DeltaEncoder(1.0)(signal).chunk(2, 2)
    assert on.flatten().tolist() == [0, 1, 1, 0, 0, 0, 0]
    assert off.flatten().tolist() == [0, 0, 0, 0, 1, 0, 0]


def test_what_has_no_code_is_refused():
    for make in (
        lambda: BernoulliEncoder(0),
        lambda: PoissonEncoder(10, -1.0),
        lambda: PoissonEncoder(10, dt=0.0),
        lambda: DeltaEncoder(0.0),
        lambda: TimeToFirstSpike(0.0),
        lambda: TimeToFirstSpike(gradient="none"),
        lambda: TimeToFirstSpikeLoss(0.0),
        lambda: TimeToFirstSpikeLoss(alpha=-1.0),
    ):
        with pytest.raises(ParameterError, match="wanted"):
            make()
    for bad in (1.1, -0.1, float("nan")):
        with pytest.raises(TensorValueError):
            BernoulliEncoder(3)(torch.tensor([[bad]]))
    with pytest.raises(TensorTypeError):
        BernoulliEncoder(3)(torch.tensor([[1]]))
    with pytest.raises(TensorShapeError):
        DeltaEncoder(1.0)(torch.zeros(4))
    with pytest.raises(TensorTypeError):
        DeltaEncoder(1.0)(torch.zeros(4, 1, 1, dtype=torch.long))
    with pytest.raises(TensorValueError):
        DeltaEncoder(1.0)(torch.full((4, 1, 1), float("inf")))
    with pytest.raises(TensorShapeError):
        TimeToFirstSpike()(torch.zeros(4, 2))


def spikes_at(steps, *times):
    spikes = torch.zeros(steps, 1, len(times), dtype=torch.float64)
    for neuron, own in enumerate(times):
        spikes[list(own), 0, neuron] = 1
    return spikes


def written_out(spikes, end):
    """Return the multilinear sum that the decoder is, as plain torch."""
    time, unspent = torch.zeros_like(spikes[0]), torch.ones_like(spikes[0])
    for step in range(end):
        time, unspent = time + step * spikes[step] * unspent, unspent * (1 - spikes[step])
    return time + end * unspent


@pytest.mark.parametrize("end", [12, 8])
def test_first_spikes_and_their_derivatives_are_those_of_the_sum(end):
    spikes = spikes_at(12, (3, 5), (), (0,), (9, 10), (4,)).requires_grad_()
    times = TimeToFirstSpike(1e-6)(spikes, torch.tensor([end]))
    wanted = written_out(spikes, end) * 1e-6
    torch.testing.assert_close(times, wanted)
    weights = torch.arange(1.0, 6.0, dtype=torch.float64)
    (got,) = torch.autograd.grad((times * weights).sum(), spikes)
    (due,) = torch.autograd.grad((wanted * weights).sum(), spikes)
    torch.testing.assert_close(got, due)


def test_eventprop_gets_the_derivative_by_time_at_the_first_spike_alone():
    spikes = spikes_at(12, (3, 5), (), (0,)).requires_grad_()
    times = TimeToFirstSpike(1e-6, "eventprop")(spikes)
    (got,) = torch.autograd.grad((times * torch.tensor([1.0, 2.0, 3.0])).sum(), spikes)
    wanted = torch.zeros_like(spikes)
    wanted[3, 0, 0], wanted[0, 0, 2] = 1, 3
    assert torch.equal(got, wanted)


def test_loss_is_the_softmin_of_times():
    times, labels = torch.tensor([[1e-6, 4e-6], [9e-6, 2e-6]]), torch.tensor([0, 0])
    chances = torch.softmax(-times / 3e-6, 1)[:, 0]
    torch.testing.assert_close(TimeToFirstSpikeLoss(3e-6)(times, labels), -chances.log().mean())
    early = 0.5 * (torch.exp(times[:, 0] / 6e-6) - 1).mean()
    torch.testing.assert_close(
        TimeToFirstSpikeLoss(3e-6, 0.5, 2.0)(times, labels) - TimeToFirstSpikeLoss(3e-6)(times, labels), early
    )


@pytest.mark.parametrize("gradient", ["surrogate", "eventprop"])
def test_first_spikes_are_learnt(gradient):
    """Two patterns of inputs, two classes: the neuron of the class comes to spike first."""
    torch.manual_seed(0)
    exp = hxsnn.Experiment(mock=True)
    synapse, neuron = (
        (hxsnn.Synapse, hxsnn.LIF) if gradient == "surrogate" else (hxsnn.EventPropSynapse, hxsnn.EventPropLIF)
    )
    linear = synapse(10, 2, exp)
    lif = neuron(2, exp, leak=0.0, reset=0.0, threshold=1.0, tau_mem=6e-6, tau_syn=6e-6)
    linear.reset_parameters(0.6, 0.05)
    inputs = torch.zeros(30, 2, 10)
    inputs[2:6, 0, :5], inputs[2:6, 1, 5:] = 1, 1
    labels = torch.tensor([0, 1])
    decode, loss_of = TimeToFirstSpike(1e-6, gradient), TimeToFirstSpikeLoss(2e-6)
    optimizer = torch.optim.Adam(linear.parameters(), lr=0.02)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        z = lif(linear(hxsnn.NeuronHandle(inputs)))
        hxsnn.run(exp, None)
        loss = loss_of(decode(z.spikes), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    times = decode(z.spikes)
    assert losses[-1] < 0.7 * losses[0]
    assert bool((times[labels, labels] < times[labels, 1 - labels]).all())


@settings(max_examples=20, deadline=None)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_what_is_beyond_the_length_of_an_entry_does_not_count(lengths, seed):
    torch.manual_seed(seed)
    traces, spikes = torch.randn(9, len(lengths), 3), (torch.rand(9, len(lengths), 3) < 0.2).double()
    steps = torch.tensor(lengths)
    for decode, input in (
        (MaxOverTime(), traces),
        (MeanOverTime(), traces),
        (SumOverTime(), traces),
        (TimeToFirstSpike(), spikes),
    ):
        found = decode(input, steps)
        for entry, length in enumerate(lengths):
            torch.testing.assert_close(found[entry], decode(input[:length, entry : entry + 1])[0])


def test_lengths_that_are_none_are_refused():
    for lengths, error in (
        (torch.tensor([1, 2, 3]), TensorShapeError),
        (torch.tensor([1.0, 2.0]), TensorTypeError),
        (torch.tensor([0, 2]), TensorValueError),
        (torch.tensor([1, 6]), TensorValueError),
    ):
        with pytest.raises(error, match="lengths"):
            MaxOverTime()(torch.zeros(5, 2, 1), lengths)
