"""Legal calls of the perceptron, of spiking networks and of their functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from subjects import (
    PARAMS,
    checkpoint,
    circle,
    collected,
    experiment,
    folder,
    layer,
    recurrent,
    sequence,
    spikes,
)

from hxtorch import core
from hxtorch import perceptron as hxann
from hxtorch import spiking as hxsnn
from hxtorch.spiking.transforms import decode, encode

LEGAL: dict[str, Callable[[], dict[str, Any]]] = {
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
    "AutoScale": lambda: {"scale": 50.0},
    "BernoulliEncoder": lambda: {"seq_length": 30},
    "PoissonEncoder": lambda: {"seq_length": 30},
    "DeltaEncoder": lambda: {"threshold": 0.1},
    "TimeToFirstSpike": dict,
    "TimeToFirstSpikeLoss": dict,
    "BernoulliEncoder.forward": lambda: {"self": encode.BernoulliEncoder(30), "values": torch.rand(2, 4)},
    "DeltaEncoder.forward": lambda: {"self": encode.DeltaEncoder(0.1), "signal": torch.rand(5, 2, 4)},
    "TimeToFirstSpike.forward": lambda: {"self": decode.TimeToFirstSpike(), "spikes": spikes(5, 2, 3)},
    "TimeToFirstSpikeLoss.forward": lambda: {
        "self": decode.TimeToFirstSpikeLoss(),
        "times": torch.rand(2, 3) * 1e-5,
        "labels": torch.tensor([0, 2]),
    },
}
