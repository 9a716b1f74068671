"""Registers that can be changed one by one, in the vocabulary of user scripts.

:class:`Chip` is the mutable face of a :class:`~hxtorch.core.seam.configuration.ChipConfiguration`::

    chip = Chip(configuration)
    neuron = chip.neuron_block.atomic_neurons[AtomicNeuronOnDLS(3)]
    neuron.leak.v_leak = 640
    neuron.constant_current.type = ConstantCurrentType.sink
    chip.weight[0, 2, 3] = 63
    configuration = chip.configuration
"""

from __future__ import annotations

from dataclasses import fields
from enum import IntEnum
from typing import Any

import numpy as np

from hxtorch.core.arguments import checked
from hxtorch.core.errors import ConfigurationError
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.integers import legal_integer
from hxtorch.core.vocabulary.coordinates import AtomicNeuronOnDLS

# What user scripts call the registers of a neuron.
_NEURON = {
    "leak": {
        "v_leak": "v_leak",
        "i_bias": "i_leak",
        "enable": "enable_leak",
        "enable_division": "leak_divide",
        "enable_multiplication": "leak_multiply",
    },
    "reset": {
        "v_reset": "v_reset",
        "i_bias": "i_reset",
        "enable_division": "reset_divide",
        "enable_multiplication": "reset_multiply",
    },
    "threshold": {"v_threshold": "v_threshold", "enable": "enable_threshold"},
    "membrane_capacitance": {"capacitance": "membrane_capacitance"},
    "constant_current": {"i_offset": "i_mem_offset", "enable": "enable_mem_offset", "type": "mem_offset_sink"},
    "excitatory_input": {
        "i_bias_tau": "i_synin_exc_tau",
        "i_shift_reference": "i_synin_exc_shift",
        "i_bias_gm": "i_synin_exc_gm",
        "enable": "enable_synin_exc",
        "enable_small_capacitance": "small_capacitance_exc",
        "enable_high_resistance": "high_resistance_exc",
        "enable_coba_mode": "enable_coba_exc",
        "i_bias_coba": "i_synin_exc_coba",
        "v_rev_coba": "e_synin_exc_rev",
    },
    "inhibitory_input": {
        "i_bias_tau": "i_synin_inh_tau",
        "i_shift_reference": "i_synin_inh_shift",
        "i_bias_gm": "i_synin_inh_gm",
        "enable": "enable_synin_inh",
        "enable_small_capacitance": "small_capacitance_inh",
        "enable_high_resistance": "high_resistance_inh",
        "enable_coba_mode": "enable_coba_inh",
        "i_bias_coba": "i_synin_inh_coba",
        "v_rev_coba": "e_synin_inh_rev",
    },
    "refractory_period": {
        "refractory_time": "refractory_time",
        "reset_holdoff": "holdoff",
        "input_clock": "refractory_use_fast_clock",
    },
    "event_routing": {
        "address": "event_address",
        "enable_digital": "enable_spike_output",
        "enable_bypass_excitatory": "enable_bypass_exc",
        "enable_bypass_inhibitory": "enable_bypass_inh",
    },
    "exponential": {"enable": "enable_exponential", "i_bias": "i_exp", "v_exp": "v_exp"},
    "adaptation": {
        "enable": "enable_adaptation",
        "i_bias_tau": "i_adapt_tau",
        "i_bias_a": "i_adapt_a",
        "i_bias_b": "i_adapt_b",
        "invert_a": "adaptation_a_negative",
        "invert_b": "adaptation_b_negative",
        "v_leak": "v_adapt_leak",
        "v_ref": "v_adapt_ref",
    },
    "readout": {"source": "readout_source"},
    "multicompartment": {
        "connect_right": "connect_right",
        "connect_vertical": "connect_vertical",
        "connect_soma": "connect_soma",
        "connect_soma_right": "connect_soma_right",
        "enable_conductance": "enable_icc",
        "enable_conductance_division": "icc_divide",
        "enable_conductance_multiplication": "icc_multiply",
        "i_bias_nmda": "i_icc",
    },
}
_DECLARED = {register.name: register for register in fields(ChipConfiguration)}


class ConstantCurrentType(IntEnum):
    """Direction of the offset current on the membrane."""

    source = 0
    sink = 1


class ReadoutSource(IntEnum):
    """Node of a neuron that its readout amplifier, and so both ADCs, see; the value is the register's.

    Source: chip facts 3.3.
    """

    membrane = 0
    exc_synin = 1
    inh_synin = 2
    adaptation = 3


@checked
class Chip:
    """All registers of a chip, each an attribute with a writable array; threads that write share it by a lock."""

    def __init__(self, configuration: ChipConfiguration | None = None) -> None:
        """Start from ``configuration``, which stays as it is, or from the registers' defaults."""
        self._base = configuration or ChipConfiguration()
        self._touched: dict[str, np.ndarray] = {}

    def __getattr__(self, name: str) -> np.ndarray:
        if name not in _DECLARED:
            raise AttributeError(f"{type(self).__name__!r} object has no register {name!r}")
        if name not in self._touched:
            self._touched[name] = np.array(getattr(self._base, name))
        return self._touched[name]

    @property
    def neuron_block(self) -> NeuronBlock:
        """The neurons of this chip."""
        return NeuronBlock(self)

    @property
    def configuration(self) -> ChipConfiguration:
        """The registers as they are now, frozen; arrays without changes are those of the configuration at the start.

        Raises:
            ConfigurationError: A value is out of its register's range.
        """
        changed = {
            name: array.copy()
            for name, array in self._touched.items()
            if not np.array_equal(array, getattr(self._base, name))
        }
        return self._base.replace(**changed)


class NeuronBlock:
    """The neurons of a chip, by :class:`~hxtorch.core.vocabulary.coordinates.AtomicNeuronOnDLS`."""

    def __init__(self, chip: Chip | None = None) -> None:
        """Show the neurons of ``chip``, or of a new one."""
        self.chip = chip or Chip()

    @property
    def atomic_neurons(self) -> _AtomicNeurons:
        return _AtomicNeurons(self.chip)


class _AtomicNeurons:
    def __init__(self, chip: Chip) -> None:
        self._chip = chip

    def __getitem__(self, neuron: int) -> AtomicNeuron:
        return AtomicNeuron(self._chip, AtomicNeuronOnDLS(neuron))

    def __setitem__(self, neuron: int, registers: AtomicNeuron) -> None:
        """Copy all registers of another neuron, of this chip or of another one."""
        target = AtomicNeuronOnDLS(neuron)
        for name, value in registers.codes().items():
            if getattr(self._chip, name)[target] != value:
                getattr(self._chip, name)[target] = value

    def __len__(self) -> int:
        return AtomicNeuronOnDLS.size


class AtomicNeuron:
    """Registers of one neuron circuit, in groups: ``leak``, ``reset``, ``threshold``, ``constant_current``, ...

    Attributes:
        AnalogValue: Type of the code of an analog cell; its range is checked when it is set.
    """

    AnalogValue = int

    class ConstantCurrent:
        """Holds the directions of the offset current as ``Type``."""

        Type = ConstantCurrentType

    def __init__(self, chip: Chip, neuron: AtomicNeuronOnDLS) -> None:
        self._chip, self._neuron = chip, neuron

    def codes(self) -> dict[str, int]:
        """Return all registers by the names of :class:`~hxtorch.core.seam.configuration.ChipConfiguration`."""
        names = [name for group in _NEURON.values() for name in group.values()]
        return {name: getattr(self._chip, name)[self._neuron].item() for name in names}

    def __getattr__(self, name: str) -> _Group:
        if name not in _NEURON:
            raise AttributeError(f"{type(self).__name__!r} object has no group {name!r}; known: {', '.join(_NEURON)}")
        return _Group(self._chip, self._neuron, name)


class _Group:
    """Some registers of one neuron; values are checked when they are set."""

    __slots__ = ("_chip", "_name", "_neuron")

    def __init__(self, chip: Chip, neuron: AtomicNeuronOnDLS, name: str) -> None:
        for slot, value in (("_chip", chip), ("_neuron", neuron), ("_name", name)):
            object.__setattr__(self, slot, value)

    def _array(self, name: str) -> tuple[str, np.ndarray]:
        known = _NEURON[self._name]
        if name not in known:
            raise AttributeError(f"{self._name!r} has no register {name!r}; known: {', '.join(known)}")
        return known[name], getattr(self._chip, known[name])

    def __getattr__(self, name: str) -> Any:
        register, array = self._array(name)
        value = array[self._neuron].item()
        return ConstantCurrentType(value) if register == "mem_offset_sink" else value

    def __setattr__(self, name: str, value: Any) -> None:
        register, array = self._array(name)
        low, high = _DECLARED[register].metadata["low"], _DECLARED[register].metadata["high"]
        code = int(value) if isinstance(value, bool | np.bool_) else value  # of a switch
        array[self._neuron] = legal_integer(f"{self._name}.{name}", code, low, high, ConfigurationError)
