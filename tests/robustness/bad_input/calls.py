"""A legal call of every public callable: what wrong values are put into, one argument after the other."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

import bss2_emulator
import hxtorch
from hxtorch import core
from hxtorch import perceptron as hxann
from hxtorch import spiking as hxsnn
from hxtorch.core import calibration
from hxtorch.spiking import functional
from hxtorch.spiking.transforms import decode, encode, weight_transforms

ROOMS = {
    "emulator": ("bss2_emulator",),
    "core": ("hxtorch", "hxtorch.core"),
    "calibration": ("hxtorch.core.calibration",),
    "perceptron": ("hxtorch.perceptron",),
    "nn": ("hxtorch.perceptron.nn",),
    "snn": ("hxtorch.spiking",),
    "functional": ("hxtorch.spiking.functional",),
    "transforms": tuple(module.__name__ for module in (encode, decode, weight_transforms)),
}
"""Modules whose callables count, by the name of a room."""

# What has no arguments of its own, what only carries what a chip gave, and what opens the chip of the process.
NOTHING_TO_CHECK = {
    "AELIFTraces", "IAFTraces", "LIFTraces", "LITraces", "CadcSamples", "MadcSamples", "MatrixRun", "SpikeCounters",
    "SpikingRun", "CADCHandle", "CADCSamples", "Calibrator", "Connection", "ConstantCurrentType", "CorrelationCodes",
    "Difference", "ExecutionInfo", "FitReport", "LabelEvents", "MADCHandle", "MADCSamples", "MatrixResult",
    "MatrixUnit", "NetworkBuilder", "NetworkGraph", "Operation", "Router", "Routing", "SpikeEvents", "SpikeHandle",
    "SpikingResult", "SpikingUnit", "current_session", "get_mock_parameter", "init_hardware_minimal",
    "release_hardware", "step_by_step", "measure_mock_parameter", "Handle", "LIFObservables", "LIObservables",
    "NeuronHandle", "ReadoutNeuronHandle", "SynapseHandle", "TensorHandle", "EventPropLIFFunction",
    "EventPropSynapseFunction", "ExactEventPropFunction", "IAF", "LI", "LIF", "SuperSpike", "Unterjubel",
    "MaxOverTime", "MeanOverTime", "SumOverTime", "Layer", "MACLayer", "ConvNd", "NIRNetwork", "as_array",
    "AtomicNeuron", "HXBaseExperimentModule", "NeuronBlock", "draw_fit", "init_hardware", "Fidelity",
}  # fmt: skip


def spikes(*shape: int) -> torch.Tensor:
    return torch.zeros(shape)


def folder() -> Path:
    return Path(tempfile.gettempdir())


def network() -> Any:
    """A network of one projection, where it lies and what goes in."""
    builder = core.NetworkBuilder()
    source = builder.add(core.ExternalPopulation(3))
    target = builder.add(core.Population(np.arange(2)))
    builder.add(core.Projection(source, target, np.full((3, 2), 5)))
    return builder.done()


def graph() -> Any:
    found = network()
    return core.build_network_graph(found, core.build_routing(found))


def experiment() -> Any:
    return hxsnn.Experiment(mock=True, dt=1e-6)


def collected() -> Any:
    exp = experiment()
    hxsnn.Neuron(3, exp)(hxsnn.Synapse(4, 3, exp)(hxsnn.NeuronHandle(spikes(5, 2, 4))))
    return exp


def result() -> Any:
    return core.run(core.ChipConfiguration(), graph(), core.NetworkInputs(1000))


def connection() -> Any:
    return core.current_session().connection


def nominal() -> Any:
    return calibration.nominal_calibration(connection(), calibration.SpikingCalibTarget())


def events() -> Any:
    return core.InputEvents.silence()


def checkpoint() -> dict[str, Any]:
    model = torch.nn.Linear(2, 2)
    hxsnn.save_checkpoint(folder() / "bad_input_checkpoint", model)
    return {"path": folder() / "bad_input_checkpoint", "model": model, "same_chip": False}


def sequence() -> dict[str, Any]:
    return {"sequence": core.Sequence((core.MAC(np.ones((2, 2), np.int8)),)), "path": folder() / "bad_input_sequence"}


def stored() -> Path:
    return calibration.save(nominal(), folder() / "bad_input_calibration")


def layer(size: int = 3) -> dict[str, Any]:
    return {"size": size, "experiment": experiment()}


def recurrent() -> dict[str, Any]:
    exp = experiment()
    return {"experiment": exp, "neuron": hxsnn.Neuron(3, exp), "synapse": hxsnn.Synapse(3, 3, exp)}


def circle() -> dict[str, Any]:
    found = recurrent()
    one, link = found["neuron"], found["synapse"]
    return {"experiment": found["experiment"], "populations": [one], "links": [(one, one, link)]}


WEIGHTS, ACTIVATIONS = np.ones((4, 3), np.int8), np.ones((2, 4), np.uint8)
PARAMS = functional.CUBALIFParams()

LEGAL: dict[str, Callable[[], dict[str, Any]]] = {
    # emulator
    "bss2_emulator.Chip": dict,
    "bss2_emulator.ChipConfig": lambda: {"v_leak": 5, "weight": 3, "enable_leak": True, "crossbar_mask": 1},
    "bss2_emulator.Imperfections": dict,
    "bss2_emulator.Chip.run_spiking": lambda: {
        "self": bss2_emulator.Chip("a", "ideal"),
        "config": bss2_emulator.ChipConfig(),
        "runtime": 100,
        "event_times": [1],
        "event_labels": [2],
        "batch_offsets": [0, 1],
        "cadc_neurons": [1],
        "madc_neuron": 3,
    },
    "bss2_emulator.Chip.run_matrix": lambda: {
        "self": bss2_emulator.Chip("a", "ideal"),
        "config": bss2_emulator.ChipConfig(),
        "weights": WEIGHTS,
        "activations": ACTIVATIONS,
    },
    # core
    "CalibrationPath": lambda: {"value": "a"},
    "HWDBPath": dict,
    "get_unique_identifier": dict,
    "AtomicNeuronOnDLS": dict,
    "AtomicNeuronOnLogicalNeuron": dict,
    "BackgroundPopulation": lambda: {"size": 2},
    "BackgroundSpikeSource": lambda: {"period": 100},
    "CADCRecording": dict,
    "Chip": dict,
    "ChipConfiguration": lambda: {"v_leak": 5, "weight": 3, "enable_leak": True, "crossbar_mask": 1},
    "Execution": lambda: {
        "config": core.ChipConfiguration(),
        "network_graph": graph(),
        "inputs": core.NetworkInputs(1000),
    },
    "ExecutionInstanceHooks": dict,
    "ExternalPopulation": lambda: {"size": 2},
    "GroupRouter": lambda: {"mask": 3},
    "InputEvents": lambda: {"times": np.arange(2), "labels": np.arange(2), "batch_offsets": np.array([0, 2])},
    "LogicalNeuron": dict,
    "LogicalNeuronCompartments": dict,
    "LogicalNeuronOnDLS": dict,
    "MAC": lambda: {"weights": WEIGHTS},
    "MatrixProgram": lambda: {
        "configuration": core.ChipConfiguration(),
        "weights": WEIGHTS,
        "activations": ACTIVATIONS,
    },
    "Network": lambda: {"populations": {}, "projections": {}},
    "NetworkInputs": lambda: {"runtime": 100},
    "NeuronPlacement": dict,
    "Origin": lambda: {"instance": "a", "population": core.PopulationDescriptor(0)},
    "Population": lambda: {"neurons": np.arange(3)},
    "PopulationDescriptor": lambda: {"value": 1},
    "Projection": lambda: {
        "pre": core.PopulationDescriptor(0),
        "post": core.PopulationDescriptor(1),
        "weights": np.ones((2, 3), int),
    },
    "ProjectionDescriptor": lambda: {"value": 1},
    "Rearrangement": lambda: {"source": (2, 3), "index": np.arange(6)},
    "Recording": dict,
    "Sequence": lambda: {"operations": ()},
    "Session": lambda: {"connection": connection(), "setup": core.Setup()},
    "Setup": dict,
    "SpikeTrains": lambda: {"times": np.arange(2), "indices": np.arange(2), "batches": np.zeros(2, int)},
    "SpikingProgram": lambda: {"configuration": core.ChipConfiguration(), "runtime": 100, "events": events()},
    "TimedWrite": lambda: {"time": 3, "registers": {"v_leak": 3}},
    "build_network_graph": lambda: {"network": network(), "routing": core.build_routing(network())},
    "build_routing": lambda: {"network": network()},
    "calib_from_calix_native": lambda: {"path": stored()},
    "chip_from_file": lambda: {"path": stored()},
    "chip_from_portable_binary": lambda: {"data": stored().read_bytes()},
    "encode": lambda: {"network_graph": graph(), "inputs": core.NetworkInputs(100)},
    "extract_cadc": lambda: {"data": result(), "network_graph": graph(), "runtime": 1000},
    "extract_madc": lambda: {"data": result(), "network_graph": graph(), "runtime": 1000},
    "extract_spikes": lambda: {"data": result(), "network_graph": graph(), "runtime": 1000},
    "fit_report": lambda: {"network": network()},
    "grid_points": lambda: {"runtime": 100, "dt": 5},
    "in_cycles": lambda: {"dt": 1e-6},
    "load_sequence": lambda: {"path": core.save_sequence(**sequence())},
    "nightly_calib_path": lambda: {"name": "spiking", "connection": connection()},
    "nightly_calix_native_path": lambda: {"name": "spiking", "connection": connection()},
    "open_session": lambda: {"fidelity": "ideal"},
    "round_to_lsb": lambda: {"weight": np.ones(3)},
    "hxtorch.core.run": lambda: {
        "config": core.ChipConfiguration(),
        "network_graph": graph(),
        "inputs": core.NetworkInputs(1000),
    },
    "run_executions": lambda: {"executions": {}},
    "save_sequence": sequence,
    "set_thread_source": lambda: {"source": None},
    "tensor_to_spike_times": lambda: {"times": spikes(5, 2, 3), "dt": 1e-6},
    "update_network_graph": lambda: {"graph": graph(), "network": network()},
    "weight_to_connection": lambda: {"weight": np.ones((2, 3))},
    # calibration
    **dict.fromkeys(
        (
            "CADCCalibTarget",
            "CalibratedMatching",
            "CalibrationOptions",
            "CorrelationCalibTarget",
            "HagenCalibTarget",
            "HagenNeuronCalibTarget",
            "HagenSyninCalibTarget",
            "STPCalibTarget",
            "SpikingCalibTarget",
            "SynapseDriverCalibTarget",
        ),
        dict,
    ),
    "Calibrated": lambda: {"i_synin_gm": 500},
    "Uncalibrated": lambda: {"i_synin_gm": 500},
    "Calibration": lambda: {
        "target": calibration.SpikingCalibTarget(),
        "serial": "a",
        "fidelity": "",
        "registers": {},
        "success": np.ones(512, bool),
    },
    "calibrate": lambda: {"connection": connection(), "target": calibration.CADCCalibTarget()},
    "capacitance": lambda: {"capacitance_code": np.arange(3)},
    "check_parameters": lambda: {"calibration": nominal(), "values": {"leak": 80}},
    "differences": lambda: {"calibration": nominal(), "values": {"leak": 80}},
    "dumps": lambda: {"calibration": nominal()},
    "for_target": lambda: {"connection": connection(), "target": calibration.SpikingCalibTarget()},
    "load": lambda: {"path": stored()},
    "loads": lambda: {"data": stored().read_bytes()},
    "nominal_calibration": lambda: {"connection": connection(), "target": calibration.SpikingCalibTarget()},
    "nominal_registers": lambda: {"target": calibration.SpikingCalibTarget()},
    "path_for_target": lambda: {"connection": connection(), "target": calibration.SpikingCalibTarget()},
    "preset": lambda: {"name": "spiking"},
    "save": lambda: {"calibration": nominal(), "path": folder() / "bad_input_calibration"},
    "write_whole": lambda: {"path": folder() / "bad_input_file", "content": b"1"},
    # perceptron
    "InferenceTracer": lambda: {"filename": folder() / "bad_input_trace"},
    "MockParameter": dict,
    "add": lambda: {"input": torch.ones(2, 3), "other": torch.ones(2, 3), "mock": True},
    "argmax": lambda: {"input": torch.ones(2, 3), "dim": 1, "mock": True},
    "conv1d": lambda: {
        "input": torch.ones(2, 3, 8),
        "weight": torch.ones(4, 3, 3),
        "bias": torch.ones(4),
        "mock": True,
    },
    "conv2d": lambda: {
        "input": torch.ones(2, 3, 8, 8),
        "weight": torch.ones(4, 3, 3, 3),
        "bias": torch.ones(4),
        "mock": True,
    },
    "converting_relu": lambda: {"input": torch.ones(2, 3), "mock": True},
    "expanded_conv1d": lambda: {
        "input": torch.ones(2, 3, 8),
        "weight": torch.ones(4, 3, 3),
        "bias": torch.ones(4),
        "mock": True,
    },
    "inference_trace": lambda: {
        "input": torch.ones(2, 2),
        "filename": core.save_sequence(**sequence()),
    },
    "mac": lambda: {"x": torch.ones(2, 3), "weights": torch.ones(3, 4), "mock": True},
    "matmul": lambda: {"input": torch.ones(2, 3), "other": torch.ones(3, 4), "mock": True},
    "hxtorch.perceptron.relu": lambda: {"input": torch.ones(2, 3), "mock": True},
    "set_mock_parameter": lambda: {"parameter": hxann.MockParameter()},
    # nn
    "Conv1d": lambda: {"in_channels": 2, "out_channels": 3, "kernel_size": 3},
    "Conv2d": lambda: {"in_channels": 2, "out_channels": 3, "kernel_size": 3},
    "ExpandedConv1d": lambda: {"in_channels": 2, "out_channels": 3, "kernel_size": 3},
    "ConvertingReLU": dict,
    "ReLU": dict,
    "Linear": lambda: {"in_features": 2, "out_features": 3},
    "clamp_weight_": lambda: {"weight": torch.ones(2, 3)},
    "scale_input": lambda: {"x_in": torch.ones(2, 3)},
    "scale_weight": lambda: {"weight": torch.ones(2, 3)},
    # snn
    **dict.fromkeys(
        (
            "AELIF",
            "EventPropLIF",
            "IAFNeuron",
            "hxtorch.spiking.LI",
            "hxtorch.spiking.LIF",
            "Neuron",
            "NeuronExp",
            "ReadoutNeuron",
            "ReadoutNeuronExp",
            "InputNeuron",
        ),
        layer,
    ),
    "BatchDropout": lambda: {**layer(), "dropout": 0.5},
    "ConversionConfig": dict,
    "EventPropSynapse": lambda: {"in_features": 4, "out_features": 3, "experiment": experiment()},
    "Synapse": lambda: {"in_features": 4, "out_features": 3, "experiment": experiment()},
    "ExactEventPropLIF": lambda: {"in_features": 4, "out_features": 3, "params": PARAMS},
    "ExecutionInstance": dict,
    "Experiment": dict,
    "HXBaseParameter": lambda: {"hardware_value": 1.0, "model_value": 1.0},
    "HXModule": lambda: {"experiment": experiment()},
    "HXModuleWrapper": lambda: {"experiment": experiment()},
    "HXParameter": lambda: {"value": 1.0},
    "HXTransformedModelParameter": lambda: {"model_value": 1.0, "transform_func": lambda value: value},
    "MixedHXModelParameter": lambda: {"hardware_value": 1.0, "model_value": 1.0},
    "ModelParameter": lambda: {"model_value": 1.0},
    "Recurrent": recurrent,
    "RecurrentNetwork": circle,
    "SparseSynapse": lambda: {"connections": torch.ones(3, 4), "experiment": experiment()},
    "from_nir": lambda: {"graph": hxsnn.to_nir(collected())},
    "from_nir_data": lambda: {"nir_graph_data": hxsnn.to_nir_data({"a": spikes(5, 2, 4)})},
    "to_nir": lambda: {"snn": collected()},
    "to_nir_data": lambda: {"hxtorch_dict": {"a": spikes(5, 2, 4)}},
    "load_checkpoint": checkpoint,
    "save_checkpoint": lambda: {"path": folder() / "bad_input_checkpoint", "model": torch.nn.Linear(2, 2)},
    "hxtorch.spiking.run": lambda: {"experiment": collected(), "runtime": 5},
    # functional
    "CUBAIAFParams": dict,
    "CUBALIFParams": dict,
    "CUBALIParams": dict,
    "CuBaStepCode": dict,
    "batch_dropout": lambda: {"input": spikes(5, 2, 3), "mask": torch.ones(3)},
    "cuba_aelif_integration": lambda: {"input": spikes(5, 2, 3)},
    "cuba_iaf_integration": lambda: {"input": spikes(5, 2, 3)},
    "cuba_li_integration": lambda: {"input": spikes(5, 2, 3)},
    "cuba_lif_integration": lambda: {"input": spikes(5, 2, 3)},
    "cuba_refractory_iaf_integration": lambda: {"input": spikes(5, 2, 3)},
    "exact_lif_spike_times": lambda: {
        "input": torch.rand(2, 4, 1) * 1e-5,
        "weight": torch.ones(3, 4),
        "params": PARAMS,
    },
    "exp_cuba_li_integration": lambda: {"input": spikes(5, 2, 3), "tau_syn_exp": 0.9, "tau_mem_exp": 0.9},
    "exp_cuba_lif_integration": lambda: {"input": spikes(5, 2, 3), "tau_syn_exp": 0.9, "tau_mem_exp": 0.9},
    "input_neuron": lambda: {"input": spikes(5, 2, 3)},
    "linear": lambda: {"input": spikes(5, 2, 4), "weight": torch.ones(3, 4), "bias": torch.ones(3)},
    "linear_exponential_clamp": lambda: {"inputs": spikes(5, 2, 4), "weight": torch.ones(3, 4), "bias": torch.ones(3)},
    "linear_sparse": lambda: {
        "input": spikes(5, 2, 4),
        "weight": torch.ones(3, 4),
        "connections": torch.ones(3, 4),
        "bias": torch.ones(3),
    },
    "refractory_update": lambda: {"z": spikes(2, 3), "v": spikes(2, 3), "ref_state": spikes(2, 3)},
    "superspike_func": lambda: {"input": spikes(5, 2, 3)},
    "threshold": lambda: {"input": spikes(5, 2, 3)},
    # transforms
    "CoordinatesToSpikes": lambda: {"seq_length": 30, "t_early": 1e-6, "t_late": 20e-6},
    "CoordinatesToSpikes.forward": lambda: {
        "self": encode.CoordinatesToSpikes(30, 1e-6, 20e-6),
        "coordinate_values": torch.rand(2, 4),
    },
    "PixelsToSpikeTimes": dict,
    "PixelsToSpikeTimes.forward": lambda: {"self": encode.PixelsToSpikeTimes(), "pic": torch.rand(1, 4, 4)},
    "SpikeTimesToDense": lambda: {"bin_width": 0.1},
    "SpikeTimesToSparseTensor": lambda: {"bin_width": 0.1},
    "SpikeTimesToDense.forward": lambda: {"self": encode.SpikeTimesToDense(0.1), "spikes": torch.rand(2, 4)},
    "SpikeTimesToSparseTensor.forward": lambda: {
        "self": encode.SpikeTimesToSparseTensor(0.1),
        "spikes": torch.rand(2, 4),
    },
    **{
        f"{name}.forward": lambda name=name: {"self": getattr(decode, name)(), "input": spikes(5, 2, 3)}
        for name in ("MaxOverTime", "MeanOverTime", "SumOverTime")
    },
    "linear_saturating": lambda: {"weight": torch.ones(2, 3)},
}
"""Arguments by name: the short one, or the whole path where two are called alike."""


def public(room: str) -> Iterator[tuple[str, Any]]:
    """Yield path and callable of everything that a room offers; methods that run on arguments count."""
    seen = set()
    for path in ROOMS[room]:
        module = import_module(path)
        for name in sorted(getattr(module, "__all__", None) or [name for name in vars(module) if name[0] != "_"]):
            value = getattr(module, name)
            ours = getattr(value, "__module__", "").startswith(("hxtorch", "bss2_emulator"))
            error = isinstance(value, type) and issubclass(value, (Exception, Warning))
            foreign = (
                room != "core"
                and getattr(value, "__module__", "").startswith("hxtorch.core")
                and (room != "calibration")
            )
            if not callable(value) or inspect.ismodule(value) or not ours or error or foreign or id(value) in seen:
                continue
            seen.add(id(value))
            if name not in NOTHING_TO_CHECK or f"{path}.{name}" in LEGAL:
                yield f"{path}.{name}", value
            for method in ("run_spiking", "run_matrix", "forward"):
                whole = f"{path}.{name}.{method}"
                if {whole, f"{name}.{method}"} & LEGAL.keys():
                    yield whole, getattr(value, method)


def legal(path: str, value: Any) -> Callable[[], dict[str, Any]] | None:
    """Return what makes legal arguments of a callable, or None if nobody wrote them down."""
    qualified = path.removeprefix(f"{value.__module__}.")
    short = path.rsplit(".", 2)[-2:] if "." in getattr(value, "__qualname__", "") else path.rsplit(".", 1)[-1:]
    for name in (path, qualified, ".".join(short), path.rsplit(".", 1)[-1]):
        if name in LEGAL:
            return LEGAL[name]
    return None


def session() -> Any:
    """Open the chip that calls are tried on."""
    return hxtorch.core.open_session(serial="bad-input", fidelity="ideal")
