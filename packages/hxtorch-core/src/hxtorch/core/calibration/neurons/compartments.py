"""Calibrate the conductance between compartments.

Two neighbours rest at different potentials and are joined by the conductance of one of them. How far that one moves
towards the other, against its own leak, shows the conductance. The potentials are exchanged and both results
subtracted, so that offsets of the readout cancel.

Source:
    chip facts 3.3.
"""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.searches import PowerPrediction, predictive_search
from hxtorch.core.calibration.nominal.codes import code, icc_registers, leak_registers
from hxtorch.core.calibration.targets import SpikingCalibTarget
from hxtorch.core.seam.configuration import CAPMEM_MAX, ChipConfiguration

POTENTIALS = (0.35, 0.8)  # volts
LEAK_TIME = (0.5e-6, 20e-6)  # range of the membrane time constant while it is measured
ENTRIES = 32
TOLERANCE = 0.2
_NEURONS = np.arange(NEURONS)


def calibrate_icc(bench: Bench, steps: int = 2) -> None:
    """Bring the inter-compartment time constants to the target; nothing is done where none is asked for."""
    target = bench.target
    if not isinstance(target, SpikingCalibTarget) or not (registers := icc_registers(target)):
        return
    bench.set(**registers)
    on = ~np.isnan(target.per_neuron("tau_icc"))
    wanted = np.where(on, target.per_neuron("tau_icc"), 1e-6)

    def measure(codes: np.ndarray) -> np.ndarray:
        found = icc_time_constants(bench, bench.configuration.replace(i_icc=np.where(on, codes, 0)), wanted)
        return np.where(on, found, wanted)

    found = predictive_search(measure, wanted, registers["i_icc"], PowerPrediction(-1), low=1, steps=steps, keep=2)
    bench.set(i_icc=np.where(on, found.codes, 0))
    bench.measured["tau_icc"] = np.where(on, found.values, np.nan)
    close = np.abs(found.values / wanted - 1) < TOLERANCE
    bench.require(~on | (close & (found.codes > 1) & (found.codes < CAPMEM_MAX)))


def icc_time_constants(bench: Bench, configuration: ChipConfiguration, expected: np.ndarray) -> np.ndarray:
    """Return the time constant at which each circuit's conductance charges its own membrane, seconds (512,).

    Args:
        bench: With calibrated leak and membrane time constants.
        configuration: Registers to measure.
        expected: About what is measured, seconds (512,): the leak is set to be as fast.
    """
    tau_leak = np.clip(expected, *LEAK_TIME)
    size = configuration.membrane_capacitance
    typical = leak_registers(np.asarray(bench.target.per_neuron("tau_mem")), size)
    leak = leak_registers(tau_leak, size)
    leak["i_leak"] = code(leak["i_leak"] * configuration.i_leak / np.maximum(typical["i_leak"], 1))
    quiet = configuration.replace(
        **leak, enable_leak=True, enable_threshold=False, enable_synin_exc=False, enable_synin_inh=False
    )
    moved, apart = np.zeros(NEURONS), np.zeros(NEURONS)
    for parity in (0, 1):
        measured = parity == _NEURONS % 2
        partner = _NEURONS ^ 1
        joined = {
            "connect_soma": ~measured,
            "connect_soma_right": _NEURONS % 2 == 0,
            "enable_icc": measured,
        }
        for sign, (own, other) in ((1, POTENTIALS), (-1, POTENTIALS[::-1])):
            volts = np.where(measured, own, other)
            resting = quiet.replace(
                v_leak=bench.moved("v_leak", bench.adc.lsb(volts) - bench.target.per_neuron("leak"))
            )
            alone = bench.mean(resting, entries=ENTRIES)
            together = bench.mean(resting.replace(**joined), entries=ENTRIES)
            moved += np.where(measured, sign * (together - alone), 0)
            apart += np.where(measured, sign * (together[partner] - together), 0)
    return np.asarray(tau_leak * apart / np.maximum(moved, 1e-3))
