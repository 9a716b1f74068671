import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import Unterjubel, input_neuron, superspike_func, threshold
from hxtorch.spiking.observables import HardwareObservables

FINITE = st.floats(-1e4, 1e4)


@given(st.lists(FINITE, min_size=1, max_size=20), st.floats(0.1, 1000))
def test_superspike_is_a_step_with_the_derivative_of_a_fast_sigmoid(distances, alpha):
    x = torch.tensor(distances, dtype=torch.float64, requires_grad=True)
    z = superspike_func(x, alpha)
    assert torch.equal(z, (x > 0).double())
    (gradient,) = torch.autograd.grad(z.sum(), x)
    torch.testing.assert_close(gradient, 1 / (1 + alpha * x.detach().abs()) ** 2)
    assert gradient.isfinite().all()


def test_membrane_at_the_threshold_does_not_spike():
    assert not superspike_func(torch.zeros(3)).any()


def test_threshold_takes_names_and_functions():
    x = torch.tensor([-0.5, 0.5], requires_grad=True)
    assert threshold(x, "superspike", 10.0).tolist() == [0, 1]
    assert threshold(x, lambda distance, alpha: alpha * distance, 3.0).tolist() == [-1.5, 1.5]
    with pytest.raises(ParameterError, match="superspike"):
        threshold(x, "no such method")


def test_unterjubel_has_the_values_of_one_and_the_gradient_of_the_other():
    computed = torch.randn(4, 5, requires_grad=True)
    measured = torch.randn(4, 5)
    out = Unterjubel.apply(computed, measured)
    assert torch.equal(out, measured)
    weight = torch.randn(4, 5)
    assert torch.equal(torch.autograd.grad((weight * out).sum(), computed)[0], weight)


def test_input_neuron_passes_spikes_or_their_recording():
    sent, seen = torch.ones(5, 2, 3), torch.zeros(4, 2, 3)
    assert torch.equal(input_neuron(sent), sent)
    assert torch.equal(input_neuron(sent, HardwareObservables(spikes=seen)), seen)
