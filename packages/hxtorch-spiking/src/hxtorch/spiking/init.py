"""First weights: such that neurons fire, and that synapses of 6 bits hold them."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.chip.weight_scale import nominal_weight_scale
from hxtorch.spiking.errors import ParameterError, ParameterWarning
from hxtorch.spiking.modules.synapses.sparse import SparseSynapse
from hxtorch.spiking.modules.synapses.weighted import WeightedProjection
from hxtorch.spiking.transforms.weight_transforms import AutoScale

__all__ = ["fluctuation_driven_"]

_MAX_WEIGHT = 63.0
_FINE = 1.0
"""LSB that a standard deviation shall have, so that rounding leaves something of the differences."""
_CLIPPED = 2.0
"""Standard deviations that shall fit into the range: 5 % of normal weights are beyond."""


def fluctuation_driven_(
    synapse: WeightedProjection,
    neuron: Any,
    rate: float,
    xi: float = 1.0,
    mean: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    r"""Draw normal weights by which membranes fluctuate up to the threshold, in place.

    Inputs that fire independently with a rate :math:`\nu` move a membrane around :math:`n \mu \nu \bar\epsilon` with a
    variance of :math:`n (\sigma^2 + \mu^2) \nu \hat\epsilon`, where :math:`\bar\epsilon = \tau_m \tau_s / C` and
    :math:`\hat\epsilon = (\tau_m \tau_s / C)^2 / 2 (\tau_m + \tau_s)` are the integrals of the response to a weight of
    1 and of its square. The standard deviation :math:`\sigma` of the weights is such that the threshold is ``xi``
    standard deviations of the membrane above its mean. The weights of each neuron are centred, so that it is
    :math:`\mu` that they have in the mean, and all neurons fire alike. Rates are useful for ``xi`` from about 0.5 (a
    spike in two or three membrane time constants) to 2 (one in some tens). What the chip would clip is clipped.

    Args:
        synapse: Gets the weights, dense or sparse; the number of its inputs is that of each neuron.
        neuron: Firing neurons with a leak that the synapse reaches.
        rate: Of each input, in spikes per second of the chip, all time counted: one spike in a run of 50 us is 2e4.
        xi: Distance of the threshold from the mean, in standard deviations.
        mean: Of the weights, model units.
        generator: Of the random numbers; None for torch's own.

    Returns:
        The weight, model units.

    Raises:
        ParameterError: ``neuron`` has no threshold or leak or is of another size, a number is not positive, or the mean
            alone moves membranes more than that, or to the threshold.

    Warns:
        ParameterWarning: Synapses of 6 bits do not hold such weights: they round to 0, or many are clipped.

    Source:
        Rossbroich, Gygax and Zenke, "Fluctuation-driven initialization for spiking neural network training",
        Neuromorphic Computing and Engineering 2 (2022).
    """
    for name, value in (("rate", rate), ("xi", xi)):
        if not value > 0:
            raise ParameterError(f"{name}: got {value}, wanted a positive number")
    if not (neuron.fires and neuron.step.leaky):
        raise ParameterError(
            f"{neuron.label}: has no {'leak' if neuron.fires else 'threshold'}; wanted firing neurons with a leak, as "
            "LIF; others take synapse.reset_parameters(mean, std)"
        )
    if neuron.size != synapse.out_features:
        raise ParameterError(f"{neuron.label}: got {neuron.size} neurons, wanted the {synapse.out_features} targets")
    tau_mem, tau_syn, capacity, leak, threshold = (
        _values(neuron, name) for name in ("tau_mem", "tau_syn", "membrane_capacitance", "leak", "threshold")
    )
    area = tau_mem * tau_syn / capacity
    power = rate * area.square() / (2 * (tau_mem + tau_syn))
    inputs = torch.bincount(_targets(synapse).cpu(), minlength=neuron.size).double()
    distance = (threshold - leak - inputs * mean * rate * area) / xi
    variance = distance.square() / (inputs.clamp(min=1) * power) - mean**2
    if not bool(((distance > 0) & (variance > 0)).all()):
        raise ParameterError(
            f"mean: got {mean}, which with {int(inputs.max())} inputs alone moves membranes to the threshold or more "
            "than the weights may; wanted a smaller one, or a lower rate"
        )
    std = variance.sqrt()
    scale = _scale(synapse, neuron)
    _check(synapse.label, float(std.median()) * scale, abs(mean) * scale, int(inputs.max()))
    weight, limit = synapse.weight, _MAX_WEIGHT / scale
    targets = _targets(synapse)
    drawn = torch.randn(len(targets), generator=generator, device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        values = (mean + std.to(weight)[targets] * _centred(drawn, targets, inputs.to(weight))).clamp_(-limit, limit)
        if isinstance(synapse, SparseSynapse) and not synapse.packed:
            weight.zero_()[targets, synapse.pattern[0]] = values
        else:
            weight.copy_(values.view_as(weight))
    return weight


def _check(label: str, std: float, mean: float, inputs: int) -> None:
    """Say if standard deviation and mean, in LSB, are nothing for synapses of 6 bits."""
    if std < _FINE and mean < _FINE:
        said = f"weights of {std:.2g} LSB on the chip round to nothing, with {inputs} inputs"
        advice = "wanted fewer inputs (a SparseSynapse), a lower rate, or a larger threshold"
    elif mean + _CLIPPED * std > _MAX_WEIGHT:
        said = f"weights of {mean:.2g} +- {std:.2g} LSB on the chip are beyond its 63, with {inputs} inputs"
        advice = "wanted more inputs (each several times), a higher rate, or stronger synapses (synapse_dac_bias)"
    else:
        return
    warnings.warn(f"{label}: {said}; {advice}", ParameterWarning, stacklevel=3)


def _scale(synapse: WeightedProjection, neuron: Any) -> float:
    """Return the LSB per model unit of a synapse: those of its transform for small weights."""
    transform = synapse.weight_transform
    if isinstance(transform, AutoScale):
        return nominal_weight_scale(neuron) if transform.scale is None else transform.scale
    small = 2.0**-10
    return float(transform(synapse.weight.detach().new_full(synapse.weight.shape, small)).abs().max()) / small


def _values(neuron: Any, name: str) -> Tensor:
    """Return a parameter of the model, float64 (neuron,); a membrane without a capacitance has its time constant."""
    value = getattr(neuron, name).model_value
    if value is None:
        return _values(neuron, "tau_mem")
    return torch.as_tensor(value).detach().cpu().double().expand(neuron.size)


def _targets(synapse: WeightedProjection) -> Tensor:
    """Return the neuron that each synapse reaches, int64 (synapse,)."""
    if isinstance(synapse, SparseSynapse):
        return synapse.pattern[1]
    neurons = torch.arange(synapse.out_features, device=synapse.weight.device)
    return neurons.repeat_interleave(synapse.in_features)


def _centred(drawn: Tensor, targets: Tensor, inputs: Tensor) -> Tensor:
    """Return numbers whose mean over the inputs of each neuron is 0, and whose variance is as before."""
    sums = torch.zeros_like(inputs).index_add_(0, targets, drawn)
    many = inputs > 1  # a single input has itself for its mean
    mean, widened = torch.where(many, sums / inputs, 0.0), torch.where(many, (inputs / (inputs - 1)).sqrt(), 1.0)
    return (drawn - mean[targets]) * widened[targets]


def __dir__() -> list[str]:
    return sorted(__all__)
