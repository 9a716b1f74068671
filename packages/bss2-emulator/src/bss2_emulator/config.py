"""Everything that can be written to a chip, as named arrays.

Index rules are those of :mod:`bss2_emulator.facts.coordinates`; quadrant ``q = 2 * hemisphere + (column >= 128)``;
backend 0 holds columns 0 to 127 of both hemispheres. Source: facts 1.1 to 1.4, 2.2, 2.3, 3.2 to 3.5, 4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any

import numpy as np

from bss2_emulator.errors import ConfigError
from bss2_emulator.facts.constants import CAPMEM_MAX, COLUMNS, NO_FORWARD
from bss2_emulator.facts.coordinates import COLUMN, crossbar_reach

_REACH = crossbar_reach()
_LAST_OF_BLOCK = COLUMN % (COLUMNS // 2) == COLUMNS // 2 - 1


def _register(shape: tuple[int, ...], high: int, default: int | tuple[int, ...] = 0, low: int = 0) -> Any:
    """Declare a register array with the closed range ``[low, high]`` of its elements."""
    if (low, high) == (0, 1):
        dtype: type[np.generic] = np.bool_
    elif low < 0:
        dtype = np.int16
    else:
        dtype = np.uint8 if high <= 255 else np.uint16 if high <= 65535 else np.uint32
    value = np.full(shape, default, dtype)
    value.setflags(write=False)
    return field(
        default_factory=lambda: value,
        metadata={"shape": shape, "low": low, "high": high, "dtype": np.dtype(dtype)},
    )


def _cell(default: int) -> Any:
    return _register((512,), CAPMEM_MAX, default)


def _switch(shape: tuple[int, ...], default: bool = False) -> Any:
    return _register(shape, 1, int(default))


@dataclass(frozen=True, eq=False)
class ChipConfig:
    """Frozen set of registers; legal once constructed.

    Arrays are read-only and shared between configurations that agree in them.

    Raises:
        ConfigError: A value has the wrong shape, is no integer, is out of the register's range, or opens a crossbar
            node that the chip does not have.
    """

    # Analog cells of a neuron: 10-bit codes of the capacitive memory.
    v_leak: np.ndarray = _cell(629)
    v_reset: np.ndarray = _cell(625)
    v_threshold: np.ndarray = _cell(389)
    i_leak: np.ndarray = _cell(158)
    i_reset: np.ndarray = _cell(CAPMEM_MAX)
    i_synin_exc_tau: np.ndarray = _cell(84)
    i_synin_exc_shift: np.ndarray = _cell(304)
    i_synin_exc_gm: np.ndarray = _cell(500)
    i_synin_inh_tau: np.ndarray = _cell(84)
    i_synin_inh_shift: np.ndarray = _cell(304)
    i_synin_inh_gm: np.ndarray = _cell(500)
    i_mem_offset: np.ndarray = _cell(0)
    i_synin_exc_coba: np.ndarray = _cell(0)
    i_synin_inh_coba: np.ndarray = _cell(0)
    e_synin_exc_rev: np.ndarray = _cell(629)
    e_synin_inh_rev: np.ndarray = _cell(629)
    i_exp: np.ndarray = _cell(0)
    v_exp: np.ndarray = _cell(511)
    i_adapt_tau: np.ndarray = _cell(0)
    i_adapt_a: np.ndarray = _cell(0)
    i_adapt_b: np.ndarray = _cell(0)
    v_adapt_leak: np.ndarray = _cell(511)
    v_adapt_ref: np.ndarray = _cell(511)
    i_icc: np.ndarray = _cell(0)

    # Digital configuration of a neuron.
    membrane_capacitance: np.ndarray = _register((512,), 63, 63)
    enable_leak: np.ndarray = _switch((512,), True)
    leak_divide: np.ndarray = _switch((512,))  # leak conductance / 8
    leak_multiply: np.ndarray = _switch((512,))  # leak conductance * 8
    enable_synin_exc: np.ndarray = _switch((512,), True)
    enable_synin_inh: np.ndarray = _switch((512,), True)
    small_capacitance_exc: np.ndarray = _switch((512,))  # synaptic time constant / 4
    small_capacitance_inh: np.ndarray = _switch((512,))
    enable_mem_offset: np.ndarray = _switch((512,))
    mem_offset_sink: np.ndarray = _switch((512,))  # draw the offset current instead of adding it
    enable_threshold: np.ndarray = _switch((512,))  # compare with the threshold: fire and reset
    enable_spike_output: np.ndarray = _switch((512,))  # hand spikes to the crossbar
    event_address: np.ndarray = _register((512,), 255)
    refractory_time: np.ndarray = _register((512,), 255, 32)
    holdoff: np.ndarray = _register((512,), 15, 15)  # reset ends 31 - 2 * holdoff clocks before the refractory time
    refractory_use_fast_clock: np.ndarray = _switch((512,), True)

    reset_divide: np.ndarray = _switch((512,))  # reset conductance / 8
    reset_multiply: np.ndarray = _switch((512,))  # reset conductance * 8
    high_resistance_exc: np.ndarray = _switch((512,))  # longer synaptic time constant
    high_resistance_inh: np.ndarray = _switch((512,))
    enable_coba_exc: np.ndarray = _switch((512,))  # synaptic current depends on the membrane
    enable_coba_inh: np.ndarray = _switch((512,))
    enable_bypass_exc: np.ndarray = _switch((512,))  # an event fires the neuron at once
    enable_bypass_inh: np.ndarray = _switch((512,))
    enable_exponential: np.ndarray = _switch((512,))
    enable_adaptation: np.ndarray = _switch((512,))
    adaptation_a_negative: np.ndarray = _switch((512,))
    adaptation_b_negative: np.ndarray = _switch((512,))
    readout_source: np.ndarray = _register((512,), 3)  # membrane, excitatory, inhibitory input, adaptation

    # Switches that join circuits to a logical neuron.
    connect_right: np.ndarray = _switch((512,))  # membrane to that of the next column
    connect_vertical: np.ndarray = _switch((512,))  # membrane to that of the other row
    connect_soma: np.ndarray = _switch((512,))  # membrane to the somatic line, directly
    connect_soma_right: np.ndarray = _switch((512,))  # somatic line to that of the next column
    enable_icc: np.ndarray = _switch((512,))  # membrane to the somatic line through the inter-compartment conductance
    icc_divide: np.ndarray = _switch((512,))  # its conductance / 4
    icc_multiply: np.ndarray = _switch((512,))  # its conductance * 4

    # Quadrants and backends.
    i_synapse_dac_bias: np.ndarray = _register((4,), CAPMEM_MAX, 600)
    cadc_ramp_slope: np.ndarray = _register((4,), CAPMEM_MAX, 370)
    cadc_ramp_offset: np.ndarray = _register((4,), CAPMEM_MAX, 31)
    refractory_clock_fast: np.ndarray = _register((2,), 15, 2)  # f = 250 MHz / 2 ** (scale + 1)
    refractory_clock_slow: np.ndarray = _register((2,), 15, 9)
    adaptation_pulse_scale: np.ndarray = _register((2,), 15, 5)  # spike-triggered adaptation lasts 2 ** scale cycles
    v_stp: np.ndarray = _register((4,), CAPMEM_MAX, 180)
    i_stp_ramp: np.ndarray = _register((4,), CAPMEM_MAX, 600)
    # Of the two sets that a driver selects from: the first facilitates, the second depresses.
    v_stp_charge: np.ndarray = _register((4, 2), CAPMEM_MAX, (100, 330))
    v_stp_recover: np.ndarray = _register((4, 2), CAPMEM_MAX, (400, 50))
    i_correlation_ramp: np.ndarray = _register((4,), CAPMEM_MAX, 90)  # time constant of the correlation sensors
    i_correlation_store: np.ndarray = _register((4,), CAPMEM_MAX, 70)  # their amplitude

    # Column ADC: digital offset of (hemisphere, causal or acausal, column), and its test input.
    cadc_offset: np.ndarray = _register((2, 2, 256), 127, 0, low=-128)
    enable_cadc_debug: np.ndarray = _switch(())  # all channels read the debug line instead of their neuron
    debug_voltage: np.ndarray = _register((), CAPMEM_MAX, 300)

    # Synapse drivers: row modes 0 disabled, 1 excitatory, 2 inhibitory, 3 both.
    row_mode: np.ndarray = _register((2, 256), 3)
    row_select_mask: np.ndarray = _register((2, 128), 31, 31)
    enable_hagen_modulation: np.ndarray = _switch((2, 128))
    hagen_dac_offset: np.ndarray = _register((2, 128), 63, 32)
    enable_receiver: np.ndarray = _switch((2, 128), True)
    enable_address_out: np.ndarray = _switch((2, 128), True)
    dacen_pulse_extension: np.ndarray = _register((2, 4), 15)  # of a PADI bus: longer pulses, stronger synapses

    # Short-term plasticity in the drivers.
    enable_stp: np.ndarray = _switch((2, 128))
    stp_target: np.ndarray = _register((2, 128), 1)  # which set of charge and recovery voltages
    stp_utilization: np.ndarray = _register((2, 128), 15, 5)
    stp_recovery: np.ndarray = _register((2, 128), 15, 5)
    stp_offset: np.ndarray = _register((2, 128), 15, 7)
    stp_recovery_clock: np.ndarray = _register((2,), 15, 5)  # common to a hemisphere
    enable_stp_recovery: np.ndarray = _switch((2,), True)

    # Synapses.
    weight: np.ndarray = _register((2, 256, 256), 63)
    label: np.ndarray = _register((2, 256, 256), 63)
    correlation_time: np.ndarray = _register((2, 256, 256), 3)  # trims of the correlation sensors
    correlation_amplitude: np.ndarray = _register((2, 256, 256), 3)

    # Background generators: one event per period at most (facts 1.5).
    enable_background: np.ndarray = _switch((8,))
    background_random: np.ndarray = _switch((8,))
    background_period: np.ndarray = _register((8,), 0xFFFF)
    background_rate: np.ndarray = _register((8,), 255)
    background_seed: np.ndarray = _register((8,), 0xFFFFFFFF)
    background_mask: np.ndarray = _register((8,), 255)  # label bits that are drawn at random
    background_label: np.ndarray = _register((8,), 0x3FFF)

    # Crossbar nodes (input, output): an event passes where (label & mask) == target.
    crossbar_mask: np.ndarray = _register((20, 12), 0x3FFF)
    crossbar_target: np.ndarray = _register((20, 12), 0x3FFF, 0x3FFF)

    def __post_init__(self) -> None:
        for register in fields(self):
            object.__setattr__(self, register.name, _legal(register, getattr(self, register.name)))
        self._check_crossbar()
        self._check_joints()

    def replace(self, **registers: Any) -> ChipConfig:
        """Return a copy with the given registers changed; only those are checked, the others are shared."""
        known = _DECLARED
        unknown = sorted(registers.keys() - known.keys())
        if unknown:
            raise ConfigError(f"unknown register {unknown[0]!r}; known: {', '.join(known)}")
        new: ChipConfig = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        for name, value in registers.items():
            object.__setattr__(new, name, _legal(known[name], value))
        if not registers.keys().isdisjoint(("crossbar_mask", "crossbar_target")):
            new._check_crossbar()
        if not registers.keys().isdisjoint(("connect_right", "connect_soma_right")):
            new._check_joints()
        return new

    def update(self, registers: Mapping[str, np.ndarray]) -> ChipConfig:
        """Return a copy that holds ``registers``; arrays that are already held are neither checked nor copied."""
        held = self.__dict__
        changed = {name: value for name, value in registers.items() if held.get(name) is not value}
        return self.replace(**changed) if changed else self

    def registers(self) -> dict[str, np.ndarray]:
        """Return all registers by name, without copying."""
        return dict(self.__dict__)

    @classmethod
    def declarations(cls) -> dict[str, Field[Any]]:
        """Return the declaration of each register; its metadata holds shape, low, high and dtype."""
        return dict(_DECLARED)

    def _check_crossbar(self) -> None:
        drops = (self.crossbar_mask == NO_FORWARD[0]) & (self.crossbar_target == NO_FORWARD[1])
        wrong = np.argwhere(~drops & ~_REACH)
        if len(wrong):
            i, o = wrong[0]
            raise ConfigError(
                f"crossbar node ({i}, {o}): got mask {self.crossbar_mask[i, o]:#x}, target "
                f"{self.crossbar_target[i, o]:#x}; there is no such node, wanted mask 0 and target 0x3fff (drop all)"
            )

    def _check_joints(self) -> None:
        for name in ("connect_right", "connect_soma_right"):
            across = np.flatnonzero(getattr(self, name) & _LAST_OF_BLOCK)
            if len(across):
                raise ConfigError(
                    f"{name}: got it on circuit {across[0]}, wanted none there: circuits are not joined across the "
                    "borders at columns 127/128 and 255"
                )


_DECLARED = {register.name: register for register in fields(ChipConfig)}


def _legal(register: Field[Any], value: Any) -> np.ndarray:
    """Check ``value`` against the declaration of ``register`` and return it read-only."""
    name, declared = register.name, register.metadata
    array = np.asarray(value)
    if array.dtype.kind not in "biu":
        raise ConfigError(f"{name}: got values of type {array.dtype}, wanted integers; round to register codes first")
    if array.shape != declared["shape"]:
        if array.ndim:
            raise ConfigError(f"{name}: got shape {array.shape}, wanted {declared['shape']} or a scalar")
        array = np.full(declared["shape"], array)
    low, high = declared["low"], declared["high"]
    if array.dtype.kind != "b" and (int(array.min()) < low or int(array.max()) > high):
        bad = array[(array < low) | (array > high)].flat[0]
        raise ConfigError(f"{name}: got {bad}, wanted a code from {low} to {high}")
    ours = not array.flags.writeable and array.base is None and array.flags.c_contiguous
    array = array.astype(declared["dtype"], order="C", copy=not ours)
    array.setflags(write=False)
    return array
