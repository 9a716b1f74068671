"""Register codes that reach a target on a chip without mismatch: first guess of every search, final on an ideal chip.

Each formula is the typical transfer of one analog cell. Source: chip facts 2.1, 3.3 to 3.7 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bss2_emulator.facts import constants as facts
from bss2_emulator.facts.constants import COLUMNS, DRIVERS, HEMISPHERES, NEURONS, ROWS
from hxtorch.core.arguments import checked
from hxtorch.core.calibration.nominal.refractory import refractory_registers
from hxtorch.core.calibration.targets import (
    CADCCalibTarget,
    CalibTarget,
    CorrelationCalibTarget,
    HagenCalibTarget,
    HagenSyninCalibTarget,
    IntegratorTarget,
    NeuronCalibTarget,
    SpikingCalibTarget,
    STPCalibTarget,
    SynapseDriverCalibTarget,
)
from hxtorch.core.seam.configuration import CAPMEM_MAX

CODES_PER_VOLT = {
    "v_leak": 1 / facts.LEAK_REFERENCE[2],
    "v_reset": 1 / facts.RESET_REFERENCE[2],
    "v_threshold": 1 / facts.THRESHOLD_REFERENCE[2],
}
MEMBRANE_CAPACITANCE, LEAK_CONDUCTANCE, PARASITIC_TIME = facts.CAPACITANCE, facts.LEAK_CONDUCTANCE, facts.RESIDUAL_LEAK
TAU_SYN_CODE, SMALL_CAPACITANCE, HIGH_RESISTANCE = facts.TAU_SYN, facts.SMALL_CAPACITANCE, facts.HIGH_RESISTANCE
SLOW_LINE = 5e-6  # seconds from which a synaptic line takes a high resistance
EXCITATORY_LINE = 1  # code of readout_source; the inhibitory line is the next one
GM_EXPONENT, SHIFT_CURRENT, OFFSET_CURRENT = facts.GM_EXPONENT, facts.SYNIN_SHIFT, facts.OFFSET_CURRENT
HAGEN_GAIN = 1.9e-3  # LSB per weight and activation of a column of real chips, as published: 0.00186 and 0.00202
SYNAPSE_CURRENT = facts.EVENT_CURRENT
# Calibrated chips show 0.27 to 0.33 CADC LSB per weight at the default target; a typical input at its code gives 0.33.
MATCHED_STRENGTH = 0.92
DEBUG_VOLT_PER_CODE, REVERSAL_VOLT_PER_CODE = facts.DEBUG_STEP, facts.REVERSAL_REFERENCE[2]
COBA_GAIN, ICC_CONDUCTANCE = facts.COBA_GAIN, facts.ICC_CONDUCTANCE
CORRELATION_TIME = facts.CORRELATION_TIME[0] * facts.CORRELATION_TIME[1]  # seconds times code of i_correlation_ramp
CORRELATION_AMPLITUDE = facts.CORRELATION_AMPLITUDE[0] / facts.CORRELATION_AMPLITUDE[1]  # LSB per code of its store
HAGEN_DAC_CENTER, STP_OFFSET, STP_OFFSET_STEP = facts.HAGEN_DAC_CENTER, facts.STP_OFFSET_CENTER, facts.STP_OFFSET_STEP
STP_ZERO, STP_RANGE = facts.STP_ZERO, facts.STP_RANGE


def debug_volts(code: float) -> float:
    """Return the potential of the CADC's test input for a code of ``debug_voltage``."""
    return facts.DEBUG_ZERO[1] + (code - facts.DEBUG_ZERO[0]) * DEBUG_VOLT_PER_CODE


@dataclass(frozen=True)
class CADCRange:
    """Transfer of the column ADC: two codes of the test voltage and what they shall read.

    Attributes:
        low_code, high_code: Codes of ``debug_voltage``.
        low, high: Readings, LSB.
    """

    low_code: int
    high_code: int
    low: float = 20.0
    high: float = 220.0

    @property
    def volt_per_lsb(self) -> float:
        """Volts of one LSB; 4.5 mV in spiking mode."""
        return (self.high_code - self.low_code) * DEBUG_VOLT_PER_CODE / (self.high - self.low)

    def volts(self, lsb: np.ndarray) -> np.ndarray:
        """Return the potential that reads ``lsb``."""
        return debug_volts(self.low_code) + (lsb - self.low) * self.volt_per_lsb

    def lsb(self, volts: Any) -> Any:
        """Return what potentials, a number or an array, read."""
        return self.low + (volts - debug_volts(self.low_code)) / self.volt_per_lsb

    def registers(self) -> dict[str, np.ndarray]:
        """Return slope, start and digital offsets of a column ADC without mismatch."""
        start = debug_volts(self.low_code) - self.low * self.volt_per_lsb
        return {
            "cadc_ramp_slope": np.full(4, code(370 * self.volt_per_lsb / 4.5e-3)),
            "cadc_ramp_offset": np.full(4, code(31 + (start - 0.06) / 1.2e-3)),
            "cadc_offset": np.zeros((HEMISPHERES, 2, COLUMNS), np.int64),
        }


SPIKING_RANGE = CADCRange(70, 550)
HAGEN_RANGE = CADCRange(150, 500)
LINE_RANGE = CADCRange(150, 340)


def cadc_range(target: NeuronCalibTarget | HagenSyninCalibTarget | CADCCalibTarget) -> CADCRange:
    """Return the transfer of the column ADC in which ``target`` counts its LSB."""
    if isinstance(target, CADCCalibTarget):
        low, high = (float(np.asarray(reading)) for reading in (target.read_low, target.read_high))
        return CADCRange(int(np.asarray(target.v_low)), int(np.asarray(target.v_high)), low, high)
    if isinstance(target, HagenSyninCalibTarget):
        return LINE_RANGE
    return HAGEN_RANGE if isinstance(target, IntegratorTarget) else SPIKING_RANGE


def code(value: float | np.ndarray) -> np.ndarray:
    """Round to the nearest code of an analog cell."""
    return np.clip(np.rint(value), 0, CAPMEM_MAX).astype(np.int64)


def leak_code(volts: np.ndarray) -> np.ndarray:
    """Return codes of ``v_leak`` for resting potentials."""
    return code(629 + (volts - 0.42) * CODES_PER_VOLT["v_leak"])


def reset_code(volts: np.ndarray) -> np.ndarray:
    """Return codes of ``v_reset`` for reset potentials."""
    return code(625 + (volts - 0.42) * CODES_PER_VOLT["v_reset"])


def threshold_code(volts: np.ndarray) -> np.ndarray:
    """Return codes of ``v_threshold`` for firing thresholds."""
    return code(389 + (volts - 0.735) * CODES_PER_VOLT["v_threshold"])


def reversal_code(volts: np.ndarray) -> np.ndarray:
    """Return codes of ``e_synin_exc_rev`` and ``e_synin_inh_rev`` for reversal potentials."""
    return code(629 + (volts - 0.42) / REVERSAL_VOLT_PER_CODE)


def threshold_volts(codes: np.ndarray) -> np.ndarray:
    """Return firing thresholds for codes of ``v_threshold``."""
    return np.asarray(0.735 + (codes.astype(np.float64) - 389) / CODES_PER_VOLT["v_threshold"])


@checked
def capacitance(capacitance_code: np.ndarray) -> np.ndarray:
    """Return farads for codes of the membrane capacitance."""
    return np.asarray(MEMBRANE_CAPACITANCE * (0.05 + 0.95 * np.asarray(capacitance_code) / 63))


def leak_registers(tau_mem: np.ndarray, capacitance_code: np.ndarray) -> dict[str, np.ndarray]:
    """Return ``i_leak`` and its modifiers for membrane time constants in seconds.

    The modifiers keep the code between about 60 and 480, where steps are fine and mismatch leaves room.
    """
    farads = capacitance(capacitance_code)
    plain = np.maximum(farads / tau_mem - farads / PARASITIC_TIME, 0) / LEAK_CONDUCTANCE
    divide, multiply = plain < 60, plain > 480
    return {
        "i_leak": code(plain * np.where(divide, 8, np.where(multiply, 1 / 8, 1))),
        "leak_divide": divide,
        "leak_multiply": multiply,
    }


def tau_syn_registers(tau_syn: np.ndarray) -> dict[str, np.ndarray]:
    """Return codes and modifiers of synaptic time constants in seconds, (2, 512)."""
    small = tau_syn < 0.7e-6
    codes = code(TAU_SYN_CODE * np.where(small, SMALL_CAPACITANCE, 1) / tau_syn)
    return {
        "i_synin_exc_tau": codes[0],
        "i_synin_inh_tau": codes[1],
        "small_capacitance_exc": small[0],
        "small_capacitance_inh": small[1],
    }


def gm_factor(target: NeuronCalibTarget) -> float:
    """Return the factor on ``i_synin_gm`` that gives the matched strength."""
    written = isinstance(target, IntegratorTarget) or not target.synin_gm_calibrated
    return 1.0 if written else MATCHED_STRENGTH ** (1 / GM_EXPONENT)


def coba_registers(target: SpikingCalibTarget) -> dict[str, np.ndarray]:
    """Return switches and codes of conductance-based synaptic inputs, nothing without any.

    Their strength is that of the current-based input times ``G * (E - V)``, with G such that it is 1 at the reference.
    """
    reversal, reference = target.per_input("e_coba_reversal"), target.coba_reference()
    on = ~np.isnan(reversal)
    if not on.any():
        return {}
    volts = SPIKING_RANGE.volts(np.where(on, reversal, 0))
    gain = 1 / np.maximum(np.abs(volts - SPIKING_RANGE.volts(reference)), 1e-3)
    potentials, strengths = reversal_code(volts), code(np.where(on, gain / COBA_GAIN, 0))
    return {
        "enable_coba_exc": on[0],
        "enable_coba_inh": on[1],
        "e_synin_exc_rev": potentials[0],
        "e_synin_inh_rev": potentials[1],
        "i_synin_exc_coba": strengths[0],
        "i_synin_inh_coba": strengths[1],
    }


def icc_registers(target: SpikingCalibTarget) -> dict[str, np.ndarray]:
    """Return codes and modifiers of the inter-compartment conductance, nothing where it is not asked for."""
    tau = target.per_neuron("tau_icc")
    on = ~np.isnan(tau)
    if not on.any():
        return {}
    plain = capacitance(target.per_neuron("membrane_capacitance")) / np.where(on, tau, 1) / ICC_CONDUCTANCE
    divide, multiply = on & (plain < 60), on & (plain > 700)
    return {
        "i_icc": np.where(on, code(plain * np.where(divide, 4, np.where(multiply, 1 / 4, 1))), 0),
        "icc_divide": divide,
        "icc_multiply": multiply,
    }


def stp_registers(target: STPCalibTarget) -> dict[str, np.ndarray]:
    """Return voltages and offsets of short-term plasticity."""

    def both(name: str) -> list[int]:
        return [int(np.asarray(getattr(target, f"{name}_{which}"))) for which in (0, 1)]

    return {
        "v_stp_charge": np.tile(both("v_charge"), (4, 1)),
        "v_stp_recover": np.tile(both("v_recover"), (4, 1)),
        "i_stp_ramp": np.full(4, int(np.asarray(target.i_ramp))),
        "v_stp": np.full(4, int(np.asarray(target.v_stp))),
        "stp_offset": np.full((HEMISPHERES, DRIVERS), STP_OFFSET),
    }


def driver_registers(target: SynapseDriverCalibTarget) -> dict[str, np.ndarray]:
    """Return offsets of synapse drivers without mismatch, for hagen mode and for short-term plasticity."""
    return {
        "hagen_dac_offset": np.full((HEMISPHERES, DRIVERS), HAGEN_DAC_CENTER),
        "stp_offset": np.full((HEMISPHERES, DRIVERS), int(np.asarray(target.stp_offset))),
    }


def line_registers(target: HagenSyninCalibTarget) -> dict[str, np.ndarray]:
    """Return what products need that are read from the excitatory lines.

    A high resistance makes lines slow at codes whose steps are fine.
    """
    tau = target.per_input("tau_syn")
    slow = tau >= SLOW_LINE
    return {
        **cadc_range(target).registers(),
        **tau_syn_registers(tau / np.where(slow, HIGH_RESISTANCE, 1)),
        "readout_source": np.full(NEURONS, EXCITATORY_LINE),
        "high_resistance_exc": slow[0],
        "high_resistance_inh": slow[1],
        "i_synapse_dac_bias": np.full(4, code(float(np.asarray(target.synapse_dac_bias)))),
        "hagen_dac_offset": np.full((HEMISPHERES, DRIVERS), HAGEN_DAC_CENTER),
    }


def correlation_registers(target: CorrelationCalibTarget) -> dict[str, np.ndarray]:
    """Return biases of the correlation sensors, and trims without effect."""
    seconds, lsb = (float(np.asarray(value)) for value in (target.time_constant, target.amplitude))
    return {
        "i_correlation_ramp": np.full(4, code(CORRELATION_TIME / seconds)),
        "i_correlation_store": np.full(4, code(lsb / CORRELATION_AMPLITUDE)),
        "correlation_time": np.zeros((HEMISPHERES, ROWS, COLUMNS), np.int64),
        "correlation_amplitude": np.zeros((HEMISPHERES, ROWS, COLUMNS), np.int64),
    }


@checked
def nominal_registers(target: CalibTarget) -> dict[str, np.ndarray]:
    """Return every register that a calibration for ``target`` sets, by name."""
    if isinstance(target, STPCalibTarget):
        return stp_registers(target)
    if isinstance(target, CADCCalibTarget):
        return cadc_range(target).registers()
    if isinstance(target, SynapseDriverCalibTarget):
        return driver_registers(target)
    if isinstance(target, CorrelationCalibTarget):
        return correlation_registers(target)
    if isinstance(target, HagenSyninCalibTarget):
        return line_registers(target)
    adc = cadc_range(target)
    capacitance_code = target.per_neuron("membrane_capacitance")
    strength = code(target.per_input("i_synin_gm") * gm_factor(target))
    registers = {
        **adc.registers(),
        "v_leak": leak_code(adc.volts(target.per_neuron("leak"))),
        **leak_registers(target.per_neuron("tau_mem"), capacitance_code),
        **tau_syn_registers(target.per_input("tau_syn")),
        "i_synin_exc_gm": strength[0],
        "i_synin_inh_gm": strength[1],
        "i_synin_exc_shift": np.full(NEURONS, 304),
        "i_synin_inh_shift": np.full(NEURONS, 304),
        "i_synapse_dac_bias": np.full(4, code(float(np.asarray(target.synapse_dac_bias)))),
        "membrane_capacitance": capacitance_code.astype(np.int64),
        "i_reset": np.full(NEURONS, CAPMEM_MAX),
    }
    if isinstance(target, SpikingCalibTarget):
        registers["v_reset"] = reset_code(adc.volts(target.per_neuron("reset")))
        registers["v_threshold"] = threshold_code(adc.volts(target.per_neuron("threshold")))
        registers.update(refractory_registers(target.per_neuron("refractory_time"), target.per_neuron("holdoff_time")))
        registers.update({**coba_registers(target), **icc_registers(target)})
    else:
        registers["v_reset"] = reset_code(adc.volts(target.per_neuron("leak")))
        registers["enable_leak"] = np.zeros(NEURONS, np.bool_)  # off while charge is collected
        if isinstance(target, HagenCalibTarget):
            registers["hagen_dac_offset"] = np.full((HEMISPHERES, DRIVERS), HAGEN_DAC_CENTER)
    return registers
