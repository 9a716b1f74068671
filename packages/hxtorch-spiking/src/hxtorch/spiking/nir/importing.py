"""Networks from graphs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.chip.execution_instance import ExecutionInstance
from hxtorch.spiking.doors import checked
from hxtorch.spiking.errors import (
    NIRConversionError,
    ParameterError,
    ParameterWarning,
    SilentLayerWarning,
    TensorTypeError,
)
from hxtorch.spiking.experiment.experiment import Experiment
from hxtorch.spiking.modules import IAFNeuron, Neuron, ReadoutNeuron, SparseSynapse, Synapse
from hxtorch.spiking.nir.background import Bias, bias_of
from hxtorch.spiking.nir.config import ConversionConfig, legal_config
from hxtorch.spiking.nir.flat import Connection, FlatGraph, flatten
from hxtorch.spiking.nir.levels import Levels, levels_of
from hxtorch.spiking.nir.network import NIRNetwork, Origin, Population
from hxtorch.spiking.nir.neurons import Values, size_of, values_of
from hxtorch.spiking.parameter import HXTransformedModelParameter, MixedHXModelParameter, ParameterValue
from hxtorch.spiking.transforms.weight_transforms import linear_saturating

_CLIPPED = 64.5  # LSB; what is a little beyond 63 loses nothing that counts
_MANY = 0.05  # of the weights


@checked
def from_nir(
    graph: Any,
    cfg: ConversionConfig | Experiment | None = None,
    config: ConversionConfig | None = None,
    *,
    experiment: Experiment | None = None,
) -> NIRNetwork:
    """Build the network of a graph.

    ``CubaLIF`` becomes a population of :class:`~hxtorch.spiking.Neuron`, ``CubaLI`` one of
    :class:`~hxtorch.spiking.ReadoutNeuron`, ``Linear``, ``Affine`` and ``Scale`` between them synapses, whose weights
    take up ``w_in`` and ``r``. A neuron whose spikes come back to it becomes a :class:`~hxtorch.spiking.Recurrent`,
    neurons that read each other's spikes a :class:`~hxtorch.spiking.RecurrentNetwork`. Inner graphs are opened;
    ``Flatten`` and ``Identity`` pass data on. Inputs of several axes have as many channels as the product of them.

    A bias is a lasting current. Where the chip reaches it, it becomes a shift of the leak, by which the membrane rests
    where the current would bring it; else, and for neurons without leak, a regular background source.
    ``network.biases[name].kind`` says which, and so does the log.

    ``LIF``, ``LI`` and ``IF`` (an :class:`~hxtorch.spiking.IAFNeuron`) have no synaptic time constant, but the chip
    does: with ``ConversionConfig(tau_syn=...)`` that one stands in, and weights are such that a spike moves the
    membrane as far in the end as in the graph.

    In the model a current moves the membrane one step later than in libraries that integrate current and membrane
    one after the other, as norse does with graphs: each population is one step late against theirs.

    Args:
        graph: A ``nir.NIRGraph``. Its times are divided by ``ConversionConfig.acceleration``, 1000 by default.
        cfg: Units of the graph and operating point of the chip. An experiment in its place is taken as ``experiment``.
        config: The same as ``cfg``.
        experiment: Collects the network, or None for a new one. Its step and mode count, not those of the
            configuration.

    Returns:
        The network.

    Raises:
        ImportError: The library ``nir`` is not installed.
        NIRConversionError: A node is of an unknown kind, or a value is beyond what model and chip have; the message
            names node and parameter.
    """
    if isinstance(cfg, Experiment):
        experiment = cfg
        cfg = None
    config = legal_config(config if cfg is None else cfg)
    experiment = _legal_experiment(experiment, config)
    mock = experiment.mock
    flat = flatten(graph)
    sizes = _sizes(flat)
    values = {n: values_of(n, node, sizes[n], experiment.dt, config, mock) for n, node in flat.neurons.items()}
    levels = {name: levels_of(one, config, mock) for name, one in values.items()}
    biases = {
        name: bias_of(name, node, _fitting(bias, node, name, sizes), values[name], levels[name], experiment.dt)
        for name, (node, bias) in flat.biases.items()
    }
    populations = {
        name: _named(name, one, levels[name], biases.get(name), experiment, config) for name, one in values.items()
    }
    for name, bias in biases.items():
        if bias.shift is None:
            bias.synapse = _dense(bias.rhythm.weight(bias.per_step), _tensor(levels[name].weight_scale), experiment)
    synapses: dict[str, tuple[str, str, Synapse | SparseSynapse]] = {}
    taken = {*flat.inputs, *populations}
    for connection in flat.connections:
        name, number = connection.name, 1
        while name in taken:
            number += 1
            name = f"{connection.name}_{number}"
        taken.add(name)
        weight = _weight(connection, flat, sizes, values[connection.post])
        scale = _tensor(levels[connection.post].weight_scale)
        synapses[name] = connection.pre, connection.post, _synapse(weight, scale, experiment, config, name)
    origins = {
        name: Origin(type(node).__name__, values[name].r, values[name].w_in) for name, node in flat.neurons.items()
    }
    return NIRNetwork(experiment, config, flat.inputs, populations, synapses, flat.outputs, biases, origins)


def _legal_experiment(experiment: Experiment | None, config: ConversionConfig) -> Experiment:
    if experiment is None:
        instance = ExecutionInstance(input_loopback=config.input_loopback)
        return Experiment(config.mock, config.dt, config.calib_path or None, execution_instance=instance)
    if not isinstance(experiment, Experiment):
        raise TensorTypeError(f"experiment: got {type(experiment).__name__}, wanted an Experiment or None")
    return experiment


def _sizes(flat: FlatGraph) -> dict[str, int]:
    """Return the number of neurons of each population, from its parameters or what leads to it."""
    into: dict[str, list[Connection]] = {name: [] for name in flat.neurons}
    for connection in flat.connections:
        into[connection.post].append(connection)
    sizes: dict[str, int] = {}
    for name, node in flat.neurons.items():
        known = {size_of(name, node)} - {1}
        known |= {connection.weight.shape[0] for connection in into[name] if connection.weight is not None}
        known |= {
            flat.inputs[connection.pre]
            for connection in into[name]
            if connection.weight is None and connection.pre in flat.inputs
        }
        if len(known) > 1:
            raise NIRConversionError(f"node {name!r}: got sizes {sorted(known)} of parameters and weights, wanted one")
        if not into[name]:
            raise NIRConversionError(f"node {name!r}: gets no input")
        sizes[name] = known.pop() if known else 1
    return sizes


def _fitting(bias: np.ndarray, node: str, name: str, sizes: Mapping[str, int]) -> np.ndarray:
    if bias.size not in (1, sizes[name]):
        raise NIRConversionError(f"node {node!r}, bias: got {bias.size} values, wanted {sizes[name]} as {name!r} has")
    return np.broadcast_to(bias, (sizes[name],))


def _named(
    name: str, values: Values, levels: Levels, bias: Bias | None, experiment: Experiment, config: ConversionConfig
) -> Population:
    """Return a population; what it says of its parameters names the node.

    Raises:
        NIRConversionError: The layer refuses them.
    """
    said = [*values.said, *levels.said]
    with warnings.catch_warnings(record=True) as of_layer:
        warnings.simplefilter("always", ParameterWarning)
        try:
            made = _population(values, levels, bias, experiment, config)
        except ParameterError as error:
            raise NIRConversionError(f"node {name!r}: {error}") from error
    for one in of_layer:
        if not issubclass(one.category, ParameterWarning):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    # One step is what stands in for no synaptic time constant: no news.
    if not said and not (values.tau_syn == experiment.dt).all():
        said = [str(one.message) for one in of_layer if issubclass(one.category, ParameterWarning)]
    if said:
        warnings.warn(f"node {name!r}, {'; '.join(said)}", ParameterWarning, stacklevel=4)
    return made


def _population(
    values: Values, levels: Levels, bias: Bias | None, experiment: Experiment, config: ConversionConfig
) -> Population:
    leak, leak_lsb = values.v_leak, levels.leak
    if bias is not None and bias.shift is not None:
        shift = bias.shift.double().numpy()
        leak, leak_lsb = leak + shift, levels.shifted(shift)
    shared: dict[str, Any] = {
        "tau_mem": HXTransformedModelParameter(_alike(values.tau_mem), _same),
        "tau_syn": HXTransformedModelParameter(_alike(values.tau_syn), _same),
        "i_synin_gm": config.i_synin_gm,
        "synapse_dac_bias": config.synapse_dac_bias,
        # The model of a graph is tau dv/dt = leak - v + r i: its capacitance follows the time constant.
        "membrane_capacitance": MixedHXModelParameter(_alike(values.tau_mem), config.membrane_capacitance),
        "trace_scale": _alike(levels.trace_scale),
        "trace_offset": _alike(levels.trace_offset),
        "enable_cadc_recording": config.cadc_recording,
    }
    if values.leaks:
        shared["leak"] = MixedHXModelParameter(_alike(leak), _alike(leak_lsb))
    size = leak.size
    if values.v_threshold is None or values.v_reset is None:
        return ReadoutNeuron(size, experiment, **shared)
    refractory = values.refractory_time
    return (Neuron if values.leaks else IAFNeuron)(
        size,
        experiment,
        **shared,
        reset=MixedHXModelParameter(_alike(values.v_reset), _alike(levels.reset)),
        threshold=MixedHXModelParameter(_alike(values.v_threshold), _alike(levels.threshold)),
        refractory_time=MixedHXModelParameter(
            _alike(refractory), _alike(np.where(refractory > 0, refractory, config.refractory_time))
        ),
        method=config.method,
        alpha=config.alpha,
    )


def _same(value: ParameterValue) -> ParameterValue:
    """Give the chip what the model has, after training too."""
    return value


def _tensor(values: np.ndarray) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _alike(values: np.ndarray) -> ParameterValue:
    """Return one number where all values are the same."""
    return float(values[0]) if bool((values == values[0]).all()) else _tensor(values)


def _weight(connection: Connection, flat: FlatGraph, sizes: Mapping[str, int], values: Values) -> Tensor:
    """Return the weight in model units (post, pre): how much a spike steps a current that moves the membrane by it."""
    pre, post = flat.inputs.get(connection.pre) or sizes[connection.pre], sizes[connection.post]
    given = connection.weight
    if given is None and pre == post:
        given = connection.gain * np.eye(post)
    elif given is not None and connection.gain and pre == post and given.shape == (post, pre):
        given = given + connection.gain * np.eye(post)
    if given is None or given.shape != (post, pre):
        shape = None if given is None else given.shape
        raise NIRConversionError(
            f"node {connection.name!r}, weight: got {shape}, wanted {(post, pre)} from "
            f"{connection.pre!r} to {connection.post!r}"
        )
    return _tensor(given * values.jump[:, None])


def _synapse(
    weight: Tensor, scale: Tensor, experiment: Experiment, config: ConversionConfig, name: str
) -> Synapse | SparseSynapse:
    there = weight != 0
    if not 0 < int(there.sum()) <= config.sparse_below * weight.numel():
        made: Synapse | SparseSynapse = _dense(weight, scale, experiment)
    else:
        made = SparseSynapse(there.T.float(), experiment, transform=partial(_to_lsb, scale=scale[:, None]))
        with torch.no_grad():
            made.weight.copy_(weight)
    if not experiment.mock and _say_scale(weight * scale[:, None], config, name):
        made._said |= {"clipped", "silent"}  # the layer does not know which line to write
    return made


def _say_scale(lsb: Tensor, config: ConversionConfig, name: str) -> bool:
    """Warn of weights that the chip does not have, with the fields that fit; return whether there was a reason."""
    largest = float(lsb.abs().max()) if lsb.numel() else 0.0
    beyond = int((lsb.abs() > _CLIPPED).sum())
    if beyond <= _MANY * lsb.numel() and not 0 < largest < 0.5:
        return False
    found = f"{beyond} of {lsb.numel()} are clipped to 63 LSB" if beyond else "all round to 0 LSB"
    fields = f"weight_scale={config.weight_scale * 63 / largest:.3g}"
    if config.trace_scale is not None and beyond:
        fields += f", trace_scale={config.trace_scale * largest / 63:.3g}"
    warnings.warn(
        f"node {name!r}, weight: {found} on the chip, the largest would be {largest:.3g}; write "
        f"ConversionConfig({fields})",
        ParameterWarning if beyond else SilentLayerWarning,
        stacklevel=4,
    )
    return True


def _dense(weight: Tensor, scale: Tensor, experiment: Experiment) -> Synapse:
    dense = Synapse(weight.shape[1], weight.shape[0], experiment, transform=partial(_to_lsb, scale=scale[:, None]))
    with torch.no_grad():
        dense.weight.copy_(weight)
    return dense


def _to_lsb(weight: Tensor, scale: Tensor) -> Tensor:
    return linear_saturating(weight * scale.to(weight))
