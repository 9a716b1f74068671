"""Which parts of reality the emulated chip has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from bss2_emulator.arguments import checked

Fidelity = Literal["ideal", "calibrated", "full"]
FIDELITIES: tuple[str, ...] = get_args(Fidelity)


@checked
@dataclass(frozen=True)
class Imperfections:
    """Switches that take one imperfection away, to learn what it costs.

    All are on by default; ``ideal`` fidelity has none of them whatever is asked for.

    Attributes:
        potentials: Offsets of leak, reset and threshold potentials.
        readout: Offset of the readout amplifier of each neuron.
        capacitance: Spread of the membrane capacitance.
        tau_mem: Spread of the leak conductance.
        reset_time: Spread of the reset conductance.
        tau_syn: Spread of the synaptic time constants.
        synin_strength: Spread of the strength of the synaptic inputs within a quadrant.
        quadrant_strength: Strength common to a quadrant.
        synin_offset: Spread of the bias at which a synaptic input is balanced.
        synapse: Spread of single synapses.
        synapse_dac: Nonlinearity of the converters that make currents of weights.
        cell_write: Error of each write of an analog cell, which stays until the next one.
        cell_crosstalk: Pull of the cells beside one; a calibration takes it out, so ``calibrated`` has none.
        cell_drift: Slow movement of analog cells in the emulated time of a session.
        serial_scales: Gain, strength and time constants that are a serial's own.
        comparator: Spread of the comparator's latency.
        cadc_offset: Offsets of the channels and quadrants of the column ADC.
        cadc_gain: Spread of the slopes of the column ADC.
        driver_offset: What synapse drivers add to the lengths of their pulses (hagen mode).
        driver_gain: Spread of what drivers make of an activation (hagen mode).
        event_offset: Offset that a column takes on while events arrive (hagen mode).
        event_noise: Noise that comes with events (hagen mode).
        exponential: Spread of the exponential term.
        adaptation: Spread of the adaptation.
        coba: Spread of conductance-based synaptic inputs.
        compartments: Spread of the conductances between compartments.
        saturation: Current that inhibitory inputs lose where the membrane is low, and the bend of the negative side in
            hagen mode. Excitation has no limit of its own.
        membrane_noise: White current noise on the membrane, and a leak potential that wanders during a run.
        run_offset: Offset of the leak potential from run to run.
        cadc_noise: Noise of a read of the column ADC, of correlation sensors too.
        cadc_common: Noise that all columns of a read of the column ADC share.
        madc_noise: Noise of a read of the membrane ADC.
        settling: Share of their last sample that the converters still have in the next one.
        cadc_jitter: Phase of the sampling of the column ADC, uniform in a period.
        event_loss: Capacity of link, crossbar and PADI buses: events wait, and are lost where too many do.
        stp_amplitude: Spread of the amplitudes of drivers with short-term plasticity.
        correlation: Spread of the correlation sensors.
    """

    potentials: bool = True
    readout: bool = True
    capacitance: bool = True
    tau_mem: bool = True
    reset_time: bool = True
    tau_syn: bool = True
    synin_strength: bool = True
    quadrant_strength: bool = True
    synin_offset: bool = True
    synapse: bool = True
    synapse_dac: bool = True
    cell_write: bool = True
    cell_crosstalk: bool = True
    cell_drift: bool = True
    serial_scales: bool = True
    comparator: bool = True
    cadc_offset: bool = True
    cadc_gain: bool = True
    driver_offset: bool = True
    driver_gain: bool = True
    event_offset: bool = True
    event_noise: bool = True
    exponential: bool = True
    adaptation: bool = True
    coba: bool = True
    compartments: bool = True
    saturation: bool = True
    membrane_noise: bool = True
    run_offset: bool = True
    cadc_noise: bool = True
    cadc_common: bool = True
    madc_noise: bool = True
    settling: bool = True
    cadc_jitter: bool = True
    event_loss: bool = True
    stp_amplitude: bool = True
    correlation: bool = True

    @classmethod
    def none(cls) -> Imperfections:
        """Return the switches of an ideal chip."""
        return cls(**{switch.name: False for switch in fields(cls)})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of all switches."""
        return tuple(switch.name for switch in fields(cls))
