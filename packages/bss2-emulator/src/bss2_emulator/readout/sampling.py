"""Samples that the column ADC takes of one hemisphere during a run, under whatever registers hold then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.run import Readout
from bss2_emulator.config import ChipConfig
from bss2_emulator.facts.constants import NEURONS
from bss2_emulator.facts.coordinates import HEMISPHERE
from bss2_emulator.readout import cadc
from bss2_emulator.results import CadcSamples
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.silicon.serial import Silicon


class Samples:
    """When samples are taken, and the codes once they are.

    Args:
        neurons: Recorded neurons n, of one hemisphere; none: it is not sampled.
        acausal: Of the acausal channels.
        in_dram: They go to DRAM.
        runtime: Cycles.
        batch: Batch entries.
        noise: Keys the phase.
        silicon: The chip.
    """

    def __init__(
        self,
        neurons: NDArray[np.int64],
        acausal: bool,
        in_dram: bool,
        runtime: int,
        batch: int,
        noise: RunNoise,
        silicon: Silicon,
    ) -> None:
        self.neurons, self._acausal, self._silicon = neurons, acausal, silicon
        if not len(neurons):
            return
        hemisphere = int(HEMISPHERE[neurons[0]])
        jitter = silicon.imperfections.cadc_jitter
        self._layout = cadc.sample_times(runtime, batch, hemisphere, len(neurons), in_dram, noise, jitter)
        self._values = np.empty((len(self._layout.times), len(neurons)), np.uint8)

    def under(self, config: ChipConfig, place: NDArray[np.int64]) -> Readout | None:
        """Return what the kernel is told under some registers; ``place`` of each neuron in its order, (512,)."""
        if not len(self.neurons):
            return None
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
            self._layout.times,
            self._layout.batch_offsets,
            self._layout.first,
            self._values,
        )

    @property
    def taken(self) -> CadcSamples:
        return CadcSamples(self._layout.times, self._values, self.neurons, self._layout.batch_offsets)
