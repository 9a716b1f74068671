"""Networks from graphs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.errors import NIRConversionError
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules import IAFNeuron, Neuron, ReadoutNeuron, SparseSynapse, Synapse
from hxtorch.spiking.nir.config import ConversionConfig, legal_config
from hxtorch.spiking.nir.flat import Connection, FlatGraph, flatten
from hxtorch.spiking.nir.network import NIRNetwork
from hxtorch.spiking.nir.neurons import Values, fires, leaks, size_of, values_of
from hxtorch.spiking.parameter import MixedHXModelParameter, ParameterValue
from hxtorch.spiking.transforms.weight_transforms import linear_saturating

_REST = 128.0  # what users see is the code less this (chip facts 4.1)


def from_nir(graph: Any, experiment: Experiment | None = None, config: ConversionConfig | None = None) -> NIRNetwork:
    """Build the network of a graph.

    ``CubaLIF`` becomes a population of :class:`~hxtorch.spiking.Neuron`, ``CubaLI`` one of
    :class:`~hxtorch.spiking.ReadoutNeuron`, ``Linear``, ``Affine`` and ``Scale`` between them synapses, whose weights
    take up ``w_in`` and ``r``. A neuron whose spikes come back to it becomes a :class:`~hxtorch.spiking.Recurrent`,
    neurons that read each other's spikes a :class:`~hxtorch.spiking.RecurrentNetwork`. Inner graphs are opened;
    ``Flatten`` and ``Identity`` pass data on.

    ``LIF``, ``LI`` and ``IF`` (an :class:`~hxtorch.spiking.IAFNeuron`) have no synaptic time constant, but the chip
    does: with ``ConversionConfig(tau_syn=...)`` that one stands in, and weights are such that a spike moves the
    membrane as far in the end as in the graph.

    In the model a current moves the membrane one step later than in libraries that integrate current and membrane
    one after the other, as norse does with graphs: each population is one step late against theirs.

    Args:
        graph: A ``nir.NIRGraph``.
        experiment: Collects the network, or None for a new one. Its step counts, not that of ``config``.
        config: Units of the graph and operating point of the chip.

    Returns:
        The network.

    Raises:
        ImportError: The library ``nir`` is not installed.
        NIRConversionError: A node is of an unknown kind, or a value is beyond what model and chip have; the message
            names node and parameter.
    """
    config = legal_config(config)
    experiment = experiment or Experiment(config.mock, config.dt, config.calib_path)
    flat = flatten(graph)
    sizes = _sizes(flat)
    values = {name: values_of(name, node, sizes[name], experiment.dt, config) for name, node in flat.neurons.items()}
    populations = {
        name: _population(node, sizes[name], values[name], experiment, config) for name, node in flat.neurons.items()
    }
    synapses: dict[str, tuple[str, str, Synapse | SparseSynapse]] = {}
    for connection in flat.connections:
        name, number = connection.name, 1
        while name in synapses:
            number += 1
            name = f"{connection.name}_{number}"
        weight = _weight(connection, flat, sizes, values[connection.post])
        module = _synapse(weight, values[connection.post]["span"], experiment, config)
        synapses[name] = connection.pre, connection.post, module
    return NIRNetwork(experiment, config, flat.inputs, populations, synapses, flat.outputs)


def _sizes(flat: FlatGraph) -> dict[str, int]:
    """Return the number of neurons of each population, from its parameters or what leads to it."""
    sizes: dict[str, int] = {}
    for name, node in flat.neurons.items():
        known = {size_of(name, node)} - {1}
        into = [connection for connection in flat.connections if connection.post == name]
        known |= {connection.weight.shape[0] for connection in into if connection.weight is not None}
        known |= {
            flat.inputs[connection.pre]
            for connection in into
            if connection.weight is None and connection.pre in flat.inputs
        }
        if len(known) > 1:
            raise NIRConversionError(f"node {name!r}: got sizes {sorted(known)} of parameters and weights, wanted one")
        if not into:
            raise NIRConversionError(f"node {name!r}: gets no input")
        sizes[name] = known.pop() if known else 1
    return sizes


def _population(
    node: Any, size: int, values: Values, experiment: Experiment, config: ConversionConfig
) -> Neuron | IAFNeuron | ReadoutNeuron:
    scale = values["span"] / config.span_lsb
    shared: dict[str, Any] = {
        "tau_mem": _alike(values["tau_mem"]),
        "tau_syn": _alike(values["tau_syn"]),
        "i_synin_gm": config.i_synin_gm,
        "synapse_dac_bias": config.synapse_dac_bias,
        # The model of a graph is tau dv/dt = leak - v + r i: its capacitance follows the time constant.
        "membrane_capacitance": MixedHXModelParameter(_alike(values["tau_mem"]), config.membrane_capacitance),
        "trace_scale": scale,
        "trace_offset": config.leak_lsb - _REST - values["v_leak"] / scale,
    }
    if leaks(node):
        shared["leak"] = MixedHXModelParameter(_alike(values["v_leak"]), config.leak_lsb)
    if not fires(node):
        return ReadoutNeuron(size, experiment, **shared)
    refractory = values["refractory_time"]
    return (Neuron if leaks(node) else IAFNeuron)(
        size,
        experiment,
        **shared,
        reset=MixedHXModelParameter(_alike(values["v_reset"]), _alike(values["reset_lsb"])),
        threshold=MixedHXModelParameter(_alike(values["v_threshold"]), config.threshold_lsb),
        refractory_time=MixedHXModelParameter(
            _alike(refractory), _alike(torch.where(refractory > 0, refractory, config.refractory_time))
        ),
        method=config.method,
        alpha=config.alpha,
    )


def _alike(values: Tensor) -> ParameterValue:
    """Return one number where all values are the same."""
    return float(values[0]) if bool((values == values[0]).all()) else values


def _weight(
    connection: Connection,
    flat: FlatGraph,
    sizes: Mapping[str, int],
    values: Values,
) -> Tensor:
    """Return the weight in model units (post, pre): how much a spike steps a current that moves the membrane by it."""
    pre, post = flat.inputs.get(connection.pre) or sizes[connection.pre], sizes[connection.post]
    given = np.eye(post, pre) if connection.weight is None else connection.weight
    if given.shape != (post, pre) or (connection.weight is None and pre != post):
        raise NIRConversionError(
            f"node {connection.name!r}, weight: got {given.shape}, wanted {(post, pre)} from {connection.pre!r} to "
            f"{connection.post!r}"
        )
    return torch.tensor(given, dtype=torch.float32) * values["jump"][:, None]


def _synapse(weight: Tensor, span: Tensor, experiment: Experiment, config: ConversionConfig) -> Synapse | SparseSynapse:
    there = weight != 0
    scale = config.weight_scale / span
    if 0 < int(there.sum()) <= config.sparse_below * weight.numel():
        sparse = SparseSynapse(there.T.float(), experiment, packed=True)
        sparse.weight_transform = partial(_to_lsb, scale=scale[sparse.pattern[1]])
        with torch.no_grad():
            sparse.weight.copy_(weight.T[tuple(sparse.pattern)])
        return sparse
    dense = Synapse(weight.shape[1], weight.shape[0], experiment, transform=partial(_to_lsb, scale=scale[:, None]))
    with torch.no_grad():
        dense.weight.copy_(weight)
    return dense


def _to_lsb(weight: Tensor, scale: Tensor) -> Tensor:
    return linear_saturating(weight * scale.to(weight))
