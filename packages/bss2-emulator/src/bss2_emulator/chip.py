"""One emulated chip."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from bss2_emulator._version import __version__
from bss2_emulator.arguments import checked
from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import RunError
from bss2_emulator.matrix.operands import check_operands
from bss2_emulator.matrix.product import HagenEngine
from bss2_emulator.results import MatrixRun, SpikingRun
from bss2_emulator.silicon.imperfections import FIDELITIES, Fidelity, Imperfections
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking.inputs import check_correlation, check_events, check_recording, check_runtime, check_writes
from bss2_emulator.spiking.run import Recording, SpikingEngine
from bss2_emulator.threads import Lock, default_threads

_DTYPES = {"single": np.float32, "double": np.float64}


@checked
class Chip:
    """An emulated BrainScaleS-2 chip.

    The same serial is the same chip, down to the last bit and on every machine; the same seed and run number give the
    same noise. Results do not depend on the number of threads, nor on how a batch is split (``first_entry``).

    Args:
        serial: Name of the chip, any text: its mismatch follows from it.
        fidelity: ``full`` (raw silicon, to be calibrated through its registers), ``calibrated`` (what a calibration
            leaves; nominal codes are right) or ``ideal`` (no mismatch, no noise, no saturation).
        seed: Of the noise.
        imperfections: Switches that take single imperfections away; all are on by default.
        precision: ``single`` or ``double`` for the integration of membranes.
        threads: Of a run, at most; by default one in a forked child, else what ``OMP_NUM_THREADS`` says, else the
            processors at hand. May be set between runs.

    Threads may share a chip: runs wait for each other, and their order decides which noise each of them has.
    Copies, and chips in forked children, have a lock of their own.

    Attributes:
        run_counter: Number of the next run, which keys its noise; each run adds one.
        silicon: Its mismatch, for tests and figures; a calibration must not look.

    Raises:
        RunError: An argument is none of the above.
    """

    def __init__(
        self,
        serial: str = "emulated-1",
        fidelity: Fidelity = "full",
        seed: int = 0,
        imperfections: Imperfections | None = None,
        *,
        precision: str = "single",
        threads: int | None = None,
    ) -> None:
        if not isinstance(serial, str) or not serial:
            raise RunError(f"serial: got {serial!r}, wanted the name of a chip")
        if fidelity not in FIDELITIES:
            raise RunError(f"fidelity: got {fidelity!r}, wanted one of {', '.join(FIDELITIES)}")
        if precision not in _DTYPES:
            raise RunError(f"precision: got {precision!r}, wanted single or double")
        if threads is not None and threads < 1:
            raise RunError(f"threads: got {threads}, wanted at least 1")
        self.serial, self.fidelity, self.seed, self.precision = serial, fidelity, int(seed), precision
        self.threads = threads
        self.run_counter = 0
        self.silicon = Silicon(serial, fidelity, imperfections or Imperfections())
        self._spiking = SpikingEngine(self.silicon, _DTYPES[precision])
        self._hagen = HagenEngine(self.silicon)
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Chip(serial={self.serial!r}, fidelity={self.fidelity!r}, seed={self.seed})"

    def describe(self) -> dict[str, str]:
        """Return ``backend``, ``serial``, ``fidelity``, ``seed`` and ``version``."""
        return {
            "backend": "bss2-emulator",
            "serial": self.serial,
            "fidelity": self.fidelity,
            "seed": str(self.seed),
            "version": __version__,
        }

    @checked
    def run_spiking(
        self,
        config: ChipConfig,
        runtime: int,
        event_times: Any = (),
        event_labels: Any = (),
        batch_offsets: Any = None,
        cadc_neurons: Any = (),
        cadc_acausal: bool = False,
        cadc_in_dram: bool = False,
        madc_neuron: int | None = None,
        *,
        writes: Iterable[tuple[int, ChipConfig]] = (),
        correlation_rows: Any = (),
        correlation_reset: int = 0,
        first_entry: int = 0,
    ) -> SpikingRun:
        """Run one real-time section for each entry of a batch of input events.

        Each section starts anew: membranes at rest, drivers recovered, background generators and sensors just switched
        on, nothing on its way.

        Registers that are written during a section hold from the first internal step of 8 cycles that does not begin
        before their cycle; the state of the chip goes on. Potentials and voltages of synaptic lines stay. Reset,
        refractory period and adaptation pulse last as long as registers said when the reset began. Events go the way
        that registers gave when they reached the crossbar, spikes that of their own cycle, with the weights that stand
        when they reach the synapses. A background generator starts anew where one of its registers changes.

        Args:
            config: All registers at the start of a section.
            runtime: Length of the section, cycles of 8 ns, 1 to 2**32 - 1.
            event_times: Cycles in [0, runtime), ascending in each entry, (events,).
            event_labels: 16-bit labels; bits 14 and 15 select the link channel, (events,).
            batch_offsets: Entry b owns events ``[batch_offsets[b], batch_offsets[b + 1])``, (batch + 1,); None for one
                entry.
            cadc_neurons: Neurons n that the column ADC samples.
            cadc_acausal: Read the acausal channels instead of the causal ones.
            cadc_in_dram: Keep samples in DRAM: each 6 us instead of 2 us, but 204 800 instead of 100 of them.
            madc_neuron: The one neuron that the membrane ADC samples.
            writes: Cycles in [0, runtime), ascending, and all registers from then on.
            correlation_rows: Synapse rows ``256 * hemisphere + row`` whose correlation sensors are read at the end.
            correlation_reset: Cycle in which these sensors are reset; what came before does not count.
            first_entry: Number of the first entry, where a batch is run in parts under one ``run_counter``.

        Returns:
            Spikes, events that came back, samples, sensors and counters.

        Raises:
            RunError: Run time, recording or a write is not possible.
            ConfigError: Registers contradict each other.
            EventError: Events are no legal batch.
        """
        runtime = check_runtime(runtime)
        cadc, madc = check_recording(cadc_neurons, madc_neuron)
        events = check_events(runtime, event_times, event_labels, batch_offsets)
        rows, reset = check_correlation(runtime, correlation_rows, correlation_reset)
        recording = Recording(cadc, bool(cadc_acausal), bool(cadc_in_dram), madc, rows, reset)
        held = check_writes(runtime, config, writes, sensors=len(rows) > 0)
        with self._lock:
            result = self._spiking.run(
                config, runtime, events, recording, self._noise(first_entry), self._threads(), held[1:]
            )
            self.run_counter += 1
        return result

    @checked
    def run_matrix(
        self,
        config: ChipConfig,
        weights: Any,
        activations: Any,
        num_sends: int = 1,
        wait_between_events: int = 5,
        madc_column: int | None = None,
        *,
        first_entry: int = 0,
    ) -> MatrixRun:
        """Multiply a batch of activations with a signed matrix in hagen mode.

        Weights, labels and row modes of ``config`` do not matter: the product writes its own.

        Args:
            config: All registers, calibrated for hagen mode.
            weights: -63..63, (rows, columns), any size.
            activations: 0..31, (batch, rows); a zero sends no event.
            num_sends: How often each vector is sent.
            wait_between_events: Cycles between events.
            madc_column: Column of the first tile whose membrane the membrane ADC samples.
            first_entry: As for :meth:`run_spiking`.

        Returns:
            int8 results, one row for each entry.

        Raises:
            RunError: Shapes, types or counts do not fit.
            OperandRangeError: A weight or an activation is out of range.
        """
        operands = check_operands(weights, activations, num_sends, wait_between_events, madc_column)
        with self._lock:
            result = self._hagen.run(config, operands, self._noise(first_entry), self._threads())
            self.run_counter += 1
        return result

    def _noise(self, first_entry: int) -> RunNoise:
        if (
            isinstance(first_entry, bool)
            or not isinstance(first_entry, (int, np.integer))
            or not 0 <= first_entry < 2**31
        ):
            raise RunError(f"first_entry: got {first_entry!r}, wanted the number of a batch entry")
        return RunNoise.of(self.serial, self.seed, self.run_counter, first_entry)

    def _threads(self) -> int:
        return default_threads() if self.threads is None else self.threads
