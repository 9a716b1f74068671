"""The workbench of a calibration: runs measuring programs and keeps what has been found so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from bss2_emulator.facts.constants import NEURONS
from hxtorch.core.backends.exchange import run_spiking
from hxtorch.core.calibration.nominal.codes import CODES_PER_VOLT, cadc_range, code, nominal_registers
from hxtorch.core.calibration.targets import NeuronCalibTarget
from hxtorch.core.interfaces import Connection
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE, InputEvents, Recording, SpikingProgram
from hxtorch.core.seam.results import SpikingResult

ALL_NEURONS = np.arange(NEURONS)
SAMPLE_TIME = 2e-6  # seconds from sample to sample of all columns
SRAM_TIME = 188e-6  # seconds that the fast sample buffer lasts: 100 samples of 2 us, some before the start

_AT_FIRST = {"enable_leak": True, "enable_coba_exc": False, "enable_coba_inh": False}


class Bench:
    """A chip under calibration.

    Attributes:
        connection: The chip.
        target: What it shall reach.
        adc: Transfer of the column ADC in which the target counts.
        configuration: Best registers so far; starts at nominal codes.
        measured: What was reached, by name.
        success: Neurons for which every search succeeded so far, bool (512,).
    """

    def __init__(self, connection: Connection, target: NeuronCalibTarget) -> None:
        self.connection = connection
        self.target = target
        self.adc = cadc_range(target)
        self.found = nominal_registers(target)
        self.configuration = ChipConfiguration().replace(**{**self.found, **_AT_FIRST})
        self.measured: dict[str, np.ndarray] = {}
        self.success = np.ones(NEURONS, np.bool_)

    def set(self, **registers: Any) -> None:
        """Take ``registers`` as the best ones from now on."""
        self.configuration = self.configuration.replace(**registers)
        self.found.update({name: getattr(self.configuration, name) for name in registers})

    def moved(self, name: str, lsb: np.ndarray) -> np.ndarray:
        """Return the codes of ``v_leak``, ``v_reset`` or ``v_threshold``, moved up by some LSB on a typical slope."""
        return code(getattr(self.configuration, name) + np.asarray(lsb) * self.adc.volt_per_lsb * CODES_PER_VOLT[name])

    def require(self, success: np.ndarray) -> None:
        """Count the neurons as failed that are not in a mask, (512,) or (2, 512) for both inputs."""
        self.success &= success.reshape(-1, NEURONS).all(axis=0)

    def run(
        self,
        configuration: ChipConfiguration,
        runtime: float,
        events: InputEvents | int = 1,
        acausal: bool = False,
    ) -> SpikingResult:
        """Run ``configuration`` for ``runtime`` seconds and sample all neurons.

        Args:
            configuration: All registers.
            runtime: Seconds.
            events: Input events, or the number of silent batch entries.
            acausal: Read the acausal channels.
        """
        if isinstance(events, int):
            events = InputEvents.silence(events)
        recording = Recording(ALL_NEURONS, cadc_acausal=acausal, cadc_in_dram=runtime > SRAM_TIME)
        program = SpikingProgram(configuration, max(1, round(runtime / CYCLE)), events, recording)
        return run_spiking(self.connection, program)

    def mean(
        self, configuration: ChipConfiguration, window: float = 8e-6, entries: int = 32, acausal: bool = False
    ) -> np.ndarray:
        """Return the mean reading of each neuron in silence, float64 (512,).

        Registers are written long before the run begins, so membranes are where they settle.

        Args:
            configuration: All registers.
            window: Seconds.
            entries: Repetitions; each has its own slow noise.
            acausal: Read the acausal channels.
        """
        result = self.run(configuration, window, entries, acausal)
        means = np.empty(NEURONS)
        for samples in result.cadc:
            means[samples.neurons] = samples.values.mean(axis=0, dtype=np.float64)
        return means
