"""Every register of the chip: shape, range, value after a reset, and what it says; written here and nowhere else.

:class:`bss2_emulator.ChipConfig` and core's ``ChipConfiguration`` are built on :class:`Registers`, and so is the table
in ``docs/registers.md``. Index rules: neuron ``n = 256 * hemisphere + column``; hemisphere 0 is the top; synapse row
``r`` belongs to driver ``r // 2``, odd rows are its top row; quadrant ``q = 2 * hemisphere + (column >= 128)``;
backend 0 holds columns 0 to 127 of both hemispheres, backend 1 the rest. Source: facts 1.1 to 1.5, 2.2, 2.3, 3.2 to
3.5, 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from itertools import compress
from operator import is_not
from typing import Any, ClassVar, TypeVar

import numpy as np

from bss2_emulator.facts.constants import (
    BACKENDS,
    BACKGROUND_SOURCES,
    BUSES,
    CAPMEM_MAX,
    COLUMNS,
    CROSSBAR_INPUTS,
    CROSSBAR_OUTPUTS,
    DRIVERS,
    HEMISPHERES,
    NEURONS,
    QUADRANTS,
    ROWS,
)

Self = TypeVar("Self", bound="Registers")

_NEURON = (NEURONS,)
_QUADRANT = (QUADRANTS,)
_BACKEND = (BACKENDS,)
_DRIVER = (HEMISPHERES, DRIVERS)
_SYNAPSE = (HEMISPHERES, ROWS, COLUMNS)
_SOURCE = (BACKGROUND_SOURCES,)
_NODE = (CROSSBAR_INPUTS, CROSSBAR_OUTPUTS)


def _register(
    shape: tuple[int, ...], high: int, says: str, default: int | tuple[int, ...] = 0, low: int = 0, capmem: bool = False
) -> Any:
    """Declare a register array with the closed range ``[low, high]`` of its elements."""
    if (low, high) == (0, 1):
        dtype: type[np.generic] = np.bool_
    elif low < 0:
        dtype = np.int16
    else:
        dtype = np.uint8 if high <= 255 else np.uint16 if high <= 65535 else np.uint32
    value = np.full(shape, default, dtype)
    value.setflags(write=False)  # so that all configurations share it
    return field(
        default_factory=lambda: value,
        metadata={
            "shape": shape,
            "low": low,
            "high": high,
            "dtype": np.dtype(dtype),
            "capmem": capmem,
            "says": says,
            "default": default,
        },
    )


def _cell(default: int | tuple[int, ...], says: str, shape: tuple[int, ...] = _NEURON) -> Any:
    """Declare analog cells: 10-bit codes of the capacitive memory (facts 3.2)."""
    return _register(shape, CAPMEM_MAX, says, default, capmem=True)


def _switch(shape: tuple[int, ...], says: str, default: bool = False) -> Any:
    return _register(shape, 1, says, int(default))


@dataclass(frozen=True, eq=False)
class Registers:
    """Frozen set of registers; legal once constructed.

    Arrays are read-only and shared between sets that agree in them, so two sets hold equal values wherever they hold
    the same array. Subclasses say which error a wrong value is.
    """

    error: ClassVar[type[ValueError]] = ValueError

    # Analog cells of a neuron.
    v_leak: np.ndarray = _cell(629, "leak potential")
    v_reset: np.ndarray = _cell(625, "reset potential")
    v_threshold: np.ndarray = _cell(389, "firing threshold")
    i_leak: np.ndarray = _cell(158, "leak conductance")
    i_reset: np.ndarray = _cell(CAPMEM_MAX, "reset conductance")
    i_synin_exc_tau: np.ndarray = _cell(84, "inverse time constant of the excitatory input")
    i_synin_exc_shift: np.ndarray = _cell(304, "offset of the excitatory input's reference")
    i_synin_exc_gm: np.ndarray = _cell(500, "strength of the excitatory input")
    i_synin_inh_tau: np.ndarray = _cell(84, "inverse time constant of the inhibitory input")
    i_synin_inh_shift: np.ndarray = _cell(304, "offset of the inhibitory input's reference")
    i_synin_inh_gm: np.ndarray = _cell(500, "strength of the inhibitory input")
    i_mem_offset: np.ndarray = _cell(0, "constant current onto the membrane")
    i_synin_exc_coba: np.ndarray = _cell(0, "how much the membrane changes excitatory currents")
    i_synin_inh_coba: np.ndarray = _cell(0, "how much the membrane changes inhibitory currents")
    e_synin_exc_rev: np.ndarray = _cell(629, "excitatory reversal potential")
    e_synin_inh_rev: np.ndarray = _cell(629, "inhibitory reversal potential")
    i_exp: np.ndarray = _cell(0, "sharpness of the exponential term")
    v_exp: np.ndarray = _cell(511, "threshold of the exponential term")
    i_adapt_tau: np.ndarray = _cell(0, "inverse time constant of the adaptation")
    i_adapt_a: np.ndarray = _cell(0, "adaptation below threshold")
    i_adapt_b: np.ndarray = _cell(0, "increment of the adaptation with a spike")
    v_adapt_leak: np.ndarray = _cell(511, "rest of the adaptation")
    v_adapt_ref: np.ndarray = _cell(511, "membrane potential without adaptation below threshold")
    i_icc: np.ndarray = _cell(0, "conductance between compartments")

    # Digital configuration of a neuron.
    membrane_capacitance: np.ndarray = _register(_NEURON, 63, "2.2 pF at 63, a little parasitic at 0", 63)
    enable_leak: np.ndarray = _switch(_NEURON, "the membrane leaks", True)
    leak_divide: np.ndarray = _switch(_NEURON, "leak conductance / 8")
    leak_multiply: np.ndarray = _switch(_NEURON, "leak conductance * 8")
    enable_synin_exc: np.ndarray = _switch(_NEURON, "excitatory input reaches the membrane", True)
    enable_synin_inh: np.ndarray = _switch(_NEURON, "inhibitory input reaches the membrane", True)
    small_capacitance_exc: np.ndarray = _switch(_NEURON, "excitatory time constant / 4")
    small_capacitance_inh: np.ndarray = _switch(_NEURON, "inhibitory time constant / 4")
    enable_mem_offset: np.ndarray = _switch(_NEURON, "the constant current flows")
    mem_offset_sink: np.ndarray = _switch(_NEURON, "it is drawn instead of added")
    enable_threshold: np.ndarray = _switch(_NEURON, "compare with the threshold: fire and reset")
    enable_spike_output: np.ndarray = _switch(_NEURON, "hand spikes to the crossbar")
    event_address: np.ndarray = _register(_NEURON, 255, "low bits of the label of its spikes")
    refractory_time: np.ndarray = _register(_NEURON, 255, "clocks of silence after a spike", 32)
    holdoff: np.ndarray = _register(_NEURON, 15, "reset ends 31 - 2 * holdoff clocks before the refractory time", 15)
    refractory_use_fast_clock: np.ndarray = _switch(_NEURON, "count the fast clock of the backend, else the slow", True)

    reset_divide: np.ndarray = _switch(_NEURON, "reset conductance / 8")
    reset_multiply: np.ndarray = _switch(_NEURON, "reset conductance * 8")
    high_resistance_exc: np.ndarray = _switch(_NEURON, "longer excitatory time constant")
    high_resistance_inh: np.ndarray = _switch(_NEURON, "longer inhibitory time constant")
    enable_coba_exc: np.ndarray = _switch(_NEURON, "excitatory current depends on the membrane")
    enable_coba_inh: np.ndarray = _switch(_NEURON, "inhibitory current depends on the membrane")
    enable_bypass_exc: np.ndarray = _switch(_NEURON, "an excitatory event fires the neuron at once")
    enable_bypass_inh: np.ndarray = _switch(_NEURON, "an inhibitory event fires the neuron at once")
    enable_exponential: np.ndarray = _switch(_NEURON, "exponential term")
    enable_adaptation: np.ndarray = _switch(_NEURON, "adaptation")
    adaptation_a_negative: np.ndarray = _switch(_NEURON, "sign of the adaptation below threshold")
    adaptation_b_negative: np.ndarray = _switch(_NEURON, "sign of the increment")
    readout_source: np.ndarray = _register(_NEURON, 3, "0 membrane, 1 excitatory, 2 inhibitory input, 3 adaptation")

    # Switches that join circuits to a logical neuron.
    connect_right: np.ndarray = _switch(_NEURON, "membrane to that of the next column")
    connect_vertical: np.ndarray = _switch(_NEURON, "membrane to that of the other row")
    connect_soma: np.ndarray = _switch(_NEURON, "membrane to the somatic line, directly")
    connect_soma_right: np.ndarray = _switch(_NEURON, "somatic line to that of the next column")
    enable_icc: np.ndarray = _switch(_NEURON, "membrane to the somatic line through the inter-compartment conductance")
    icc_divide: np.ndarray = _switch(_NEURON, "its conductance / 4")
    icc_multiply: np.ndarray = _switch(_NEURON, "its conductance * 4")

    # Quadrants and backends.
    i_synapse_dac_bias: np.ndarray = _cell(600, "current of a synapse per weight", _QUADRANT)
    cadc_ramp_slope: np.ndarray = _cell(370, "slope of the column ADC's ramp", _QUADRANT)
    cadc_ramp_offset: np.ndarray = _cell(31, "start of the column ADC's ramp", _QUADRANT)
    refractory_clock_fast: np.ndarray = _register(_BACKEND, 15, "f = 250 MHz / 2 ** (scale + 1)", 2)
    refractory_clock_slow: np.ndarray = _register(_BACKEND, 15, "f = 250 MHz / 2 ** (scale + 1)", 9)
    adaptation_pulse_scale: np.ndarray = _register(_BACKEND, 15, "a spike's adaptation lasts 2 ** scale cycles", 5)
    v_stp: np.ndarray = _cell(180, "reference of short-term plasticity", _QUADRANT)
    i_stp_ramp: np.ndarray = _cell(600, "slope from its voltages to amplitudes", _QUADRANT)
    # Of the two sets that a driver selects from: the first facilitates, the second depresses.
    v_stp_charge: np.ndarray = _cell((100, 330), "where events pull a driver's voltage, by set", (QUADRANTS, 2))
    v_stp_recover: np.ndarray = _cell((400, 50), "where it recovers to, by set", (QUADRANTS, 2))
    i_correlation_ramp: np.ndarray = _cell(90, "inverse time constant of the correlation sensors", _QUADRANT)
    i_correlation_store: np.ndarray = _cell(70, "their amplitude", _QUADRANT)

    # Column ADC.
    cadc_offset: np.ndarray = _register(
        (HEMISPHERES, 2, COLUMNS), 127, "digital offset by hemisphere, causal or acausal channel, column", 0, low=-128
    )
    enable_cadc_debug: np.ndarray = _switch((), "all channels read the debug line instead of their neuron")
    debug_voltage: np.ndarray = _cell(300, "voltage of the debug line", ())

    # Synapse drivers.
    row_mode: np.ndarray = _register((HEMISPHERES, ROWS), 3, "0 disabled, 1 excitatory, 2 inhibitory, 3 both")
    row_select_mask: np.ndarray = _register(_DRIVER, 31, "bits of the row select address that are compared", 31)
    enable_hagen_modulation: np.ndarray = _switch(_DRIVER, "pulse length by the label's low bits")
    hagen_dac_offset: np.ndarray = _register(_DRIVER, 63, "offset of that length", 32)
    enable_receiver: np.ndarray = _switch(_DRIVER, "takes events of its bus", True)
    enable_address_out: np.ndarray = _switch(_DRIVER, "hands labels to its synapses", True)
    dacen_pulse_extension: np.ndarray = _register((HEMISPHERES, BUSES), 15, "longer pulses on a bus: stronger synapses")

    # Short-term plasticity in the drivers.
    enable_stp: np.ndarray = _switch(_DRIVER, "short-term plasticity")
    stp_target: np.ndarray = _register(_DRIVER, 1, "which set of charge and recovery voltages")
    stp_utilization: np.ndarray = _register(_DRIVER, 15, "share of the way to the charge voltage, per event", 5)
    stp_recovery: np.ndarray = _register(_DRIVER, 15, "share of the way back, per clock", 5)
    stp_offset: np.ndarray = _register(_DRIVER, 15, "offset of the amplitude", 7)
    stp_recovery_clock: np.ndarray = _register((HEMISPHERES,), 15, "clock of the recovery", 5)
    enable_stp_recovery: np.ndarray = _switch((HEMISPHERES,), "voltages recover", True)

    # Synapses.
    weight: np.ndarray = _register(_SYNAPSE, 63, "strength")
    label: np.ndarray = _register(_SYNAPSE, 63, "events with this label in their low bits count")
    correlation_time: np.ndarray = _register(_SYNAPSE, 3, "trim of the correlation sensors' time constant")
    correlation_amplitude: np.ndarray = _register(_SYNAPSE, 3, "trim of their amplitude")

    # Background generators: one event per period at most.
    enable_background: np.ndarray = _switch(_SOURCE, "sends events")
    background_random: np.ndarray = _switch(_SOURCE, "at random, else regularly")
    background_period: np.ndarray = _register(_SOURCE, 0xFFFF, "clocks of 4 ns from slot to slot, less one")
    background_rate: np.ndarray = _register(_SOURCE, 255, "of 256 random slots one more than this sends, none at 0")
    background_seed: np.ndarray = _register(_SOURCE, 0xFFFFFFFF, "of its shift register")
    background_mask: np.ndarray = _register(_SOURCE, 255, "label bits that are drawn at random")
    background_label: np.ndarray = _register(_SOURCE, 0x3FFF, "the others")

    # Crossbar.
    crossbar_mask: np.ndarray = _register(_NODE, 0x3FFF, "an event passes where (label & mask) == target")
    crossbar_target: np.ndarray = _register(_NODE, 0x3FFF, "mask 0 and target 0x3fff drop all", 0x3FFF)

    def __post_init__(self) -> None:
        for register in fields(self):
            object.__setattr__(self, register.name, self._legal(register, getattr(self, register.name)))

    def replace(self: Self, **registers: Any) -> Self:
        """Return a copy with the given registers changed; only those are checked, the others are shared."""
        if not registers:
            return self
        return self.holding(**{name: self.legal(name, value) for name, value in registers.items()})

    def holding(self: Self, **legal: np.ndarray) -> Self:
        """Return a copy with registers that are legal by the way they were made; nothing is checked or copied."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.__dict__.update(legal)
        return new

    def update(self: Self, registers: Mapping[str, np.ndarray]) -> Self:
        """Return a copy that holds ``registers``; arrays that are already held are neither checked nor copied."""
        differs = map(is_not, map(self.__dict__.get, registers), registers.values())
        changed = dict(compress(registers.items(), differs))
        return self.replace(**changed) if changed else self

    def registers(self) -> dict[str, np.ndarray]:
        """Return all registers by name, without copying."""
        return dict(self.__dict__)

    @classmethod
    def declarations(cls) -> dict[str, Field[Any]]:
        """Return the declaration of each register; its metadata holds shape, low, high, dtype, capmem and says."""
        return dict(_DECLARED)

    @classmethod
    def legal(cls, name: str, value: Any) -> np.ndarray:
        """Return ``value`` as the read-only array that register ``name`` would hold.

        Raises:
            ValueError: The register is unknown, or ``value`` is nothing it can hold.
        """
        register = _DECLARED.get(name)
        if register is None:
            raise cls.error(f"unknown register {name!r}; known: {', '.join(_DECLARED)}")
        return cls._legal(register, value)

    @classmethod
    def _legal(cls, register: Field[Any], value: Any) -> np.ndarray:
        """Check ``value`` against the declaration of ``register`` and return it read-only."""
        name, declared = register.name, register.metadata
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
            raise cls.error(f"{name}: got a masked array, whose mask would be lost; wanted .filled(...)")
        try:
            array = np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as problem:  # ragged, or on no device
            raise cls.error(f"{name}: got {type(value).__name__}, wanted integers ({problem})") from problem
        if array.dtype.kind not in "biu":
            raise cls.error(f"{name}: got values of type {array.dtype}, wanted integers; round to register codes first")
        if array.shape != declared["shape"]:
            if array.ndim:
                raise cls.error(f"{name}: got shape {array.shape}, wanted {declared['shape']} or a scalar")
            array = np.full(declared["shape"], array)
        low, high = declared["low"], declared["high"]
        if array.dtype.kind != "b" and (int(array.min()) < low or int(array.max()) > high):
            bad = array[(array < low) | (array > high)].flat[0]
            raise cls.error(f"{name}: got {bad}, wanted a code from {low} to {high}")
        # nobody can change it any more
        ours = not array.flags.writeable and array.base is None and array.flags.c_contiguous
        array = array.astype(declared["dtype"], order="C", copy=not ours)
        array.setflags(write=False)
        return array


_DECLARED = {register.name: register for register in fields(Registers)}
