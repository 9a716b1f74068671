"""Spikes and traces in NIR's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from hxtorch.spiking.errors import NIRConversionError
from hxtorch.spiking.network.handle import NeuronHandle, ReadoutNeuronHandle, TensorHandle
from hxtorch.spiking.nir.config import ConversionConfig, legal_config
from hxtorch.spiking.nir.library import nir_library


def from_nir_data(data: Any, config: ConversionConfig | None = None) -> NeuronHandle | dict[str, NeuronHandle]:
    """Turn recorded spikes into handles.

    Args:
        data: A ``nir.NIRGraphData``, or a ``nir.NIRNodeData`` of one node, with the observable ``spikes``.
        config: Units of the data.

    Returns:
        Handles with spikes (time, batch, neuron), by node; one handle for one node's data. Events fall into the step in
        which they are.

    Raises:
        ImportError: The library ``nir`` is not installed.
        NIRConversionError: There are no spikes, or the step is another one; the message names node and observable.
    """
    nir, config = nir_library(), legal_config(config)
    if isinstance(data, nir.NIRNodeData):
        return _spikes(nir, data, "data", config)
    if not isinstance(data, nir.NIRGraphData):
        raise NIRConversionError(f"data: got {type(data).__name__}, wanted nir.NIRGraphData or nir.NIRNodeData")
    return {name: _spikes(nir, node, name, config) for name, node in data.nodes.items()}


def to_nir_data(
    handles: TensorHandle | Mapping[str, TensorHandle],
    config: ConversionConfig | None = None,
    n_events: int | None = None,
) -> Any:
    """Turn filled handles into data: ``spikes``, and membranes as ``v``.

    Args:
        handles: Of neurons, by the name of the node.
        config: Units of the data.
        n_events: Give spikes as lists with room for so many events per sample, or None for a grid of time.

    Returns:
        A ``nir.NIRGraphData``; a ``nir.NIRNodeData`` for a single handle.

    Raises:
        ImportError: The library ``nir`` is not installed.
        NIRConversionError: A handle is none of neurons, or shows nothing.
    """
    nir, config = nir_library(), legal_config(config)
    if isinstance(handles, TensorHandle):
        return _node_data(nir, handles, "handle", config, n_events)
    return nir.NIRGraphData({name: _node_data(nir, one, name, config, n_events) for name, one in handles.items()})


def _spikes(nir: Any, node: Any, name: str, config: ConversionConfig) -> NeuronHandle:
    observables = node.observables if isinstance(node, nir.NIRNodeData) else {}
    if "spikes" not in observables:
        raise NIRConversionError(f"node {name!r}, spikes: not there, wanted them among {sorted(observables)}")
    data, step = observables["spikes"], config.graph_step
    if isinstance(data, nir.TimeGriddedData):
        if not np.isclose(data.dt, step, rtol=1e-6, atol=0):
            raise NIRConversionError(
                f"node {name!r}, spikes: got a step of {data.dt:g} s, wanted {step:g} s, which is dt * acceleration"
            )
        dense = np.asarray(data.data, np.float32).transpose(1, 0, 2)
    else:
        samples, events = np.nonzero(data.idx >= 0)
        times = data.time[samples, events]
        steps = np.floor(times / step * (1 + 1e-9)).astype(np.int64)
        length = round(data.t_max / step)
        if steps.size and (steps.min() < 0 or steps.max() >= length):
            raise NIRConversionError(f"node {name!r}, spikes: got one beyond t_max = {data.t_max:g} s")
        dense = np.zeros((length, data.n_samples, data.n_neurons), np.float32)
        dense[steps, samples, data.idx[samples, events]] = 1
    return NeuronHandle(torch.from_numpy(np.ascontiguousarray(dense)))


def _node_data(nir: Any, handle: TensorHandle, name: str, config: ConversionConfig, n_events: int | None) -> Any:
    if not isinstance(handle, (NeuronHandle, ReadoutNeuronHandle)):
        raise NIRConversionError(f"node {name!r}: got {type(handle).__name__}, wanted a handle of neurons")
    observables = {}
    spikes = handle.spikes if isinstance(handle, NeuronHandle) else None
    if spikes is not None:
        gridded = nir.TimeGriddedData(_samples_first(spikes) > 0, config.graph_step)
        observables["spikes"] = gridded if n_events is None else gridded.to_event(n_events)
    if handle.membrane_cadc is not None:
        observables["v"] = nir.TimeGriddedData(_samples_first(handle.membrane_cadc), config.graph_step)
    if not observables:
        raise NIRConversionError(f"node {name!r}: shows nothing yet; run the experiment first")
    return nir.NIRNodeData(observables)


def _samples_first(trace: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(trace.detach().cpu().numpy().transpose(1, 0, 2))
