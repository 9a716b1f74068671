"""How many LSB of weight are one model unit on a chip without mismatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError

_REFERENCE = 13.7e-6
"""LSB of weight for one CADC LSB of a membrane whose model has a capacitance of 1 s, at a gm of 500, a bias of 600 and
the whole capacitance. A weight of one LSB gives responses of 0.27 CADC LSB there, if both time constants are 10 us."""


def nominal_weight_scale(population: Any) -> float:
    """Return the scale of weights by which synapses of a chip without mismatch are as strong as the model's.

    The peak of a response of the chip goes by the strength of synapses and input, and by the capacitance; the shape of
    responses is that of the model, so time constants cancel. On a given chip
    :func:`~hxtorch.spiking.utils.dynamic_range.weight_scaling.get_weight_scaling` measures it.

    Args:
        population: Neurons that the synapses reach. A model unit of those that fire is counted by the way from leak to
            threshold, of others by ``trace_scale``.

    Returns:
        LSB per model unit, the median over the neurons.

    Raises:
        ParameterError: Leak and threshold are in the model or on the chip the same.

    Source:
        chip facts 3.8; its 0.27 to 0.33 CADC LSB per LSB of weight.
    """

    def chip(name: str) -> Tensor:
        return _tensor(getattr(population, name).hardware_value)

    capacity = population.membrane_capacitance.model_value
    capacity = _tensor(population.tau_mem.model_value if capacity is None else capacity)
    unit = _unit(population)
    strength = chip("synapse_dac_bias") / 600 * (chip("i_synin_gm") / 500) ** 0.8
    code = 0.05 + 0.95 * chip("membrane_capacitance") / 63
    return float((_REFERENCE / (capacity * unit) * code / strength).median())


def _unit(population: Any) -> Tensor:
    """Return the model units of one CADC LSB."""
    if not population.fires:
        scale = population.trace_scale
        return _tensor([*scale.values()] if isinstance(scale, Mapping) else scale)
    model, chip = (
        _tensor(getattr(population.threshold, name)) - _tensor(getattr(population.leak, name))
        for name in ("model_value", "hardware_value")
    )
    if not bool((model * chip > 0).all()):
        raise ParameterError(
            f"{population.label}: got thresholds on another side of the leak in the model than on the chip, or on it; "
            "transform='auto' counts a model unit by them, so give AutoScale(scale=...) instead"
        )
    return model / chip


def _tensor(values: Any) -> Tensor:
    return torch.as_tensor(values).detach().cpu().double()
