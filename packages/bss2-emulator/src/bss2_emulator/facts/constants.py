"""What the chip is made of: counts, clocks and conversion factors, each with unit and source.

"facts" are the numbers sheet of the chip (``chip.md``); the sections are given. What is a mean over the silicon comes
from the sheet (``sheet.csv``); it is what a typical chip has, and what a calibration may expect. The chip itself asks
its own sheet (:meth:`bss2_emulator.silicon.serial.Silicon.mean`), which may be another one.
"""

from typing import Final

from bss2_emulator.facts.sheet import SHEET

# Geometry (facts 1.1).
HEMISPHERES: Final = 2
COLUMNS: Final = 256  # per hemisphere: neurons, synapse columns, ADC columns
ROWS: Final = 256  # synapse rows per hemisphere
DRIVERS: Final = 128  # per hemisphere, two rows each
NEURONS: Final = HEMISPHERES * COLUMNS
QUADRANTS: Final = 4
BACKENDS: Final = 2
BUSES: Final = 4  # PADI buses per hemisphere; driver d is on bus d % 4 at position d // 4
CROSSBAR_INPUTS: Final = 20  # 0-7 neuron outputs, 8-11 link, 12-19 background
CROSSBAR_OUTPUTS: Final = 12  # 0-3 PADI top, 4-7 PADI bottom, 8-11 link
LINK_INPUT: Final = 8  # crossbar input and output of link channel 0
COLUMNS_PER_OUTPUT: Final = 32  # neuron columns that share a crossbar input

CAPMEM_MAX: Final = 1022  # analog codes; 1023 marks a cell that is not refreshed (facts 3.2)
NO_FORWARD: Final = (0, 0x3FFF)  # mask and target of a crossbar node that drops everything (facts 1.3)

# Clocks (facts 4, 5).
CYCLE: Final = 8e-9  # s, FPGA clock
MAX_RUNTIME: Final = 2**32 - 1  # cycles
CADC_PERIOD_HALF: Final = 1.75e-6  # s between samples of up to 128 columns of a hemisphere
CADC_PERIOD_FULL: Final = 2.0e-6
CADC_PERIOD_DRAM: Final = 6.0e-6
CADC_LEAD: Final = 5e-6  # s, sampling starts before the run
CADC_BUFFER: Final = 100  # samples of a batch entry in SRAM
CADC_BUFFER_DRAM: Final = 204_800
MADC_PERIOD: Final = 4.25  # cycles

# Conversion (facts 3.7, 4).
CADC_LSB: Final = 4.5e-3  # V
CADC_ZERO: Final = 0.06  # V that reads 0
CADC_NOMINAL_SLOPE: Final = 370  # code of the ramp at which an LSB is CADC_LSB
CADC_NOMINAL_OFFSET: Final = 31
CADC_OFFSET_STEP: Final = 1.2e-3  # V per code of the ramp offset
MADC_LSB: Final = 1.5e-3
MADC_ZERO: Final = -0.042
DEBUG_ZERO: Final = (70, 0.15)  # code and V of the debug line
DEBUG_STEP: Final = 1.875e-3  # V per code
RAILS: Final = (CADC_ZERO + 25 * CADC_LSB, CADC_ZERO + 228 * CADC_LSB)  # V (facts 2.6: user units -103 and 100)

# Neuron (facts 3.3, 3.7, 6.1, 10): nominal value at a code, and volts per code.
LEAK_REFERENCE: Final = (629, SHEET.mean("leak"), SHEET.mean("leak_step"))
RESET_REFERENCE: Final = (625, SHEET.mean("reset"), SHEET.mean("reset_step"))
THRESHOLD_REFERENCE: Final = (389, SHEET.mean("threshold"), SHEET.mean("threshold_step"))
CAPACITANCE: Final = SHEET.mean("capacitance")  # F at code 63
CAPACITANCE_PARASITIC: Final = SHEET.mean("capacitance_parasitic")  # share that is there at code 0
LEAK_CONDUCTANCE: Final = SHEET.mean("leak_conductance")  # S per code: 158 codes are 6 us at 2.2 pF
RESIDUAL_LEAK: Final = SHEET.mean("residual_leak")  # s, membrane time constant without leak
RESET_TIME: Final = SHEET.mean("reset_time")  # s at code 1022
TAU_SYN: Final = SHEET.mean("tau_syn")  # s times code: 84 codes are 6 us
SMALL_CAPACITANCE: Final = SHEET.mean("small_capacitance")  # factor of tau_syn
HIGH_RESISTANCE: Final = SHEET.mean("high_resistance")  # factor of tau_syn (no source)
OFFSET_CURRENT: Final = SHEET.mean("offset_current")  # A per code of i_mem_offset
SYNIN_SHIFT: Final = SHEET.mean("synin_shift_current")  # A per code off the optimum
SYNIN_SHIFT_OPTIMUM: Final = SHEET.mean("synin_shift")
COMPARATOR_LATENCY: Final = SHEET.mean("comparator")  # s

# Terms of AdEx (facts 3.1, 3.2, 3.5). The sources give no scales: these put the firing patterns that were published for
# the model (Naud et al., Biol. Cybern. 99, 2008) within the codes, at 10 mV on the chip for 1 mV there.
EXP_SHARPNESS: Final = SHEET.mean("exp_sharpness")  # V times code: 511 codes of i_exp are a Delta_T of 20 mV
EXP_REFERENCE: Final = (
    511,
    SHEET.mean("exp_potential"),
    SHEET.mean("exp_potential_step"),
)  # of v_exp: code, V, V per code
EXP_CURRENT: Final = SHEET.mean(
    "exp_current"
)  # A at v_exp: g_leak Delta_T at tau_mem 10 us and 20 mV, so that V_T is v_exp there
EXP_LIMIT: Final = SHEET.mean("exp_limit")  # A, what its transistor can draw
ADAPT_COUPLING: Final = SHEET.mean("adapt_coupling")  # S from the adaptation voltage to the membrane
ADAPT_CAPACITANCE: Final = SHEET.mean("adapt_capacitance")  # F
ADAPT_TAU: Final = SHEET.mean("adapt_tau")  # s times code: 100 codes are 100 us; also the conductance of i_adapt_a
ADAPT_PULSE: Final = SHEET.mean("adapt_b")  # A per code of i_adapt_b
ADAPT_REFERENCE: Final = (511, SHEET.mean("adapt_reference"), SHEET.mean("adapt_reference_step"))  # of v_adapt_ref

# Conductance-based inputs (facts 3.6) and conductances between compartments (facts 3.3).
COBA_GAIN: Final = SHEET.mean("coba")  # of the current, per volt from the reversal potential and code
REVERSAL_REFERENCE: Final = (629, SHEET.mean("reversal"), SHEET.mean("reversal_step"))
ICC_CONDUCTANCE: Final = SHEET.mean("icc")  # S per code
ICC_MODIFIER: Final = SHEET.mean("icc_modifier")

# What the readout shows of a synaptic input: the voltage of its line. No public source gives it; products that are read
# from lines set the column ADC to 0.30 to 0.66 V (facts 7.1): lines rest at the upper end of that and drop through it.
LINE_REST: Final = SHEET.mean("line_rest")  # V
LINE_DROP: Final = SHEET.mean("line_drop")  # V per weight LSB at DAC bias 600

# Synapses (facts 2.1, 2.6, 3.8).
EVENT_CURRENT: Final = SHEET.mean("event_current")  # A per weight LSB at DAC bias 600, gm 500
DAC_REFERENCE: Final = SHEET.mean("dac_bias")
GM_REFERENCE: Final = SHEET.mean("gm")
GM_EXPONENT: Final = SHEET.mean("gm_exponent")
COMPLIANCE: Final = SHEET.mean(
    "compliance"
)  # V above the lower rail that an inhibitory input needs for all of its current

# Noise (facts 6.3, 10).
MEMBRANE_NOISE: Final = SHEET.mean("membrane_noise")  # V rms in the bandwidth of the membrane
SLOW_NOISE: Final = SHEET.mean(
    "slow_noise"
)  # V rms of the leak potential in each factor of 8 of its spectrum, 33 us to 2 ms
RUN_OFFSET: Final = SHEET.mean("run_offset")  # V rms of the leak potential from run to run
RUN_SHARES: Final = (SHEET.mean("run_share"), SHEET.mean("runs_share"))  # of this variance: of a run, of four runs
CADC_NOISE: Final = SHEET.mean("cadc_noise")  # LSB
MADC_NOISE: Final = SHEET.mean("madc_noise")  # LSB
MADC_MEMORY: Final = SHEET.mean("madc_memory")  # share of the noise of a sample that the next one still has

# Hagen mode (facts 2.4, 2.5).
HAGEN_GAIN: Final = SHEET.mean("hagen_gain")  # LSB per weight and activation at the codes below
HAGEN_DAC: Final = 1022
HAGEN_GM: Final = 450
HAGEN_TAU_CODE: Final = 394  # 0.32 us with the small capacitance
HAGEN_TAU: Final = TAU_SYN / HAGEN_TAU_CODE * SMALL_CAPACITANCE  # s
HAGEN_WAIT: Final = 5  # cycles between events from which on lines of synapses do not saturate
HAGEN_SLOPE: Final = 270  # 3.28 mV per LSB
TILE_ROWS: Final = 128
MAX_WEIGHT: Final = 63
MAX_ACTIVATION: Final = 31
MAX_PULSE: Final = 32.0  # LSB of the activation
HAGEN_DAC_STEP: Final = SHEET.mean("hagen_dac_step")  # LSB of the activation per code of hagen_dac_offset
HAGEN_DAC_CENTER: Final = 32
HAGEN_LIMIT: Final = SHEET.mean("hagen_limit")  # LSB where the inhibitory side flattens
HAGEN_BASELINE_DELAY: Final = 5e-6  # s from a reset to the read at rest
HAGEN_READ_DELAY: Final = 1e-6  # s from the last event to the read

# Transport of events (facts 1.5, 5). Depths of queues have no public source.
LINK_CHANNELS: Final = 4
LINK_LABELS: Final = 2  # that the FPGA sends in a cycle, to different channels
NEURON_QUEUE: Final = 64  # events that wait at a neuron output: each of its neurons holds one
EVENT_QUEUE: Final = 8  # those at a crossbar input of link or background
RETURN_QUEUE: Final = 32  # those that wait for a link channel to the FPGA
BACKGROUND_INPUT: Final = 12  # crossbar input of background generator 0
BACKGROUND_SOURCES: Final = 8
PULSE: Final = 4e-9  # s, what a synapse conducts for an event; an extension adds as much per code (facts 2.1)

# Short-term plasticity of drivers (facts 2.3): amplitudes are shares of a full pulse, voltages are codes. Charge and
# recovery voltages 100 and 400 facilitate from 0.3 to 0.9, 330 and 50 depress from 1 to 0.44. No public source gives
# the utilisation of other codes than 5, nor the recovery.
STP_RANGE: Final = SHEET.mean("stp_range")  # codes from full amplitude to none at the next two
STP_RAMP: Final = 600
STP_ZERO: Final = SHEET.mean("stp_zero")  # plus v_stp: code at which the amplitude is 0
STP_UTILIZATION: Final = SHEET.mean("stp_utilization")  # share of the way to the charge voltage, per code and event
STP_RECOVERY: Final = SHEET.mean("stp_recovery")  # share of the way to the recovery voltage, per code and clock
STP_OFFSET_STEP: Final = SHEET.mean("stp_offset_step")  # amplitude per code of stp_offset
STP_OFFSET_CENTER: Final = 7
STP_LSB: Final = 1 / 32  # amplitudes are compared in these

# Correlation sensors (facts 6.2, 7.1): nominal values at the default codes.
CORRELATION_TIME: Final = (SHEET.mean("correlation_time"), 90)  # s at a code of i_correlation_ramp, inverse to it
CORRELATION_AMPLITUDE: Final = (
    SHEET.mean("correlation_amplitude"),
    70,
)  # LSB of a coincidence at a code of i_correlation_store, proportional to it
CORRELATION_TRIM: Final = SHEET.mean("correlation_trim")  # of time and amplitude, per code of their trims
CORRELATION_MAX: Final = 255
