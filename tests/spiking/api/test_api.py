"""Names and parameters that user scripts rely on, as data."""

import importlib
import inspect
import subprocess
import sys
import typing

import pytest

import hxtorch

EXPERIMENT = ["mock", "dt", "hw_routing_func", "calib_path"]
RECORDING = [
    "enable_cadc_recording", "enable_cadc_recording_placement_in_dram", "enable_madc_recording", "record_neuron_id",
    "placement_constraint", "trace_offset", "trace_scale", "cadc_time_shift", "shift_cadc_to_first",
    "interpolation_mode", "neuron_structure",
]  # fmt: skip
NAMES = {
    "spiking.run": ["experiment", "runtime"],
    "spiking.Experiment": EXPERIMENT,
    "spiking.Experiment.clear": None,
    "spiking.Experiment.default_execution_instance": None,
    "spiking.Experiment.connect": ["self", "module", "input_handles", "output_handle"],
    "spiking.Experiment.get_hw_results": ["self", "runtime"],
    "spiking.Experiment.load_calib": ["self", "calib_path"],
    "spiking.experiment.Experiment": EXPERIMENT,
    "spiking.experiment.NeuronPlacement": [],
    "spiking.experiment.NeuronPlacement.register_id": ["self", "neuron_id", "shape", "placement_constraint"],
    "spiking.experiment.NeuronPlacement.id2logicalneuron": ["self", "neuron_id"],
    "spiking.execution_info.ExecutionInfo": None,
    "spiking.execution_instance.ExecutionInstance": ["calib_path"],
    "spiking.execution_instance.ExecutionInstance.load_calib": ["self", "calib_path"],
    "spiking.ExecutionInstance": ["calib_path", "calib_cache_dir", "input_loopback", "strict"],
    "spiking.experiment.BaseExperiment": None,
    "spiking.Experiment.register_population": ["self", "module"],
    "spiking.Experiment.register_projection": ["self", "module"],
    "spiking.Experiment.wrap_modules": ["self", "modules", "func"],
    "spiking.Experiment.connect_wrapper": None,
    "spiking.backend.module_manager.BaseModuleManager": None,
    "spiking.backend.module_manager.ModuleManager": [],
    "spiking.backend.module_manager.ModuleManager.add_node": ["self", "module", "sources", "target"],
    **{
        f"spiking.backend.module_manager.ModuleManager.{name}": None
        for name in (
            "add_wrapper", "changed_since_last_run", "clear", "done", "find_edges", "get_id_by_module",
            "get_module_by_id", "has_module", "input_data", "pre_process", "reset_changed_since_last_run",
            "source_populations", "target_populations",
        )
    },
    "spiking.HXBaseExperimentModule": None,
    "spiking.HXModuleWrapper": None,
    "spiking.HXModuleWrapper.contains": None,
    "spiking.HXModuleWrapper.exec_forward": None,
    "spiking.HXModuleWrapper.update": None,
    "spiking.Recurrent": ["experiment", "neuron", "synapse"],
    "spiking.RecurrentNetwork": ["experiment", "populations", "links"],
    "spiking.HXModule.changed_since_last_run": None,
    "spiking.HXModule.reset_changed_since_last_run": None,
    "spiking.modules.InputNeuron.add_to_input_generator": None,
    "spiking.modules.InputNeuron.add_to_network_graph": None,
    "spiking.Synapse.add_to_network_graph": ["self", "pre", "post", "builder"],
    "spiking.Synapse.register_hw_entity": None,
    "spiking.modules.SparseSynapse.add_to_network_graph": ["self", "pre", "post", "builder"],
    "spiking.Neuron.add_to_network_graph": ["self", "builder"],
    "spiking.Neuron.configure_hw_entity": ["self", "neuron_id", "neuron_block", "coord"],
    "spiking.Neuron.register_hw_entity": None,
    "spiking.Neuron.create_default_hw_entity": None,
    "spiking.IAFNeuron.configure_hw_entity": ["self", "neuron_id", "neuron_block", "coord"],
    "spiking.morphology.Morphology.compartments": None,
    "spiking.morphology.Morphology.implement_morphology": ["self", "coord", "neuron_block"],
    "spiking.morphology.Morphology.logical_neuron": None,
    "spiking.morphology.Morphology.disable_leak": ["coord", "neuron_block"],
    "spiking.morphology.Morphology.disable_spiking": ["coord", "neuron_block"],
    "spiking.morphology.Morphology.enable_madc_recording": ["coord", "neuron_block", "readout_source"],
    "spiking.morphology.Morphology.set_spike_recording": ["enable", "coord", "neuron_block"],
    "spiking.morphology.SingleCompartmentNeuron": ["size", "expand_horizontally"],
    "spiking.observables.AnalogObservable": None,
    "spiking.observables.HardwareObservables": None,
    "spiking.from_nir": None,
    "spiking.ConversionConfig": None,
    "spiking.to_nir": None,
    "spiking.from_nir_data": None,
    "spiking.to_nir_data": None,
    "spiking.save_checkpoint": ["path", "model", "optimizer", "scheduler", "generators"],
    "spiking.load_checkpoint": ["path", "model", "optimizer", "scheduler", "generators"],
    "spiking.utils.readout_source.ReadoutSource": None,
    "spiking.utils.dynamic_range.boundary.get_dynamic_range": ["neuron_structure", "calib_path", "params"],
    "spiking.utils.dynamic_range.threshold.get_trace_scaling": ["params", "calib_path", "neuron_structure"],
    "spiking.utils.dynamic_range.weight_scaling.get_weight_scaling": [
        "params", "weight_step", "calib_path", "neuron_structure",
    ],
    "spiking.utils.dynamic_range.helper.ConstantCurrentMixin.configure_hw_entity": [
        "self", "neuron_id", "neuron_block", "coord",
    ],
    "spiking.utils.dynamic_range.boundary.Boundaries": ["params", "calib_path", "batch_size", "neuron_structure"],
    "spiking.utils.dynamic_range.threshold.Threshold": ["params", "calib_path", "batch_size", "neuron_structure"],
    "spiking.utils.dynamic_range.weight_scaling.WeightScaling": [
        "params", "calib_path", "batch_size", "trace_scale", "neuron_structure",
    ],
    "spiking.utils.calib_helper.target_from_calix_native": ["path"],
    "spiking.handle.TensorHandle": None,
    "spiking.handle.NeuronHandle": ["spikes"],
    "spiking.NeuronHandle": ["spikes", "membrane_cadc", "current", "membrane_madc"],
    "spiking.handle.ReadoutNeuronHandle": None,
    "spiking.handle.SynapseHandle": ["graded_spikes"],
    "spiking.SynapseHandle": ["graded_spikes"],
    "spiking.HXModule": ["experiment", "func"],
    "spiking.HXModule.exec_forward": ["self", "input", "output", "hw_map"],
    "spiking.HXModule.func": None,
    "spiking.HXModule.forward_func": None,
    "spiking.HXModule.post_process": ["self", "hw_data", "runtime"],
    "spiking.modules.types.Population": None,
    "spiking.modules.types.Projection": None,
    "spiking.InputNeuron": ["size", "experiment"],
    "spiking.Synapse": [
        "in_features", "out_features", "experiment", "execution_instance", "chip_coordinate", "device", "dtype",
        "transform", "plasticity_rule", "func",
    ],
    "spiking.Synapse.reset_parameters": ["self"],
    "spiking.Neuron": [
        "size", "experiment", "leak", "reset", "threshold", "tau_mem", "tau_syn", "i_synin_gm", "membrane_capacitance",
        "refractory_time", "synapse_dac_bias", "holdoff_time", "method", "alpha", "execution_instance",
        "enable_spike_recording", *RECORDING,
    ],
    "spiking.ReadoutNeuron": [
        "size", "experiment", "leak", "tau_mem", "tau_syn", "i_synin_gm", "membrane_capacitance", "synapse_dac_bias",
        "execution_instance", *RECORDING,
    ],
    "spiking.Neuron.mask": None,
    "spiking.IAFNeuron": [
        "size", "experiment", "reset", "threshold", "tau_mem", "tau_syn", "i_synin_gm", "membrane_capacitance",
        "refractory_time", "synapse_dac_bias", "holdoff_time", "method", "alpha", "execution_instance",
        "enable_spike_recording", *RECORDING,
    ],
    "spiking.IAFNeuron.output_type": None,
    "spiking.NeuronExp": ["size", "experiment", "leak", "reset", "threshold", "tau_mem", "tau_syn"],
    "spiking.ReadoutNeuronExp": ["size", "experiment", "leak", "tau_mem", "tau_syn"],
    "spiking.BatchDropout": ["size", "dropout", "experiment", "func", "drop_inputs"],
    "spiking.BatchDropout.mask": None,
    "spiking.BatchDropout.set_mask": None,
    "spiking.SparseSynapse": [
        "connections", "experiment", "execution_instance", "chip_coordinate", "device", "dtype", "transform", "func",
    ],
    "spiking.modules.EventPropLIF": ["size", "experiment", "leak", "reset", "threshold", "tau_mem", "tau_syn"],
    "spiking.modules.EventPropSynapse": [
        "in_features", "out_features", "experiment", "execution_instance", "chip_coordinate", "device", "dtype",
        "transform", "plasticity_rule", "func",
    ],
    "spiking.HXParameter": ["value"],
    "spiking.ModelParameter": ["model_value"],
    "spiking.MixedHXModelParameter": ["model_value", "hardware_value"],
    "spiking.HXTransformedModelParameter": ["model_value", "transform_func"],
    "spiking.parameter.HXBaseParameter.make_trainable": ["self"],
    "spiking.functional.SuperSpike": None,
    "spiking.functional.superspike.superspike_func": ["input", "alpha"],
    "spiking.functional.input_neuron": ["input", "hw_data"],
    "spiking.functional.linear": ["input", "weight", "bias"],
    "spiking.functional.exp_cuba_li_integration": ["input", "leak", "tau_syn_exp", "tau_mem_exp", "hw_data"],
    "spiking.functional.exp_cuba_lif_integration": [
        "input", "leak", "reset", "threshold", "tau_syn_exp", "tau_mem_exp", "method", "alpha", "hw_data",
    ],
    "spiking.functional.linear_exponential_clamp": ["inputs", "weight", "bias", "cap", "start_weight", "quantize"],
    "spiking.functional.linear_sparse": ["input", "weight", "connections", "bias"],
    "spiking.functional.EventPropLIFFunction": None,
    "spiking.functional.EventPropSynapseFunction": None,
    "spiking.functional.exact_lif_spike_times": ["input", "weight", "params", "end", "max_spikes"],
    "spiking.functional.batch_dropout": ["input", "mask"],
    "spiking.functional.iaf.CUBAIAFParams": None,
    "spiking.functional.iaf.cuba_iaf_integration": ["input", "params", "hw_data", "dt"],
    "spiking.functional.iaf.cuba_refractory_iaf_integration": ["input", "params", "hw_data", "dt"],
    "spiking.functional.iaf.iaf_step": ["z", "v", "i", "input", "z_hw", "v_hw", "params", "dt"],
    "spiking.functional.iaf.IAF": None,
    "spiking.functional.threshold": ["input", "method", "alpha"],
    "spiking.functional.lif.CUBALIFParams": None,
    "spiking.functional.lif.cuba_lif_integration": ["input", "params", "hw_data", "dt"],
    "spiking.functional.lif.LIF": None,
    "spiking.functional.li.CUBALIParams": None,
    "spiking.functional.li.cuba_li_integration": ["input", "params", "hw_data", "dt"],
    "spiking.functional.li.LI": None,
    "spiking.functional.refractory.refractory_update": ["z", "v", "ref_state"],
    "spiking.functional.unterjubel.Unterjubel": None,
    "spiking.transforms.decode.MaxOverTime": None,
    "spiking.transforms.decode.MeanOverTime": None,
    "spiking.transforms.decode.SumOverTime": None,
    "spiking.transforms.encode.CoordinatesToSpikes": ["seq_length", "t_early", "t_late", "dt", "t_bias", "device"],
    "spiking.transforms.encode.PixelsToSpikeTimes": ["tau", "threshold", "t_max", "epsilon"],
    "spiking.transforms.encode.SpikeTimesToDense": ["bin_width", "size"],
    "spiking.transforms.encode.SpikeTimesToSparseTensor": ["bin_width", "size"],
    "spiking.transforms.weight_transforms.linear_saturating": ["weight", "scale", "min_weight", "max_weight"],
    "spiking.datasets.yinyang.YinYangDataset": ["r_small", "r_big", "size", "seed", "transform"],
    "spiking.datasets.yinyang.YinYangDataset.get_sample": ["self", "goal"],
    "spiking.datasets.yinyang.YinYangDataset.which_class": ["self", "x", "y"],
    "spiking.datasets.yinyang.YinYangDataset.dist_to_left_dot": ["self", "x", "y"],
    "spiking.datasets.yinyang.YinYangDataset.dist_to_right_dot": ["self", "x", "y"],
    "spiking.utils.calib_helper.nightly_calib_path": ["name"],
    "spiking.utils.calib_helper.nightly_calix_native_path": ["name"],
    "spiking.utils.calib_helper.calib_from_calix_native": ["path"],
    "spiking.utils.calib_helper.chip_from_file": ["path"],
    "spiking.utils.calib_helper.chip_from_portable_binary": ["data"],
    "spiking.utils.model_mapper.MixinHXModelMapper": None,
    "spiking.utils.model_mapper.MixinHXModelMapper.map_from": ["self", "state_dict", "mapping", "map_all"],
    "examples.spiking.yinyang_model.Model": ["encoder", "network", "decoder", "readout_scale"],
    "examples.spiking.yinyang_model.Model.regularize": [
        "self", "reg_readout", "reg_bursts", "reg_w_hidden", "reg_w_output",
    ],
    "examples.spiking.yinyang_model.SNN": [
        "n_in", "n_hidden", "n_out", "mock", "dt", "tau_mem", "tau_syn", "alpha", "trace_shift_hidden",
        "trace_shift_out", "weight_init_hidden", "weight_init_output", "weight_scale", "trace_scale",
        "input_repetitions", "synapse_type", "neuron_type", "hidden_cadc_recording", "device", "calib_path",
    ],
    "examples.spiking.calib_neuron.main": ["args"],
    "examples.spiking.mock_scaling": None,
    "examples.spiking.yinyang.get_parser": [],
    "examples.spiking.yinyang.main": ["args"],
    "examples.spiking.yinyang.plot": ["train_loss", "train_acc", "test_loss", "test_acc", "args"],
    "examples.spiking.yinyang.test": ["model", "loader", "args", "epoch"],
    "examples.spiking.yinyang.train": ["model", "loader", "optimizer", "args", "epoch"],
}  # fmt: skip


def resolve(dotted):
    parts = f"hxtorch.{dotted}".split(".")
    for end in range(len(parts), 0, -1):
        try:
            target = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        if end == len(parts):  # a submodule of the name of a function in its package: users get the function
            target = getattr(importlib.import_module(".".join(parts[:-1])), parts[-1])
        for part in parts[end:]:
            target = getattr(target, part)
        return target
    raise AssertionError(dotted)


def names_of(target):
    function = target.__init__ if inspect.isclass(target) else target
    names = []
    for parameter in list(inspect.signature(function).parameters.values())[inspect.isclass(target) :]:
        if parameter.name == "extra_params":
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            hint = typing.get_type_hints(function, include_extras=True)[parameter.name]
            declared = typing.get_args(hint)  # of Unpack[...]; else the keywords have no names
            names += typing.get_type_hints(declared[0]) if declared else []
        else:
            names.append(parameter.name)
    return names


@pytest.mark.parametrize("name", NAMES)
def test_name_is_there_and_takes_its_parameters_in_order(name):
    target = resolve(name)
    wanted = NAMES[name]
    if wanted is not None:
        assert [parameter for parameter in names_of(target) if parameter in wanted] == wanted


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("spiking.")])
def test_both_spellings_are_one_object(name):
    assert resolve(name) is resolve(name.replace("spiking.", "snn.", 1))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("LIF", "Neuron"),
        ("LI", "ReadoutNeuron"),
        ("LIFObservables", "NeuronHandle"),
        ("LIObservables", "ReadoutNeuronHandle"),
    ],
)
def test_names_of_other_versions_are_the_same_objects(name, other):
    assert getattr(hxtorch.spiking, name) is getattr(hxtorch.spiking, other)


def test_run_is_the_function():
    assert inspect.isfunction(hxtorch.spiking.run)
    assert inspect.isfunction(hxtorch.snn.run)
    assert hxtorch.snn is hxtorch.spiking


def test_examples_are_a_namespace_that_other_distributions_may_extend():
    import hxtorch.examples
    import hxtorch.examples.spiking

    assert hxtorch.examples.__file__ is None
    assert hxtorch.examples.spiking.__file__ is None


def test_completion_shows_public_names():
    """Of the frontend, and of what is measured and read by helpers."""
    helpers = ("boundary", "helper", "threshold", "weight_scaling")
    parts = ("", ".morphology", ".utils.calib_helper", *(f".utils.dynamic_range.{name}" for name in helpers))
    for part in parts:
        module = importlib.import_module(f"hxtorch.spiking{part}")
        names = {name for name in dir(module) if not name.startswith("__")}
        assert names
        assert not {name for name in names if name.startswith("_")}, part
        assert not names & {"Any", "Mapping", "TYPE_CHECKING", "annotations", "import_module", "np", "torch"}, part


def test_importing_the_frontend_does_not_import_what_only_a_chip_needs():
    code = "import sys, hxtorch.spiking; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    late = {"bss2_emulator.chip", "scipy", "networkx", "safetensors", "matplotlib"}
    late |= {f"hxtorch.core.{part}" for part in ("calibration", "fit", "routing.portfolio", "sessions.session")}
    assert not late & set(run.stdout.split())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::hxtorch.spiking.errors.ParameterWarning")
@pytest.mark.parametrize(
    ("model", "order"),
    [
        ("Neuron", ["leak", "reset", "threshold", "tau_mem"]),
        ("NeuronExp", ["leak", "reset", "threshold", "tau_mem"]),
        ("AELIF", ["leak", "reset", "threshold", "tau_mem"]),
        ("IAFNeuron", ["reset", "threshold", "tau_mem", "tau_syn"]),
        ("ReadoutNeuron", ["leak", "tau_mem", "tau_syn", "i_synin_gm"]),
        ("ReadoutNeuronExp", ["leak", "tau_mem", "tau_syn", "i_synin_gm"]),
    ],
)
def test_arguments_without_names_come_in_their_order(model, order):
    cls, experiment = getattr(hxtorch.spiking, model), hxtorch.spiking.Experiment(mock=True)
    neuron = cls(3, experiment, *range(1, 5), trace_scale=2.0)
    assert [getattr(neuron, name).model_value for name in order] == [1, 2, 3, 4]
    assert neuron.trace_scale == 2.0
    with pytest.raises(TypeError, match=f"multiple values for argument '{order[0]}'"):
        cls(3, experiment, 1, **{order[0]: 2})
    with pytest.raises(TypeError, match="got 99 positional arguments"):
        cls(3, experiment, *range(99))


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        ("LIFArguments", ["cadc_readout_source", "madc_readout_source", "func", "params"]),
        ("IAFArguments", ["cadc_readout_source", "madc_readout_source", "func", "params"]),
        ("LIArguments", ["cadc_readout_source", "madc_readout_source", "func", "params"]),
    ],
)
def test_arguments_that_were_added_come_last(arguments, extra):
    names = list(
        getattr(importlib.import_module("hxtorch.spiking.modules.neurons.arguments"), arguments).__annotations__
    )
    chip_only = ["e_coba_reversal", "e_coba_reference", "tau_icc"]
    assert names[-7:] == [*extra, *chip_only]
    assert names[-7 - len(RECORDING) : -7] == RECORDING
