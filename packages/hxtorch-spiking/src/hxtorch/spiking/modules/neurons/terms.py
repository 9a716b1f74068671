"""Terms of the equations, as arguments name them, and the registers of exponential and adaptation terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from hxtorch.spiking.errors import ParameterError
from hxtorch.spiking.functional import CuBaStepCode
from hxtorch.spiking.parameter import HXBaseParameter

if TYPE_CHECKING:
    from hxtorch import core

_REFERENCE = 511
"""Code of the adaptation's reference, as users of the chip keep it (chip facts 3.1)."""

_LARGEST_CODE = 1022


def equations_of(chosen: Mapping[str, Any]) -> CuBaStepCode:
    """Return the terms that the flags among the arguments of a layer ask for."""
    return CuBaStepCode(
        leaky=chosen["leaky"],
        fire=chosen["fire"],
        refractory=chosen["fire"],
        exponential=chosen["exponential"],
        subthreshold_adaptation=chosen["subthreshold_adaptation"],
        spike_triggered_adaptation=chosen["spike_triggered_adaptation"],
    )


_FLAGS = ("leaky", "fire", "exponential", "subthreshold_adaptation", "spike_triggered_adaptation")


def terms_as_tensor(step: CuBaStepCode) -> Tensor:
    """Return which terms there are, for a state dictionary: bool (term,), in the order of the arguments."""
    return torch.tensor([getattr(step, flag) for flag in _FLAGS])


def refuse_other_terms(name: str, saved: Tensor | None, step: CuBaStepCode, error_msgs: list[str]) -> None:
    """Refuse a checkpoint of neurons with other terms: the same values would be those of other equations.

    Args:
        name: Of the entry.
        saved: The entry, None of a checkpoint that does not say.
        step: Terms of the layer.
        error_msgs: What is wrong with a checkpoint.
    """
    own = terms_as_tensor(step)
    if saved is None or torch.equal(own, saved.cpu().bool()):
        return
    then = saved.tolist() if saved.shape == own.shape else []
    names = [flag for flag, there in zip(_FLAGS, then, strict=False) if there]
    wanted = ", ".join(f"{flag}={bool(there)}" for flag, there in zip(_FLAGS, then, strict=False))
    error_msgs.append(
        f"{name}: got a checkpoint of neurons with {', '.join(names) or 'unknown terms'}, wanted "
        f"{', '.join(flag for flag in _FLAGS if getattr(step, flag))} like this layer; build an AELIF with {wanted}, "
        f"or remove {name!r} from the checkpoint"
    )


class TermRegisters:
    """What the terms of a population's equations write to the chip.

    Args:
        step: Which terms there are.
        pulse_scale: How long a spike drives the adaptation, of both halves of the chip.
        size: Number of neurons.

    Raises:
        ParameterError: ``pulse_scale`` is neither one whole number of 0 to 15 nor two.
    """

    def __init__(self, step: CuBaStepCode, pulse_scale: Any, size: int) -> None:
        self.step = step
        self.pulse_scale = tuple(np.broadcast_to(np.asarray(pulse_scale), (2,)).tolist())
        self.size = size
        if not all(isinstance(scale, int) and 0 <= scale <= 15 for scale in self.pulse_scale):
            raise ParameterError(f"clock_scale_adaptation_pulse: got {pulse_scale!r}, wanted 0 to 15, one or two")

    def codes(self, parameters: dict[str, HXBaseParameter]) -> dict[str, np.ndarray]:
        """Return the codes of the terms that there are, by register, int64 (neuron,); signs are those of the terms.

        Args:
            parameters: By the names of the module's arguments.

        Raises:
            ParameterError: A code is out of range, or a parameter has no value for the chip.
        """
        wanted: dict[str, str] = {}
        if self.step.exponential:
            wanted |= {"i_exp": "exponential_slope", "v_exp": "exponential_threshold"}
        if self.step.subthreshold_adaptation:
            wanted["i_adapt_a"] = "subthreshold_adaptation_strength"
        if self.step.spike_triggered_adaptation:
            wanted["i_adapt_b"] = "spike_triggered_adaptation_increment"
        if self.step.adapting:
            wanted |= {"i_adapt_tau": "tau_adap", "v_adapt_leak": "leak_adaptation"}
        return {register: self._codes(register, parameters[name]) for register, name in wanted.items()}

    def write(self, codes: dict[str, np.ndarray], neuron_id: int, circuit: int, block: core.NeuronBlock) -> None:
        """Write the registers of one neuron.

        Args:
            codes: Of all neurons, see :meth:`codes`.
            neuron_id: Number of the neuron in the population.
            circuit: The circuit that has the terms.
            block: Registers of all neurons.
        """
        chip = block.chip
        for name, values in codes.items():
            getattr(chip, name)[circuit] = abs(values[neuron_id])
            if name in ("i_adapt_a", "i_adapt_b"):
                getattr(chip, f"adaptation_{name[-1]}_negative")[circuit] = values[neuron_id] < 0
        chip.enable_exponential[circuit] = self.step.exponential
        chip.enable_adaptation[circuit] = self.step.adapting
        if self.step.adapting:
            chip.v_adapt_ref[circuit] = _REFERENCE
        if self.step.spike_triggered_adaptation:
            chip.adaptation_pulse_scale[...] = self.pulse_scale

    def _codes(self, name: str, parameter: HXBaseParameter) -> np.ndarray:
        value = parameter.hardware_value
        exact = torch.as_tensor(value, dtype=torch.float64).cpu().numpy()
        codes = np.broadcast_to(np.rint(exact).astype(np.int64), (self.size,))
        lowest = -_LARGEST_CODE if name in ("i_adapt_a", "i_adapt_b") else 0
        if ((codes < lowest) | (codes > _LARGEST_CODE)).any():
            raise ParameterError(f"{name}: got {value}, wanted register codes from {lowest} to {_LARGEST_CODE}")
        return codes
