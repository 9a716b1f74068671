"""The product that only looks at spikes against the dense one: values and all gradients."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hxtorch.spiking as hxsnn
from hxtorch.spiking.functional import linear, products, step_by_step
from hxtorch.spiking.functional.linear import Linear
from hxtorch.spiking.functional.synapses import events


@given(
    st.one_of(st.integers(1, 70), st.sampled_from([256, 300])),
    st.sampled_from([1, 3, 5, 16, 63, 64, 65, 130]),
    st.sampled_from([1, 3, 4, 12, 13, 32, 33, 120, 150]),
    st.sampled_from([0.0, 0.02, 0.1, 0.2, 0.3, 0.5, 1.0]),
    st.booleans(),
    st.tuples(st.booleans(), st.booleans()),
    st.sampled_from([torch.float32, torch.float64]),
    st.integers(0, 99),
)
@settings(max_examples=80)
def test_product_of_spikes_and_its_gradients_are_those_of_the_dense_one(
    rows, sources, targets, density, graded, trained, dtype, seed
):
    generator = torch.Generator().manual_seed(seed)
    spikes = (torch.rand(rows, sources, generator=generator) < density).to(dtype)
    if graded:
        spikes = spikes * torch.randn(rows, sources, generator=generator).to(dtype)
    weight = torch.randn(targets, sources, generator=generator).to(dtype)
    spikes, weight = spikes.requires_grad_(trained[0]), weight.requires_grad_(trained[1])
    got, _ = events.OPERATOR(spikes, weight)
    law = spikes @ weight.T
    torch.testing.assert_close(got, law)
    if not any(trained):
        return
    loss = torch.randn(law.shape, generator=generator).to(dtype)
    leaves = [leaf for leaf in (spikes, weight) if leaf.requires_grad]
    gradients = [torch.autograd.grad((loss * product).sum(), leaves) for product in (got, law)]
    torch.testing.assert_close(*gradients, atol=1e-4 if dtype == torch.float32 else 1e-7, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("other", [None, 0.5, torch.nan])
def test_each_row_has_the_bits_of_its_spikes(dtype, other):
    for rows, sources in [(1, 1), (3, 5), (50, 13), (17, 31), (9, 32), (9, 63)]:
        spikes = (torch.rand(rows, sources, generator=torch.Generator().manual_seed(rows)) < 0.3).to(dtype)
        spikes[-1, -1] = 1.0 if other is None else other
        found = products.find(spikes)
        law = ((spikes != 0).long() << torch.arange(sources)).sum(1)
        assert torch.equal(found.bits[:rows], law)
        assert (found.number, found.graded) == (int((spikes != 0).sum()), other is not None)


@pytest.mark.parametrize("density", [0.05, 0.2, 0.6])
def test_product_does_not_depend_on_the_number_of_threads(density):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(60, 50, 200, generator=generator) < density).float()
    weights = [torch.randn(targets, 200, generator=generator).requires_grad_() for targets in (3, 20, 40, 300)]
    before = torch.get_num_threads()
    results = []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            products = [linear(spikes, weight) for weight in weights]
            results.append([*products, *torch.autograd.grad([product.square().sum() for product in products], weights)])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


@pytest.mark.parametrize("said", [-(1 << 40), 1])
def test_threads_look_for_themselves_where_there_are_more_spikes_than_somebody_said(said):
    spikes, gradient = (torch.rand(1200, 300) < 0.05).double(), torch.randn(1200, 80, dtype=torch.float64)
    weight = torch.zeros(80, 300, dtype=torch.float64)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        bits = torch.ops.hxtorch.weigh(spikes, weight)[1]
        found = torch.ops.hxtorch.weigh_backward(gradient, spikes, weight, bits, False, True)[1]
        bits[-2] = said
        again = torch.ops.hxtorch.weigh_backward(gradient, spikes, weight, bits, False, True)[1]
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found, again)
    torch.testing.assert_close(found, gradient.T @ spikes)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("write", [lambda spikes: spikes[3].fill_(1.0), lambda spikes: spikes.numpy()[5].fill(1.0)])
def test_what_is_written_after_spikes_were_checked_counts(dtype, write):
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(50, 70, generator=generator, dtype=dtype)
    spikes = (torch.rand(30, 20, 70, generator=generator) < 0.05).to(dtype)
    assert events.holds_spikes(spikes, 50)
    write(spikes)
    torch.testing.assert_close(linear(spikes, weight), spikes @ weight.T)


@pytest.mark.parametrize("made_by", ["numpy", "torch"])
def test_input_that_numpy_writes_between_call_and_run_counts_as_it_is_at_the_run(made_by):
    spikes = np.zeros((100, 20, 50), np.float32)
    tensor = torch.from_numpy(spikes) if made_by == "numpy" else torch.zeros(100, 20, 50)
    experiment = hxsnn.Experiment(mock=True)
    synapse = hxsnn.Synapse(50, 40, experiment)
    graded = synapse(hxsnn.NeuronHandle(tensor))
    tensor.numpy()[10] = 1
    hxsnn.run(experiment, None)
    torch.testing.assert_close(graded.graded_spikes, tensor @ synapse.weight.T)


@pytest.mark.parametrize("number", [0.5, -1.0, torch.nan, torch.inf])
def test_other_numbers_than_spikes_are_seen(number):
    spikes = (torch.rand(30, 20, 70, generator=torch.Generator().manual_seed(0)) < 0.05).float()
    for at in ((0, 0, 0), (29, 19, 69), (7, 8, 63), (7, 8, 64)):
        wrong = spikes.clone()
        wrong[at] = number
        assert not events.holds_spikes(wrong, 50)
    assert not events.holds_spikes(spikes, 3)  # a dense product: nobody looks
    assert not events.holds_spikes(spikes.transpose(0, 1), 50)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("density", [0.05, 0.9])
@pytest.mark.parametrize("trained", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("targets", [5, 40])
def test_operator_keeps_the_contract_of_torch(density, trained, targets):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(20, 70, generator=generator) < density).float().requires_grad_(trained[0])
    weight = torch.randn(targets, 70, generator=generator).requires_grad_(trained[1])
    torch.library.opcheck(events.OPERATOR, (spikes, weight))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning", "ignore::FutureWarning")
def test_product_compiles_as_one_graph():
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(30, 20, 70, generator=generator) < 0.05).float()
    weight = torch.randn(50, 70, generator=generator).requires_grad_()
    compiled = torch.compile(linear, backend="aot_eager", fullgraph=True)
    products = compiled(spikes, weight), linear(spikes, weight)
    torch.testing.assert_close(*products)
    torch.testing.assert_close(*(torch.autograd.grad(product.square().sum(), weight) for product in products))


@pytest.mark.parametrize("density", [0.02, 0.9])
def test_product_has_second_derivatives(density):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(40, 20, 100, generator=generator) < density).double().requires_grad_()
    weight = torch.randn(9, 100, generator=generator, dtype=torch.float64).requires_grad_()

    def penalty():
        first = torch.autograd.grad(linear(spikes, weight).pow(3).sum(), (spikes, weight), create_graph=True)
        return torch.autograd.grad(sum(gradient.square().sum() for gradient in first), (spikes, weight))

    got = penalty()
    with step_by_step():
        torch.testing.assert_close(got, penalty())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_transforms_of_torch_func_go_through_torch():
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(4, 30, 20, 70, generator=generator) < 0.1).double()
    weight = torch.randn(50, 70, generator=generator, dtype=torch.float64)
    gradients = torch.func.vmap(torch.func.grad(lambda w, x: linear(x, w).square().sum()), (None, 0))(weight, spikes)
    leaf = weight.clone().requires_grad_()
    for x, gradient in zip(spikes, gradients, strict=True):
        torch.testing.assert_close(gradient, torch.autograd.grad(linear(x, leaf).square().sum(), leaf)[0])


@pytest.mark.parametrize("biased", [False, True])
def test_function_of_other_versions_has_the_gradients_of_linear(biased):
    generator = torch.Generator().manual_seed(0)
    operands = [
        torch.rand(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in ((4, 2, 5), (3, 5), (3,))
    ]
    operands = operands[: 2 + biased]
    got, law = Linear.apply(*operands), torch.nn.functional.linear(*operands)
    assert torch.equal(got, law)
    gradients = [torch.autograd.grad(product.square().sum(), operands) for product in (got, law)]
    torch.testing.assert_close(*gradients)
