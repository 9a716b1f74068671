"""Layers of neurons as the documents describe them: arguments, defaults, values in the model, what is said."""

import inspect

import pytest
import torch
import unit_layers as unit

from hxtorch import core
from hxtorch import snn as hxsnn
from hxtorch.spiking import functional
from hxtorch.spiking.errors import MissingNeuronError, ParameterError, ParameterWarning, SilentLayerWarning
from hxtorch.spiking.modules import neuron

MODELS = (hxsnn.AELIF, hxsnn.LIF, hxsnn.LI, hxsnn.IAFNeuron)
TUTORIAL = (10, 15, 20, 30)


@pytest.fixture
def mock():
    return hxsnn.Experiment(mock=True, dt=1e-6)


def spikes(*steps, length=50, size=1):
    x = torch.zeros(length, 1, size)
    x[list(steps)] = 1
    return x


def run(layer, weight, x, runtime=None):
    synapse = hxsnn.Synapse(x.shape[2], layer.size, layer.experiment)
    torch.nn.init.constant_(synapse.weight, weight)
    handle = layer(synapse(hxsnn.NeuronHandle(x)))
    hxsnn.run(layer.experiment, runtime)
    return handle


def test_mock_cell_of_the_tutorial_rests_at_80_and_peaks_near_124(mock):
    z = run(hxsnn.Neuron(1, mock), 50.0, spikes(*TUTORIAL))
    assert z.membrane_cadc.min().item() == pytest.approx(80, abs=0.1)
    assert z.membrane_cadc.max().item() == pytest.approx(124, abs=1)
    assert z.spikes.sum() in (1, 2)


@pytest.mark.parametrize("model", MODELS)
def test_signature_and_help_show_all_arguments_with_defaults_and_units(model):
    shown = inspect.signature(model).parameters
    assert list(shown)[:2] == ["size", "experiment"]
    assert list(shown)[-1] == "extra_params"
    assert shown["extra_params"].kind is inspect.Parameter.VAR_KEYWORD
    for name, parameter in list(shown.items())[2:-1]:
        assert parameter.default is not inspect.Parameter.empty
        assert f"    {name}: " in model.__doc__
    assert (shown["tau_mem"].default, shown["synapse_dac_bias"].default) == (10e-6, 600)
    assert "tau_mem: Membrane time constant in seconds. Default 1e-05." in model.__doc__
    assert inspect.signature(model.__init__).parameters.keys() - shown.keys() == {"self"}


def test_a_subclass_has_the_signature_that_it_writes():
    class Own(hxsnn.LIF):
        def __init__(self, experiment, gain):
            super().__init__(3, experiment, 70, threshold=130)
            self.gain = gain

    assert list(inspect.signature(Own).parameters) == ["experiment", "gain"]
    own = Own(hxsnn.Experiment(mock=True), 2)
    assert (own.size, own.leak.model_value, own.threshold.model_value) == (3, 70, 130)


def test_names_of_both_generations_are_one_object_and_inherit_as_documented():
    assert neuron.LIF is hxsnn.Neuron
    assert neuron.LI is hxsnn.ReadoutNeuron
    assert issubclass(neuron.LIF, neuron.AELIF)
    assert issubclass(neuron.LI, neuron.AELIF)
    assert issubclass(hxsnn.IAFNeuron, hxsnn.Neuron)
    assert issubclass(neuron.EventPropLIF, neuron.LIF)
    assert issubclass(neuron.NeuronExp, neuron.LIF)
    assert issubclass(neuron.ReadoutNeuronExp, neuron.LI)
    assert hxsnn.ReadoutNeuron.output_type is hxsnn.ReadoutNeuronHandle


def test_older_positions_are_told_by_a_function_or_parameters(mock):
    params = functional.CUBALIFParams(leak=0.1)
    older = hxsnn.Neuron(3, mock, functional.cuba_lif_integration, params, True, False, True, 2, None, 1.5, 2.0, 1)
    assert older.func is functional.cuba_lif_integration
    assert older.params.leak == 0.1
    assert (older.enable_cadc_recording, older.enable_madc_recording, older.record_neuron_id) == (False, True, 2)
    assert (older.offset, older.scale, older.cadc_time_shift) == (1.5, 2.0, 1)
    assert hxsnn.Neuron(3, mock, None, params).params.leak == 0.1
    readout = hxsnn.ReadoutNeuron(3, mock, functional.LI, functional.CUBALIParams(), False)
    assert (readout.func, readout.enable_cadc_recording) == (functional.LI, False)
    assert hxsnn.Neuron(3, mock, 70, 75).reset.model_value == 75


def test_unknown_arguments_name_the_nearest_and_known_extra_parameters_are_kept(mock):
    with pytest.warns(ParameterWarning, match="'tau_men'.*did you mean 'tau_mem'"):
        hxsnn.LIF(2, mock, tau_men=3e-6)
    with pytest.warns(ParameterWarning, match="knows no argument 'anything'"):
        layer = hxsnn.IAFNeuron(2, mock, anything=3)
    assert "anything" not in layer.params_dict()
    layer = hxsnn.LIF(2, mock, e_coba_reversal=(200.0, 20.0))
    assert layer.params_dict()["e_coba_reversal"].model_value.tolist() == [200, 20]
    assert layer.hardware_values()["e_coba_reversal"].tolist() == [[200, 200], [20, 20]]


def test_conductance_based_inputs_reach_the_chip(ideal_chip):
    """A spike moves a membrane less, the closer it is to the reversal potential."""
    heights = []
    for extra in ({}, {"e_coba_reversal": (150.0, 20.0), "e_coba_reference": (80.0, 80.0)}):
        exp = hxsnn.Experiment(dt=1e-6)
        beside = hxsnn.LI(1, exp)
        layer = hxsnn.LI(1, exp, **extra)
        synapses = [hxsnn.Synapse(4, 1, exp) for _ in range(2)]
        for synapse in synapses:
            torch.nn.init.constant_(synapse.weight, 60)
        x = hxsnn.NeuronHandle(spikes(10, length=60, size=4))
        first, second = beside(synapses[0](x)), layer(synapses[1](x))
        hxsnn.run(exp, 60)
        heights.append([float(y.membrane_cadc.detach().max() + 48) for y in (first, second)])
    assert heights[0][0] == pytest.approx(heights[1][0], abs=1.5)
    assert heights[1][1] < 0.9 * heights[0][1]


def test_membrane_of_a_slower_neuron_starts_as_steeply(mock):
    """C dv/dt = (C / tau_mem) (leak - v) + i with C of 10 us, code 63."""
    first = [run(hxsnn.LI(1, mock, leak=0.0, tau_mem=tau), 1.0, spikes(3)).membrane_cadc[4] for tau in (10e-6, 20e-6)]
    assert first[0].item() == first[1].item() == pytest.approx(0.1)
    y = run(hxsnn.LI(1, mock, leak=0.0, membrane_capacitance=31.5), 1.0, spikes(3))
    assert y.membrane_cadc[4].item() == pytest.approx(0.2)
    older = run(hxsnn.LI(1, mock, params=functional.CUBALIParams(tau_mem=20e-6)), 1.0, spikes(3))
    assert older.membrane_cadc[4].item() == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("given", "model", "chip"),
    [(63, 10e-6, 63), (21, 10e-6 / 3, 21), (10e-6, 10e-6, 63), (5e-6, 5e-6, 32), (hxsnn.HXParameter(63), 10e-6, 63)],
)
def test_plain_capacitance_is_a_code_or_seconds(mock, given, model, chip):
    capacitance = hxsnn.LIF(2, mock, membrane_capacitance=given).membrane_capacitance
    assert capacitance.model_value == pytest.approx(model)
    assert capacitance.hardware_value == chip


def test_capacitance_that_is_neither_warns(mock):
    with pytest.warns(ParameterWarning, match="membrane_capacitance = 0.5 is neither"):
        hxsnn.LIF(2, mock, membrane_capacitance=0.5)


@pytest.mark.parametrize("model", [hxsnn.LIF, hxsnn.LI, hxsnn.AELIF, hxsnn.IAFNeuron])
def test_times_that_no_chip_has_warn_in_mock_mode_and_go_on(mock, model):
    with pytest.warns(ParameterWarning, match=r"tau_mem = 10 s.*for 10 us write tau_mem=10e-6"):
        model(2, mock, tau_mem=10.0)
    model(2, hxsnn.Experiment(), tau_mem=10.0)  # there the calibration says so
    assert model(2, mock, tau_mem=None).tau_mem.model_value is None


def test_times_that_are_set_are_looked_at_as_those_of_arguments(mock):
    layer = hxsnn.LIF(2, mock)
    with pytest.warns(ParameterWarning, match=r"LIF\(size=2\): tau_syn = 10 s.*write tau_syn=10e-6"):
        layer.tau_syn = 10.0
    layer.tau_syn, layer.leak = 8e-6, 70.0
    with pytest.warns(ParameterWarning, match=r"tau_adap = 100 s is outside.*write tau_adap=100e-6"):
        hxsnn.AELIF(2, mock, tau_adap=hxsnn.ModelParameter(100.0))


@pytest.mark.parametrize(("given", "model", "code"), [(50e-6, 50e-6, 200), (200, 50e-6, 200), (None, 100e-6, 100)])
def test_plain_time_constant_of_the_adaptation_is_a_code_or_seconds(mock, given, model, code):
    """10 ms / code."""
    layer = hxsnn.AELIF(2, mock, **({} if given is None else {"tau_adap": given}))
    assert layer.tau_adap.model_value == pytest.approx(model)
    assert layer.tau_adap.hardware_value == code
    layer.tau_adap = torch.tensor([50e-6, 100e-6])
    assert layer.tau_adap.hardware_value.tolist() == [200, 100]


def test_coarse_steps_warn(mock):
    with pytest.warns(ParameterWarning, match=r"tau_syn = 4e-06 s is 4 steps.*Experiment\(dt=8e-07\)"):
        hxsnn.LIF(2, mock, tau_syn=4e-6)
    hxsnn.LIF(2, mock, tau_syn=5e-6)


def test_errors_of_steps_name_the_layer_and_the_parameter(mock):
    with pytest.warns(ParameterWarning):
        layer = hxsnn.LIF(8, mock, tau_mem=4e-7)
    with pytest.raises(ParameterError, match=r"LIF\(size=8\): tau_mem: got 4e-07 s"):
        run(layer, 1.0, spikes(3))
    with pytest.raises(ParameterError, match=r"LIF\(size=8\): tau_mem: got None"):
        run(hxsnn.LIF(8, hxsnn.Experiment(mock=True), tau_mem=None), 1.0, spikes(3))


def test_threshold_that_no_chip_reaches_is_refused_at_once_with_the_lines_to_write(ideal_chip):
    layer = hxsnn.LIF(2, hxsnn.Experiment(), leak=0.0, reset=0.0, threshold=1.0)
    with pytest.raises(ParameterError) as error:
        run(layer, 30.0, spikes(3), 30)
    for line in ("leak=MixedHXModelParameter(0.0, 80)", "threshold=MixedHXModelParameter(1.0, 125)", "50 to 220"):
        assert line in str(error.value)


@pytest.mark.parametrize("name", ["leak", "reset"])
@pytest.mark.parametrize("value", [0.0, 250.0])
def test_leak_and_reset_that_no_chip_reaches_are_refused_at_once(ideal_chip, name, value):
    layer = hxsnn.LIF(2, hxsnn.Experiment(), **{name: value})
    words = rf"{name} is {value:g}, which needs 50 to 160 LSB .* {name}=MixedHXModelParameter\({value}, 80\)"
    with pytest.raises(ParameterError, match=words):
        run(layer, 30.0, spikes(3), 30)


def test_layer_that_never_fires_warns_once(mock):
    layer = hxsnn.LIF(2, mock)
    for said in (0, 0, 1, 0):
        if said:
            with pytest.warns(SilentLayerWarning, match=r"LIF\(size=2\).*threshold=MixedHXModelParameter\(1.0, 125\)"):
                run(layer, 0.3, spikes(3))
        else:
            run(layer, 0.0 if not layer._heard else 0.3, spikes(3))


def test_layer_of_unit_potentials_is_not_told_to_have_them(mock):
    layer = unit.lif(2, mock)
    with pytest.warns(SilentLayerWarning, match=r"write larger weights, as by reset_parameters\(mean, std\)$"):
        run(layer, 0.3, spikes(3))


def test_refractory_time_without_firing_warns(mock):
    with pytest.warns(ParameterWarning, match="refractory_time without fire"):
        hxsnn.AELIF(2, mock, fire=False, refractory_time=2e-6)


def test_adaptive_neurons_have_all_terms_unless_told(mock):
    """Today's defaults."""
    assert hxsnn.AELIF(2, mock).step == functional.CuBaStepCode(True, True, True, True, True, True)
    assert hxsnn.AELIF(2, mock, chip_coordinate=0).registers.pulse_scale == (5, 5)
    with pytest.raises(ParameterError, match="one chip"):
        hxsnn.AELIF(2, mock, chip_coordinate=1)


def test_handle_has_what_the_terms_have(mock):
    x = spikes(*TUTORIAL)
    z = run(hxsnn.AELIF(1, mock), 50.0, x)
    fields = ("membrane_cadc", "membrane_madc", "current", "adaptation_cadc", "adaptation_madc", "spikes")
    assert sorted(z._carries) == sorted(fields)
    assert type(z) is type(hxsnn.Handle(*fields))
    assert z.adaptation_cadc.shape == (50, 1, 1)
    assert "adaptation_cadc" in run(hxsnn.AELIF(1, mock, fire=False), 50.0, x)._carries
    assert type(run(unit.aelif(1, mock), 1.0, x)) is hxsnn.NeuronHandle
    assert run(unit.aelif(1, mock), 1.0, x).adaptation_cadc is None
    assert not hasattr(run(hxsnn.AELIF(1, mock, fire=False), 50.0, x), "spikes")
    assert not hasattr(run(hxsnn.LI(1, mock), 50.0, x), "spikes")


def test_mask_can_be_set_and_holds(mock):
    layer = unit.lif(3, mock)
    layer.mask = torch.tensor([True, False, True])
    for _ in range(2):
        assert run(layer, 5.0, spikes(3, 9)).spikes.sum((0, 1)).bool().tolist() == [True, False, True]
    layer.mask = None
    assert run(layer, 5.0, spikes(3, 9)).spikes.sum((0, 1)).all()
    with pytest.raises(ValueError, match=r"mask of LIF.*got shape \(2,\)"):
        layer.mask = torch.ones(2)


def test_places_are_one_for_each_neuron(mock):
    with pytest.raises(ValueError, match="placement_constraint: got 1 places, wanted one for each of 3"):
        hxsnn.Neuron(3, mock, placement_constraint=[core.LogicalNeuronOnDLS()])


def test_registers_are_asked_for_by_numbers_inside_the_population(ideal_chip):
    seen = {}

    class Seen(hxsnn.Neuron):
        def configure_hw_entity(self, neuron_id, neuron_block, coord):
            seen.setdefault(self.size, []).append(neuron_id)
            return super().configure_hw_entity(neuron_id, neuron_block, coord)

    exp = hxsnn.Experiment()
    first, second = Seen(2, exp), Seen(3, exp)
    between = hxsnn.Synapse(2, 3, exp)
    second(between(first(hxsnn.Synapse(1, 2, exp)(hxsnn.NeuronHandle(torch.zeros(20, 1, 1))))))
    hxsnn.run(exp, 20)
    assert (sorted(set(seen[2])), sorted(set(seen[3]))) == ([0, 1], [0, 1, 2])
    assert (first.unit_ids.tolist(), second.unit_ids.tolist()) == ([0, 1], [2, 3, 4])


def test_leak_of_integrate_and_fire_neurons_is_off():
    block = core.NeuronBlock()
    block.atomic_neurons[0].leak.i_bias = 500
    layer = hxsnn.IAFNeuron(1, hxsnn.Experiment())
    block = layer.configure_hw_entity(0, block, core.LogicalNeuronOnDLS())
    assert block.atomic_neurons[0].leak.i_bias == 0
    assert hxsnn.Neuron.create_default_hw_entity() is not None  # no layer is asked for


def test_numbers_by_coordinate_hold_every_neuron_and_may_hold_more(ideal_chip):
    def layer(offset):
        return hxsnn.LI(2, hxsnn.Experiment(), placement_constraint=[3, 7], trace_offset=offset)

    more = {core.AtomicNeuronOnDLS(n): -48.0 for n in (1, 3, 7)}
    y = run(layer(more), 0.0, spikes(), 50)
    assert y.membrane_cadc.mean().item() == pytest.approx(0, abs=1.5)
    with pytest.raises(KeyError, match="got no value for"):
        run(layer({core.AtomicNeuronOnDLS(3): 0.0}), 0.0, spikes(), 50)
    assert issubclass(MissingNeuronError, ParameterError)
    with pytest.raises(ParameterError, match=r"wanted one number or \(2,\)"):
        layer(torch.zeros(3))


def test_readout_source_is_set_between_runs(ideal_chip):
    exp = hxsnn.Experiment()
    layer = unit.aelif(1, exp, spike_triggered_adaptation=True)
    z = run(layer, 0.0, spikes(), 50)
    assert z.membrane_cadc.mean().item() == pytest.approx(-48, abs=3)
    layer.cadc_readout_source = "adaptation"
    z = run(layer, 0.0, spikes(), 50)
    assert z.membrane_cadc[0].item() == 0  # not recorded: the numerics
    with pytest.raises(ParameterError, match="cadc_readout_source"):
        layer.cadc_readout_source = "nothing"
