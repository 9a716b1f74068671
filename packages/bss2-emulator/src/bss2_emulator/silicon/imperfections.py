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
        comparator: Spread of the comparator's latency.
        cadc_offset: Offsets of the channels and quadrants of the column ADC.
        cadc_gain: Spread of the slopes of the column ADC.
        driver_offset: Spread of the pulse lengths of synapse drivers (hagen mode).
        exponential: Spread of the exponential term.
        adaptation: Spread of the adaptation.
        coba: Spread of conductance-based synaptic inputs.
        compartments: Spread of the conductances between compartments.
        saturation: Saturation of the synaptic inputs, and of the inhibitory side in hagen mode.
        membrane_noise: White current noise on the membrane.
        run_offset: Offset of the leak potential from run to run.
        cadc_noise: Noise of a read of the column ADC, of correlation sensors too, and of the integration in hagen mode.
        madc_noise: Noise of a read of the membrane ADC.
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
    comparator: bool = True
    cadc_offset: bool = True
    cadc_gain: bool = True
    driver_offset: bool = True
    exponential: bool = True
    adaptation: bool = True
    coba: bool = True
    compartments: bool = True
    saturation: bool = True
    membrane_noise: bool = True
    run_offset: bool = True
    cadc_noise: bool = True
    madc_noise: bool = True
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
