"""Networks of handles in mock mode."""

import warnings

import numpy as np
import pytest
import torch
import unit_layers as unit

from hxtorch import snn as hxsnn
from hxtorch.spiking.errors import (
    ExperimentError,
    ParameterError,
    ParameterWarning,
    TensorShapeError,
    TensorTypeError,
    TensorValueError,
)
from hxtorch.spiking.functional import CUBALIFParams, CUBALIParams, cuba_li_integration, cuba_lif_integration


@pytest.fixture
def exp():
    return hxsnn.Experiment(mock=True, dt=1e-6)


def some_spikes(steps=30, batch=4, size=5, seed=0, rate=0.2):
    return (torch.rand(steps, batch, size, generator=torch.Generator().manual_seed(seed)) < rate).float()


def test_handles_are_promises(exp):
    syn, lif, readout_syn, readout = (
        hxsnn.Synapse(5, 6, exp), unit.lif(6, exp), hxsnn.Synapse(6, 2, exp), unit.li(2, exp)
    )  # fmt: skip
    g = syn(hxsnn.NeuronHandle(some_spikes()))
    z = lif(g)
    y = readout(readout_syn(z))
    assert (type(g), type(z), type(y)) == (hxsnn.SynapseHandle, hxsnn.NeuronHandle, hxsnn.ReadoutNeuronHandle)
    assert g.graded_spikes is None
    assert (z.spikes, z.membrane_cadc, z.current, z.membrane_madc) == (None,) * 4
    assert (y.membrane_cadc, y.current, y.membrane_madc, y.v_cadc, y.v_madc) == (None,) * 5
    hxsnn.run(exp, None)
    assert g.graded_spikes.shape == z.spikes.shape == z.membrane_cadc.shape == z.current.shape == (30, 4, 6)
    assert y.membrane_cadc.shape == y.current.shape == (30, 4, 2)
    assert y.v_cadc is y.membrane_cadc
    assert y.membrane_madc is None


def test_network_is_the_composition_of_its_functions(exp):
    spikes = some_spikes()
    syn, lif = (
        hxsnn.Synapse(5, 6, exp),
        unit.lif(6, exp, tau_mem=8e-6, tau_syn=5e-6, refractory_time=2e-6, alpha=7.0),
    )
    readout_syn, readout = hxsnn.Synapse(6, 2, exp), unit.li(2, exp, leak=0.3)
    torch.nn.init.normal_(syn.weight, 0.5)
    z = lif(syn(hxsnn.NeuronHandle(spikes)))
    y = readout(readout_syn(z))
    hxsnn.run(exp, None)
    params = CUBALIFParams(0.0, 0.0, 1.0, 8e-6, 5e-6, 2e-6, alpha=7.0)
    hidden = cuba_lif_integration(spikes @ syn.weight.T, params)
    out = cuba_li_integration(hidden.spikes @ readout_syn.weight.T, CUBALIParams(leak=0.3))
    assert hidden.spikes.sum() > 10
    torch.testing.assert_close(z.spikes, hidden.spikes)
    torch.testing.assert_close(y.membrane_cadc, out.membrane_cadc)
    gradients = [
        torch.autograd.grad(trace.square().sum(), [syn.weight, readout_syn.weight])
        for trace in (y.membrane_cadc, out.membrane_cadc)
    ]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize(
    ("steps", "runtime", "wanted"), [(30, None, 30), (30, 30, 30), (30, 29, 30), (30, 20, 30), (30, 50, 30)]
)
def test_outputs_have_the_steps_of_inputs_and_runtime(exp, steps, runtime, wanted):
    spikes = some_spikes(steps)
    spikes[min(steps, runtime or steps) :] = 0
    z = unit.lif(5, exp)(hxsnn.Synapse(5, 5, exp)(hxsnn.NeuronHandle(spikes)))
    hxsnn.run(exp, runtime)
    assert len(z.spikes) == wanted


def test_inputs_of_the_user_stay_as_they_are(exp):
    handle = hxsnn.NeuronHandle(torch.zeros(30, 1, 5))
    hxsnn.Synapse(5, 5, exp)(handle)
    hxsnn.run(exp, 10)
    assert len(handle.spikes) == 30


def test_modules_run_again_with_new_handles_and_state_does_not_remain(exp):
    syn, lif = hxsnn.Synapse(5, 6, exp), unit.lif(6, exp)
    torch.nn.init.normal_(syn.weight, 0.5)
    traces = []
    for _ in range(2):
        z = lif(syn(hxsnn.NeuronHandle(some_spikes())))
        hxsnn.run(exp, None)
        traces.append(z)
    assert traces[0] is not traces[1]
    assert traces[0].spikes.any()
    assert torch.equal(traces[0].membrane_cadc, traces[1].membrane_cadc)


def test_filled_handle_is_an_input_of_the_next_network(exp):
    first, second = unit.lif(5, exp), unit.li(3, exp)
    z = first(hxsnn.Synapse(5, 5, exp)(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.run(exp, None)
    y = second(hxsnn.Synapse(5, 3, exp)(z))
    hxsnn.run(exp, None)
    assert y.membrane_cadc.shape == (30, 4, 3)


def test_several_synapses_add_up(exp):
    one, other, both = some_spikes(seed=1), some_spikes(seed=2), unit.li(3, exp)
    syn, syn2 = hxsnn.Synapse(5, 3, exp), hxsnn.Synapse(5, 3, exp)
    y = both(syn(hxsnn.NeuronHandle(one)), syn2(hxsnn.NeuronHandle(other)))
    hxsnn.run(exp, None)
    law = cuba_li_integration(one @ syn.weight.T + other @ syn2.weight.T, CUBALIParams())
    torch.testing.assert_close(y.membrane_cadc, law.membrane_cadc)


def test_membranes_are_there_if_they_are_recorded(exp):
    z = unit.lif(5, exp, enable_cadc_recording=False)(hxsnn.Synapse(5, 5, exp)(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.run(exp, None)
    assert z.spikes is not None
    assert z.membrane_cadc is None


def test_function_of_a_tensor_is_a_module(exp):
    double = hxsnn.HXModule(exp, lambda spikes: 2 * spikes)
    out = double(hxsnn.NeuronHandle(some_spikes()))
    hxsnn.run(exp, None)
    assert type(out) is hxsnn.NeuronHandle
    assert torch.equal(out.spikes, 2 * some_spikes())


def test_function_gets_what_it_asks_for(exp):
    seen = {}

    def func(spikes, dt, hw_data=1, params=2):
        seen.update(dt=dt, hw_data=hw_data, params=params)
        return spikes

    hxsnn.HXModule(exp, func)(hxsnn.NeuronHandle(some_spikes()))
    hxsnn.run(exp, None)
    assert seen == {"dt": 1e-6, "hw_data": None, "params": None}


def test_overridden_forward_func_sees_and_returns_handles(exp):
    class Mean(hxsnn.HXModule):
        output_type = hxsnn.ReadoutNeuronHandle

        def forward_func(self, *input, hw_data=None):
            one, other = input
            return hxsnn.ReadoutNeuronHandle(membrane_cadc=(one.spikes + other.spikes) / 2)

    out = Mean(exp)(hxsnn.NeuronHandle(torch.ones(4, 1, 2)), hxsnn.NeuronHandle(torch.zeros(4, 1, 2)))
    hxsnn.run(exp, None)
    assert torch.equal(out.membrane_cadc, torch.full((4, 1, 2), 0.5))


def test_module_without_function_says_so(exp):
    hxsnn.HXModule(exp)(hxsnn.NeuronHandle(some_spikes()))
    with pytest.raises(ExperimentError, match="forward_func"):
        hxsnn.run(exp, None)


def test_own_synapse_function(exp):
    syn = hxsnn.Synapse(5, 3, exp, func=lambda spikes, weight: torch.nn.functional.linear(spikes, weight.abs()))
    g = syn(hxsnn.NeuronHandle(some_spikes()))
    hxsnn.run(exp, None)
    torch.testing.assert_close(g.graded_spikes, some_spikes() @ syn.weight.abs().T)


def test_input_neuron_passes_spikes_on(exp):
    z = hxsnn.InputNeuron(5, exp)(hxsnn.NeuronHandle(some_spikes()))
    hxsnn.run(exp, 30)
    assert torch.equal(z.spikes, some_spikes())


def test_double_precision(exp):
    syn, lif = hxsnn.Synapse(5, 6, exp, dtype=torch.float64), unit.lif(6, exp)
    z = lif(syn(hxsnn.NeuronHandle(some_spikes().double())))
    hxsnn.run(exp, None)
    assert z.spikes.dtype == torch.float64


def test_a_pass_that_failed_leaves_the_experiment_usable(exp):
    syn = hxsnn.Synapse(5, 3, exp)
    syn(hxsnn.NeuronHandle(some_spikes()))
    with pytest.raises(ParameterError):
        hxsnn.run(exp, -10)
    g = syn(hxsnn.NeuronHandle(some_spikes()))
    hxsnn.run(exp, None)
    assert g.graded_spikes is not None


# Bad input


def test_nothing_to_run(exp):
    with pytest.raises(ExperimentError, match="nothing to run"):
        hxsnn.run(exp, 10)


def test_layer_exists_once_in_a_network(exp):
    syn = hxsnn.Synapse(5, 3, exp)
    syn(hxsnn.NeuronHandle(some_spikes()))
    with pytest.raises(ExperimentError, match="called twice"):
        syn(hxsnn.NeuronHandle(some_spikes()))
    exp.clear()
    syn(hxsnn.NeuronHandle(some_spikes()))


def test_empty_handle_that_nothing_fills(exp):
    hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle())
    with pytest.raises(ExperimentError, match=r"Synapse.*no module of this experiment fills"):
        hxsnn.run(exp, None)
    other = hxsnn.Experiment(mock=True)
    foreign = unit.lif(5, other)(hxsnn.Synapse(5, 5, other)(hxsnn.NeuronHandle(some_spikes())))
    hxsnn.Synapse(5, 3, exp)(foreign)
    with pytest.raises(ExperimentError, match="no module of this experiment fills"):
        hxsnn.run(exp, None)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (torch.zeros(5), TensorShapeError, r"\(5,\).*\(time, batch, neuron\)"),
        (torch.zeros(30, 4, 6), TensorShapeError, "6 neurons, wanted 5"),
        (torch.zeros(0, 4, 5), TensorShapeError, "empty"),
        (torch.zeros(30, 4, 5, dtype=torch.int64), TensorTypeError, r"torch.int64.*\.to\(torch.float32\)"),
        (torch.zeros(30, 4, 5, dtype=torch.complex64), TensorTypeError, "complex64"),
        (torch.zeros(30, 4, 5).to_sparse(), TensorTypeError, r"sparse_coo.*\.to_dense\(\)"),
        ([[[0.0] * 5] * 4] * 30, TensorTypeError, "list"),
        (torch.full((30, 4, 5), float("nan")), TensorValueError, r"NaN.*the first is at \(0, 0, 0\)"),
        (torch.full((30, 4, 5), float("inf")), TensorValueError, "infinity"),
    ],
)
def test_bad_input_spikes_are_refused_when_the_module_is_called(exp, value, error, message):
    with pytest.raises(error, match=message):
        hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(value))
    with pytest.raises(error, match=message):
        hxsnn.InputNeuron(5, exp)(hxsnn.NeuronHandle(value))


def test_number_of_handles(exp):
    x = hxsnn.NeuronHandle(some_spikes())
    for module in (hxsnn.Synapse(5, 3, exp), hxsnn.InputNeuron(5, exp)):
        for handles in ((), (x, x)):
            with pytest.raises(ExperimentError, match=f"got {len(handles)} handles, wanted one"):
                module(*handles)
    with pytest.raises(ExperimentError, match="got 0 handles, wanted at least one"):
        unit.lif(3, exp)()


def test_wrong_kind_of_handle(exp):
    syn, lif = hxsnn.Synapse(5, 3, exp), unit.lif(5, exp)
    with pytest.raises(TensorTypeError, match=r"got Tensor, wanted NeuronHandle; wrap tensors"):
        syn(some_spikes())
    with pytest.raises(TensorTypeError, match="got NeuronHandle, wanted SynapseHandle"):
        lif(hxsnn.NeuronHandle(some_spikes()))


def test_layers_that_do_not_fit_together(exp):
    g = hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(some_spikes()))
    with pytest.raises(TensorShapeError, match=r"got 3 neurons of Synapse\(.*\), wanted 4"):
        unit.lif(4, exp)(g)


def test_input_and_weight_of_different_types(exp):
    hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(some_spikes().double()))
    with pytest.raises(TensorTypeError, match=r"float64, wanted torch.float32 like the weight"):
        hxsnn.run(exp, None)


def test_inputs_with_different_batches(exp):
    syn, syn2 = hxsnn.Synapse(5, 3, exp), hxsnn.Synapse(5, 3, exp)
    unit.li(3, exp)(syn(hxsnn.NeuronHandle(some_spikes())), syn2(hxsnn.NeuronHandle(some_spikes(batch=2))))
    with pytest.raises(TensorShapeError, match="2 batch entries, wanted 4"):
        hxsnn.run(exp, None)


def test_weights_that_are_no_numbers(exp):
    syn = hxsnn.Synapse(5, 3, exp)
    with torch.no_grad():
        syn.weight[0, 0] = float("nan")
    syn(hxsnn.NeuronHandle(some_spikes()))
    with pytest.raises(TensorValueError, match=r"weight of Synapse.*NaN"):
        hxsnn.run(exp, None)


@pytest.mark.parametrize("beyond", [20, 25])
def test_spikes_at_or_beyond_the_runtime(exp, beyond):
    spikes = torch.zeros(30, 1, 5)
    spikes[beyond, 0, 2] = 1
    g = hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(spikes))
    hxsnn.run(exp, 20)
    assert g.graded_spikes[beyond].any()  # the model takes the steps that there are


@pytest.mark.parametrize(
    ("shape", "said"), [((4, 30, 5), 1), ((30, 4, 5), 0), ((30, 30, 5), 0), ((20, 4, 5), 0), ((31, 30, 5), 0)]
)
def test_an_input_with_steps_and_entries_swapped_is_warned_of(exp, shape, said):
    hxsnn.Neuron(3, exp)(hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(torch.zeros(shape))))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        hxsnn.run(exp, 30)
    assert [str(one.message).count("transpose(0, 1)") for one in found] == [1] * said
    assert all(one.filename == __file__ for one in found)


@pytest.mark.parametrize("runtime", [0, -1, 10.5, "10", True])
def test_runtime_is_a_whole_number_of_steps(exp, runtime):
    hxsnn.Synapse(5, 3, exp)(hxsnn.NeuronHandle(torch.zeros(5, 1, 5)))
    with pytest.raises(ParameterError, match="runtime"):
        hxsnn.run(exp, runtime)


@pytest.mark.parametrize("dt", [0.0, -1e-6, float("nan")])
def test_step_is_positive(dt):
    with pytest.raises(ParameterError, match="dt"):
        hxsnn.Experiment(dt=dt)


@pytest.mark.parametrize("size", [0, -3, 2.0, "2", True])
def test_sizes_are_positive_whole_numbers(exp, size):
    for make in (hxsnn.Neuron, hxsnn.ReadoutNeuron, hxsnn.InputNeuron):
        with pytest.raises(ParameterError, match="size"):
            make(size, exp)
    with pytest.raises(ParameterError, match="in_features"):
        hxsnn.Synapse(size, 3, exp)


def test_arguments_of_neurons(exp):
    with pytest.warns(ParameterWarning, match="no argument 'thresh'.*did you mean 'threshold'"):
        unit.lif(3, exp, thresh=1.0)
    with pytest.warns(ParameterWarning, match="no argument 'threshold'"):
        unit.li(3, exp, threshold=1.0)
    with pytest.raises(ParameterError, match="method"):
        unit.lif(3, exp, method="no such")
    with pytest.raises(ParameterError, match="interpolation_mode"):
        unit.lif(3, exp, interpolation_mode="cubic")
    with pytest.raises(ParameterError, match="cadc_time_shift"):
        unit.lif(3, exp, cadc_time_shift=0.5)
    with pytest.raises(ParameterError, match="tau_mem of LIF: value: got '6 us'"):
        unit.lif(3, exp, tau_mem="6 us")


@pytest.mark.parametrize("alpha", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("module", [unit.lif, unit.iaf, unit.aelif])
def test_steepness_is_finite_and_not_negative(exp, module, alpha):
    with pytest.raises(ParameterError, match=f"alpha: got {alpha}"):
        module(3, exp, alpha=alpha)


@pytest.mark.parametrize("name", ["trace_scale", "trace_offset"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(4), r"got shape \(4,\), wanted one number or \(3,\)"),
        (np.ones((1, 3)), r"got shape \(1, 3\)"),
        (float("nan"), "NaN"),
        ({0: 1.0, 1: float("inf"), 2: 1.0}, "infinity"),
        ("1", "got str, wanted a number"),
        (None, "got NoneType, wanted a number"),
    ],
)
def test_scaling_of_traces_is_finite_and_has_a_value_per_neuron(exp, name, value, message):
    with pytest.raises(ParameterError, match=f"{name}: .*{message}"):
        unit.lif(3, exp, **{name: value})


def test_numbers_of_numpy_are_numbers(exp):
    times = {"tau_mem": np.float32(8e-6), "refractory_time": np.float64(2e-6)}
    lif = unit.lif(
        np.int64(3), exp, cadc_time_shift=np.int64(2), enable_madc_recording=True, record_neuron_id=np.int64(1), **times
    )
    assert lif.madc_index == 1
    assert lif.readout.time_shift == 2
    assert lif.tau_mem.model_value == np.float32(8e-6)
    assert type(lif.tau_mem.model_value) is float


@pytest.mark.parametrize("experiment", [None, hxsnn.ExecutionInstance(), torch.nn.Linear(2, 2)])
def test_modules_belong_to_an_experiment(experiment):
    for make in (hxsnn.Neuron, hxsnn.InputNeuron, lambda size, experiment: hxsnn.Synapse(size, size, experiment)):
        with pytest.raises(ExperimentError, match=f"got {type(experiment).__name__} for the experiment"):
            make(3, experiment)
