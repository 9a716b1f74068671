"""The older spelling of model parameters."""

import pytest
import torch

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import CUBAIAFParams, CUBALIFParams, CUBALIParams

LIF = CUBALIFParams(0.1, -0.2, 0.8, 8e-6, 4e-6, 2e-6, alpha=7.0)
IAF = CUBAIAFParams(-0.2, 0.8, 8e-6, 4e-6, 2e-6, alpha=7.0)
LI = CUBALIParams(0.1, 8e-6, 4e-6)


@pytest.mark.parametrize(("model", "params"), [(hxsnn.Neuron, LIF), (hxsnn.IAFNeuron, IAF), (hxsnn.ReadoutNeuron, LI)])
def test_params_are_the_parameters_of_the_model(model, params):
    exp = hxsnn.Experiment(mock=True)
    module = model(3, exp, params=params, trace_offset=2.0)
    assert vars(module.params) == vars(params)
    names = [name for name in vars(params) if name not in ("leak", "reset", "threshold")]
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
