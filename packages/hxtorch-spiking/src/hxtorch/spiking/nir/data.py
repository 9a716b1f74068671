"""Spikes and traces in NIR's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import NIRConversionError, TensorShapeError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules import HXModule, ReadoutNeuron
from hxtorch.spiking.network.handle import NeuronHandle, ReadoutNeuronHandle, TensorHandle
from hxtorch.spiking.nir.config import ConversionConfig, legal_config
from hxtorch.spiking.nir.library import array, nir_library
from hxtorch.spiking.nir.network import NIRNetwork

Model = torch.nn.Module | Experiment


@checked
def from_nir_data(
    nir_graph_data: Any,
    hxtorch_model: Model | ConversionConfig | None = None,
    config: ConversionConfig | None = None,
) -> dict[str, Tensor] | dict[str, NeuronHandle] | NeuronHandle:
    """Turn recorded spikes into tensors for a model, or into handles.

    Args:
        nir_graph_data: A ``nir.NIRGraphData``, or a ``nir.NIRNodeData`` of one node, with the observable ``spikes``.
        hxtorch_model: A network, or another module with an experiment, whose step is that of the tensors. Times of data
            are seconds of the chip; they are not scaled. A configuration in its place is taken as ``config``.
        config: Units of the data without a model.

    Returns:
        With a model: spikes (time, batch, neuron), float32, by the names of the nodes that have some. Without: handles
        with such spikes by node; one handle for one node's data. Events fall into the step in which they are.

    Raises:
        ImportError: The library ``nir`` is not installed.
        NIRConversionError: There are no spikes, or the step is another one; the message names node and observable.
    """
    nir = nir_library()
    model, step = _model_and_step(hxtorch_model, config)
    if not isinstance(nir_graph_data, (nir.NIRGraphData, nir.NIRNodeData)):
        got = type(nir_graph_data).__name__
        raise NIRConversionError(f"data: got {got}, wanted nir.NIRGraphData or nir.NIRNodeData")
    one = isinstance(nir_graph_data, nir.NIRNodeData)
    nodes = {"data": nir_graph_data} if one else nir_graph_data.nodes
    if model is not None and not one:
        nodes = {name: node for name, node in nodes.items() if "spikes" in _observables(nir, node)} or nodes
    spikes = {name: _spikes(nir, node, name, step) for name, node in nodes.items()}
    if model is not None:
        return spikes
    handles = {name: NeuronHandle(tensor) for name, tensor in spikes.items()}
    return handles["data"] if one else handles


@checked
def to_nir_data(
    hxtorch_dict: Mapping[str, Tensor | TensorHandle] | TensorHandle,
    hxtorch_model: Model | ConversionConfig | None = None,
    config: ConversionConfig | int | None = None,
    n_events: int | None = None,
) -> Any:
    """Turn spikes and membranes of a model into data: observables ``spikes`` and ``v``.

    Args:
        hxtorch_dict: Tensors (time, batch, neuron) by the name of the node, spikes or, of readouts, membranes; or
            filled handles of neurons; or one handle.
        hxtorch_model: A network, or another module with an experiment, whose step is that of the tensors. A
            configuration in its place is taken as ``config``.
        config: Units of the data without a model. A number in its place is taken as ``n_events``.
        n_events: Give spikes as lists with room for so many events per sample, or None for a grid of time.

    Returns:
        A ``nir.NIRGraphData``; a ``nir.NIRNodeData`` for a single handle.

    Raises:
        ImportError: The library ``nir`` is not installed.
        NIRConversionError: A handle is none of neurons, or shows nothing.
        TensorShapeError: A tensor does not have the axes (time, batch, neuron).
    """
    nir = nir_library()
    if isinstance(config, int):
        config, n_events = None, config
    model, step = _model_and_step(hxtorch_model, config)
    if isinstance(hxtorch_dict, TensorHandle):
        return _node_data(nir, _traces(hxtorch_dict, "handle", model), "handle", step, n_events)
    if not isinstance(hxtorch_dict, Mapping):
        got = type(hxtorch_dict).__name__
        raise NIRConversionError(f"data: got {got}, wanted tensors or handles by the name of the node")
    nodes = {
        name: _node_data(nir, _traces(one, name, model), name, step, n_events) for name, one in hxtorch_dict.items()
    }
    return nir.NIRGraphData(nodes)


def _model_and_step(
    model: Model | ConversionConfig | None, config: ConversionConfig | None
) -> tuple[Model | None, float]:
    """Return what is a model, and the step of tensors in seconds of the data."""
    if model is None or isinstance(model, ConversionConfig):
        config = legal_config(config if model is None else model)
        return None, config.dt * config.data_acceleration
    found = [model, getattr(model, "exp", None), getattr(model, "experiment", None)]
    if isinstance(model, torch.nn.Module):
        found += [module.experiment for module in model.modules() if isinstance(module, HXModule)]
    for one in found:
        if isinstance(one, Experiment):
            return model, one.dt
    raise NIRConversionError(
        f"hxtorch_model: got {type(model).__name__} without an experiment, wanted a network of from_nir, an SNN or an "
        "Experiment"
    )


def _observables(nir: Any, node: Any) -> Mapping[str, Any]:
    observables = node.observables if isinstance(node, nir.NIRNodeData) else {}
    return observables if isinstance(observables, Mapping) else {}


def _spikes(nir: Any, node: Any, name: str, step: float) -> Tensor:
    """Return spikes (time, batch, neuron)."""
    observables = _observables(nir, node)
    if "spikes" not in observables:
        raise NIRConversionError(f"node {name!r}, spikes: not there, wanted them among {sorted(observables)}")
    data = observables["spikes"]
    if isinstance(data, nir.TimeGriddedData):
        given = float(array(data.dt, name, "spikes.dt"))
        if not np.isclose(given, step, rtol=1e-6, atol=0):
            raise NIRConversionError(
                f"node {name!r}, spikes: got a step of {given:g} s, wanted {step:g} s as the model has; times of data "
                "are seconds of the chip"
            )
        grid = array(data.data, name, "spikes")
        if grid.ndim != 3:
            raise NIRConversionError(f"node {name!r}, spikes: got shape {grid.shape}, wanted (batch, time, neuron)")
        return torch.from_numpy(np.ascontiguousarray(grid.transpose(1, 0, 2), np.float32))
    if not isinstance(data, nir.EventData):
        got = type(data).__name__
        raise NIRConversionError(f"node {name!r}, spikes: got {got}, wanted nir.TimeGriddedData or nir.EventData")
    neurons = array(data.idx, name, "spikes.idx").astype(np.int64)
    samples, events = np.nonzero(neurons >= 0)
    times = np.asarray(data.time)[samples, events]
    steps = np.floor(array(times, name, "spikes.time") / step * (1 + 1e-9)).astype(np.int64)
    length = round(float(array(data.t_max, name, "spikes.t_max")) / step)
    if steps.size and (steps.min() < 0 or steps.max() >= length):
        raise NIRConversionError(f"node {name!r}, spikes: got one beyond t_max = {data.t_max:g} s")
    hit = neurons[samples, events]
    if hit.size and hit.max() >= data.n_neurons:
        raise NIRConversionError(
            f"node {name!r}, spikes: got one of neuron {hit.max()}, wanted 0 to {data.n_neurons - 1}"
        )
    dense = np.zeros((length, len(neurons), int(data.n_neurons)), np.float32)
    dense[steps, samples, hit] = 1
    return torch.from_numpy(dense)


def _traces(given: object, name: str, model: Model | None) -> dict[str, Tensor]:
    """Return spikes and membranes, as far as there are some, by observable."""
    if isinstance(given, Tensor):
        of_readout = isinstance(model, NIRNetwork) and isinstance(model.populations.get(name), ReadoutNeuron)
        return {"v" if of_readout else "spikes": given}
    if not isinstance(given, (NeuronHandle, ReadoutNeuronHandle)):
        raise NIRConversionError(f"node {name!r}: got {type(given).__name__}, wanted a tensor or a handle of neurons")
    spikes = given.spikes if isinstance(given, NeuronHandle) else None
    traces = {"spikes": spikes, "v": given.membrane_cadc}
    return {key: trace for key, trace in traces.items() if trace is not None}


def _node_data(nir: Any, traces: Mapping[str, Tensor], name: str, step: float, n_events: int | None) -> Any:
    observables = {}
    for key, trace in traces.items():
        dense = trace.detach().to_dense().cpu() if trace.is_sparse else trace.detach().cpu()
        if dense.ndim != 3:
            raise TensorShapeError(f"node {name!r}: got shape {tuple(dense.shape)}, wanted (time, batch, neuron)")
        samples = np.ascontiguousarray(dense.numpy().transpose(1, 0, 2))
        gridded = nir.TimeGriddedData(samples != 0 if key == "spikes" else samples, step)
        observables[key] = gridded.to_event(n_events) if key == "spikes" and n_events is not None else gridded
    if not observables:
        raise NIRConversionError(f"node {name!r}: shows nothing yet; run the experiment first")
    return nir.NIRNodeData(observables)
