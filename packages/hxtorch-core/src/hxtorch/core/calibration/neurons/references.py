"""Calibrate the offset current of the synaptic inputs: an enabled input must not move a resting membrane."""

from __future__ import annotations

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.calibration.bench.bench import Bench
from hxtorch.core.calibration.bench.searches import LinearPrediction
from hxtorch.core.calibration.bench.stimuli import EXCITATORY, INHIBITORY
from hxtorch.core.calibration.nominal.codes import SHIFT_CURRENT, capacitance, leak_code, leak_registers
from hxtorch.core.seam.configuration import CAPMEM_MAX

MIDDLE = 0.62  # volts; far from both rails
LEAKS = (1.1e-6, 0.15e-6, 0.03e-6)  # siemens: a strong leak keeps large offsets off the rails, a weak one resolves


def calibrate_references(bench: Bench) -> None:
    """Find the codes of both inputs at which rest with the input is rest without it."""
    codes = np.stack([bench.configuration.i_synin_exc_shift, bench.configuration.i_synin_inh_shift]).astype(np.int64)
    success = np.ones((2, NEURONS), np.bool_)
    for leak in LEAKS:
        codes_per_lsb = leak * bench.adc.volt_per_lsb / SHIFT_CURRENT
        rest = _rest(bench, leak, (False, False), codes)
        for sign, polarity in ((EXCITATORY, 1), (INHIBITORY, -1)):
            enabled = (sign == EXCITATORY, sign == INHIBITORY)
            moved = _rest(bench, leak, enabled, codes)
            wanted = LinearPrediction(polarity * codes_per_lsb).correct(codes[sign], moved, rest)
            codes[sign] = np.clip(np.rint(wanted), 0, CAPMEM_MAX)
            success[sign] = (wanted > 0) & (wanted < CAPMEM_MAX)
    bench.set(i_synin_exc_shift=codes[EXCITATORY], i_synin_inh_shift=codes[INHIBITORY])
    bench.require(success)


def _rest(bench: Bench, leak: float, enabled: tuple[bool, bool], codes: np.ndarray) -> np.ndarray:
    """Return the resting potential with the (excitatory, inhibitory) inputs enabled or not, LSB (512,)."""
    size = bench.configuration.membrane_capacitance
    registers = bench.configuration.replace(
        **leak_registers(capacitance(size) / leak, size),
        v_leak=leak_code(np.full(NEURONS, MIDDLE)),
        enable_threshold=False,
        enable_synin_exc=enabled[EXCITATORY],
        enable_synin_inh=enabled[INHIBITORY],
        i_synin_exc_shift=codes[EXCITATORY],
        i_synin_inh_shift=codes[INHIBITORY],
    )
    return bench.mean(registers)
