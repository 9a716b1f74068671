"""Register codes of neurons as physical values on one chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bss2_emulator.config import ChipConfig
from bss2_emulator.facts import constants as c
from bss2_emulator.facts.coordinates import BACKEND, QUADRANT
from bss2_emulator.silicon.serial import FloatArray, Silicon

REGISTERS: Final = (
    "v_leak", "v_reset", "v_threshold", "i_leak", "i_reset", "i_synin_exc_tau", "i_synin_exc_shift",
    "i_synin_exc_gm", "i_synin_inh_tau", "i_synin_inh_shift", "i_synin_inh_gm", "i_mem_offset",
    "membrane_capacitance", "enable_leak", "leak_divide", "leak_multiply", "enable_synin_exc",
    "enable_synin_inh", "small_capacitance_exc", "small_capacitance_inh", "enable_mem_offset",
    "mem_offset_sink", "enable_threshold", "refractory_time", "holdoff", "refractory_use_fast_clock",
    "i_synapse_dac_bias", "refractory_clock_fast", "refractory_clock_slow",
    "reset_divide", "reset_multiply", "high_resistance_exc",
    "high_resistance_inh", "enable_bypass_exc", "enable_bypass_inh",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class NeuronPhysics:
    """Physical values of all neurons; a leading axis of 2 is (excitatory, inhibitory).

    Attributes:
        capacitance: F, (512,).
        leak: Leak conductance, S, (512,).
        leak_potential, reset_potential, threshold: V, (512,); the threshold is infinite where the comparator is off.
        reset: Conductance that pulls to the reset potential during reset, S, (512,).
        current: Constant current onto the membrane, A, (512,).
        tau_syn: s, (2, 512).
        connected: The synaptic input reaches the membrane, bool (2, 512).
        bypassed: Its events fire the neuron instead, bool (2, 512).
        event_current: Synaptic current of one event of weight 1, A, (2, 512).
        line_current: The same where synapses are as strong as at the usual DAC bias of a typical quadrant: what a drop
            of the synaptic line by one such weight draws, A, (2, 512).
        latency: Of the comparator, s, (512,).
        reset_cycles, refractory_cycles: From the spike, FPGA cycles, int32 (512,).
        held: Starts where its reset left it, bool (512,): the chip's software resets all neurons before a run. With a
            leak the membrane has settled again by then, so that it and its noise start stationary; without one it
            has not moved.
    """

    capacitance: FloatArray
    leak: FloatArray
    leak_potential: FloatArray
    reset_potential: FloatArray
    threshold: FloatArray
    reset: FloatArray
    current: FloatArray
    tau_syn: FloatArray
    connected: NDArray[np.bool_]
    bypassed: NDArray[np.bool_]
    event_current: FloatArray
    line_current: FloatArray
    latency: FloatArray
    reset_cycles: NDArray[np.int32]
    refractory_cycles: NDArray[np.int32]
    held: NDArray[np.bool_]


def neuron_physics(config: ChipConfig, silicon: Silicon) -> NeuronPhysics:
    """Translate registers to physical values (facts 3.3 to 3.8, 10)."""
    mean = silicon.mean
    parasitic = mean("capacitance_parasitic")
    on_chip = config.membrane_capacitance / 63.0 * (1 - parasitic) + parasitic
    capacitance = mean("capacitance") * on_chip * silicon.capacitance
    modifier = np.where(config.leak_divide, 1 / 8, 1.0) * np.where(config.leak_multiply, 8.0, 1.0)
    leak = mean("leak_conductance") * config.i_leak * modifier * silicon.leak_conductance * config.enable_leak
    faster = np.where(config.reset_divide, 1 / 8, 1.0) * np.where(config.reset_multiply, 8.0, 1.0)
    reset_time = mean("reset_time") * c.CAPMEM_MAX / np.maximum(config.i_reset, 1) / faster * silicon.reset_time
    threshold = silicon.potential("threshold", c.THRESHOLD_REFERENCE[0], config.v_threshold) + silicon.threshold_offset
    bypassed = np.stack((config.enable_bypass_exc, config.enable_bypass_inh))
    connected = np.stack((config.enable_synin_exc, config.enable_synin_inh)) & ~bypassed
    reset_cycles, refractory_cycles = _refractory(config)
    return NeuronPhysics(
        line_current=mean("event_current") * _synin_gain(config, silicon),
        capacitance=capacitance,
        leak=leak + capacitance / mean("residual_leak"),
        leak_potential=silicon.potential("leak", c.LEAK_REFERENCE[0], config.v_leak) + silicon.leak_offset,
        reset_potential=silicon.potential("reset", c.RESET_REFERENCE[0], config.v_reset) + silicon.reset_offset,
        threshold=np.where(config.enable_threshold, threshold, np.inf),
        reset=capacitance / reset_time,
        current=_constant_current(config, silicon, connected),
        tau_syn=tau_syn(config, silicon),
        connected=connected,
        bypassed=bypassed,
        event_current=event_current(config, silicon),
        latency=mean("comparator") * silicon.comparator,
        reset_cycles=reset_cycles,
        refractory_cycles=refractory_cycles,
        held=~config.enable_leak | (config.i_leak == 0),
    )


def tau_syn(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return the time constants of the synaptic inputs, s, (2, 512)."""
    code = np.maximum(np.stack((config.i_synin_exc_tau, config.i_synin_inh_tau)), 0.5)
    small = np.stack((config.small_capacitance_exc, config.small_capacitance_inh))
    slow = np.stack((config.high_resistance_exc, config.high_resistance_inh))
    mean = silicon.mean
    factor = np.where(small, mean("small_capacitance"), 1.0) * np.where(slow, mean("high_resistance"), 1.0)
    return np.asarray(mean("tau_syn") / code * factor * silicon.tau_syn)


def synin_strength(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return the strength of synaptic inputs relative to gm 500 and DAC bias 600, (2, 512)."""
    return np.asarray(_synin_gain(config, silicon) * synapse_bias(config, silicon))


def _synin_gain(config: ChipConfig, silicon: Silicon) -> FloatArray:
    gm = np.stack((config.i_synin_exc_gm, config.i_synin_inh_gm)) * silicon.gm / silicon.mean("gm")
    return np.asarray(np.maximum(gm, 0.0) ** silicon.mean("gm_exponent"))


def synapse_bias(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return the strength of each column's synapses with mismatch of quadrant and serial; 1 at DAC bias 600, (512,)."""
    bias = (config.i_synapse_dac_bias / silicon.mean("dac_bias"))[QUADRANT]
    return np.asarray(bias * silicon.scale("strength") * silicon.quadrant_strength)


def event_current(config: ChipConfig, silicon: Silicon) -> FloatArray:
    """Return the synaptic current of one event of weight 1, A, (2, 512)."""
    return silicon.mean("event_current") * synin_strength(config, silicon)


def _constant_current(config: ChipConfig, silicon: Silicon, connected: NDArray[np.bool_]) -> FloatArray:
    optimum = np.clip(silicon.mean("synin_shift") + silicon.synin_shift, 20, 1000)
    excess = (np.stack((config.i_synin_exc_shift, config.i_synin_inh_shift)) - optimum) * connected
    step = silicon.mean("offset_current")
    offset = config.i_mem_offset * np.where(config.mem_offset_sink, -step, step)
    return np.asarray(silicon.mean("synin_shift_current") * (excess[0] - excess[1]) + offset * config.enable_mem_offset)


def _refractory(config: ChipConfig) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return lengths of the reset and of the refractory period (facts 3.5); the counters count at least one clock."""
    scale = np.where(
        config.refractory_use_fast_clock, config.refractory_clock_fast[BACKEND], config.refractory_clock_slow[BACKEND]
    ).astype(np.int32)
    clocks = np.maximum(config.refractory_time.astype(np.int32), 1)
    reset = np.maximum(clocks - (31 - 2 * config.holdoff.astype(np.int32)), 1)
    return reset << scale, clocks << scale  # 250 MHz / 2 ** (s + 1) is 2 ** s cycles of 8 ns
