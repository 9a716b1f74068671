"""The older spelling of model parameters."""

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import (
    CUBAIAFParams,
    CUBALIFParams,
    CUBALIParams,
    cuba_li_integration,
    cuba_lif_integration,
    cuba_refractory_iaf_integration,
)

LIF = CUBALIFParams(0.1, -0.2, 0.8, 8e-6, 5e-6, 2e-6, alpha=7.0)
IAF = CUBAIAFParams(-0.2, 0.8, 8e-6, 5e-6, 2e-6, alpha=7.0)
LI = CUBALIParams(0.1, 8e-6, 5e-6)


@pytest.mark.parametrize(("model", "params"), [(hxsnn.Neuron, LIF), (hxsnn.IAFNeuron, IAF), (hxsnn.ReadoutNeuron, LI)])
def test_params_are_the_parameters_of_the_model(model, params):
    exp = hxsnn.Experiment(mock=True)
    module = model(3, exp, params=params, trace_offset=2.0)
    assert module.params == params
    names = [name for name in params._fields if name not in ("leak", "reset", "threshold")]
    spelled = model(3, exp, **{name: getattr(params, name) for name in names})
    assert module.hardware_values() == spelled.hardware_values()


def test_chip_gets_a_refractory_time_that_it_has(ideal_chip):
    exp = hxsnn.Experiment(dt=1e-6)
    lif = hxsnn.Neuron(2, exp, params=CUBALIFParams())
    assert lif.params.refractory_time == 0.0
    assert lif.hardware_values()["refractory_time"] == 1e-6
    spikes = torch.zeros(40, 1, 3)
    spikes[5] = 1
    z = lif(hxsnn.Synapse(3, 2, exp)(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, 40)
    assert z.spikes is not None


@pytest.mark.parametrize("times", [[0.0], [0.0, 2e-6]])
def test_chip_gets_refractory_times_that_it_has_for_tensors_too(times):
    lif = hxsnn.Neuron(2, hxsnn.Experiment(), params=CUBALIFParams(refractory_time=torch.tensor(times)))
    assert torch.equal(lif.params.refractory_time, torch.tensor(times))
    wanted = [time or 1e-6 for time in times]
    assert lif.hardware_values()["refractory_time"].tolist() == pytest.approx(wanted, rel=1e-6)


def test_params_are_per_neuron_and_trainable():
    exp = hxsnn.Experiment(mock=True)
    threshold = torch.nn.Parameter(torch.tensor([0.5, 1.0]))
    lif = hxsnn.Neuron(2, exp, params=CUBALIFParams(threshold=threshold, alpha=5.0))
    assert [parameter is threshold for parameter in lif.parameters()] == [True]
    with pytest.raises(ParameterError, match=r"threshold: got shape \(2,\)"):
        hxsnn.Neuron(3, exp, params=CUBALIFParams(threshold=threshold))


def test_params_of_another_model_or_beside_the_same_argument_are_refused():
    exp = hxsnn.Experiment(mock=True)
    with pytest.raises(ParameterError, match="got CUBALIParams, wanted CUBALIFParams"):
        hxsnn.Neuron(2, exp, params=LI)
    with pytest.raises(ParameterError, match="tau_mem: got it beside params"):
        hxsnn.Neuron(2, exp, params=LIF, tau_mem=5e-6)


@pytest.mark.parametrize(
    ("module", "func", "params"),
    [
        (hxsnn.Neuron, cuba_lif_integration, LIF),
        (hxsnn.IAFNeuron, cuba_refractory_iaf_integration, IAF),
        (hxsnn.ReadoutNeuron, cuba_li_integration, LI),
    ],
)
@pytest.mark.parametrize("mock", [True, False])
def test_own_function_takes_the_place_of_the_model(ideal_chip, module, func, params, mock):
    exp = hxsnn.Experiment(mock=mock)
    seen = []

    def own(graded_spikes, params, hw_data=None, dt=1.0):
        seen.append((params, hw_data))
        return func(0.5 * graded_spikes, params, hw_data, dt)

    pair = [hxsnn.Synapse(3, 2, exp, transform=lambda weight: 50 * weight) for _ in range(2)]
    for synapse in pair:
        torch.nn.init.constant_(synapse.weight, 0.4)
    neurons = module(2, exp, func=own, params=params, trace_scale=1 / 45, trace_offset=-48.0)
    spikes = torch.zeros(40, 1, 3)
    spikes[5::4] = 1
    handle = hxsnn.NeuronHandle(spikes)
    got = neurons(pair[0](handle), pair[1](handle))
    hxsnn.run(exp, 40)
    ((given, shown),) = seen
    assert given == params
    assert (shown is None) == mock
    wanted = func(torch.nn.functional.linear(spikes, 0.4 * torch.ones(2, 3)), params, shown, 1e-6)
    torch.testing.assert_close(got.membrane_cadc, wanted.membrane_cadc)
    torch.testing.assert_close(got.current, wanted.current)
    if module is not hxsnn.ReadoutNeuron:
        assert got.spikes.sum() > 0
        assert torch.equal(got.spikes, wanted.spikes)


def test_neurons_with_an_own_function_take_no_spikes_of_their_own():
    exp = hxsnn.Experiment(mock=True)
    neurons = hxsnn.Neuron(2, exp, func=lambda graded_spikes: graded_spikes)
    with pytest.raises(ParameterError, match="wanted firing neurons"):
        hxsnn.Recurrent(exp, neurons, hxsnn.Synapse(2, 2, exp))
