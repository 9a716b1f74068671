"""Samples that the column ADC takes of one hemisphere during a run, under whatever registers hold then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import Readout, Samples
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.facts.coordinates import HEMISPHERE
from bss2_emulator.readout import cadc
from bss2_emulator.results import CadcSamples
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.silicon.serial import Silicon


class Sampling:
    """What is sampled of one hemisphere, whatever the run.

    Args:
        neurons: Recorded neurons n, of one hemisphere, at least one.
        acausal: Of the acausal channels.
        in_dram: They go to DRAM.
        silicon: The chip.
    """

    def __init__(self, neurons: NDArray[np.int64], acausal: bool, in_dram: bool, silicon: Silicon) -> None:
        self.neurons, self._acausal, self._in_dram, self._silicon = neurons, acausal, in_dram, silicon
        self._hemisphere = int(HEMISPHERE[neurons[0]])

    def under(self, config: ChipConfig, place: NDArray[np.int64]) -> Readout:
        """Return what the kernel is told under some registers; ``place`` of each neuron in its order, (512,)."""
        silicon, switches = self._silicon, self._silicon.imperfections
        gain, offset = cadc.transfer(config, silicon, self.neurons, self._acausal)
        return Readout(
            place[self.neurons].astype(np.int32),
            np.append(self.neurons, NEURONS + HEMISPHERE[self.neurons[0]]).astype(np.uint32),
            gain.astype(np.float32),
            offset.astype(np.float32),
            silicon.mean("cadc_noise") * switches.cadc_noise,
            silicon.mean("cadc_common") * switches.cadc_common,
            silicon.mean("cadc_settling") * switches.settling,
        )

    def lay_out(self, runtime: int, batch: int, noise: RunNoise) -> tuple[Samples, CadcSamples]:
        """Return what the kernel of a run writes codes to, and the samples that they are once it has.

        Args:
            runtime: Cycles.
            batch: Batch entries.
            noise: Keys the phase.
        """
        jitter, columns = self._silicon.imperfections.cadc_jitter, len(self.neurons)
        times, offsets, first = cadc.sample_times(
            runtime, batch, self._hemisphere, columns, self._in_dram, noise, jitter
        )
        values: NDArray[np.uint8] = np.empty((len(times), columns), np.uint8)
        return Samples(times, offsets, first, values), CadcSamples(times, values, self.neurons, offsets)
