"""One emulated chip."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from bss2_emulator._version import __version__
from bss2_emulator.arguments import checked
from bss2_emulator.config import ChipConfig
from bss2_emulator.errors import RunError
from bss2_emulator.facts.constants import CYCLE, HAGEN_BASELINE_DELAY, TILE_ROWS
from bss2_emulator.facts.sheet import SHEET, Sheet
from bss2_emulator.matrix.operands import check_operands
from bss2_emulator.matrix.product import HagenEngine
from bss2_emulator.results import MatrixRun, SpikingRun
from bss2_emulator.silicon.cells import Cells, Writes
from bss2_emulator.silicon.history import History
from bss2_emulator.silicon.imperfections import FIDELITIES, Fidelity, Imperfections
from bss2_emulator.silicon.noise import RunNoise
from bss2_emulator.silicon.serial import Silicon
from bss2_emulator.spiking.inputs import (
    Events,
    Recording,
    check_correlation,
    check_events,
    check_recording,
    check_runtime,
    check_writes,
)
from bss2_emulator.spiking.run import SpikingEngine
from bss2_emulator.threads import Lock, default_threads

_DTYPES = {"single": np.float32, "double": np.float64}


def _sheet(given: Sheet | str | PathLike[str] | None) -> Sheet:
    if given is None:
        return SHEET
    return given if isinstance(given, Sheet) else Sheet.load(given)


class Scheduled(NamedTuple):
    """A run of one chip that a copy of it makes.

    Attributes:
        run: Its number, which keys its noise.
        landed: Registers at its start and after each write, with the analog cells where they stand.
    """

    run: int
    landed: tuple[ChipConfig, ...]


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
        sheet: What the silicon is like on average, and how it spreads; or a CSV file with it, whose rows replace those
            of the default sheet (``docs/chip.md``, section 10).
        temperature: Of the chip, -20 to 120 degrees Celsius; by default the one at which the sheet holds.
        precision: ``single`` or ``double`` for the integration of membranes.
        threads: Of a run, at most; by default one in a forked child, else what ``OMP_NUM_THREADS`` says, else the
            processors at hand. May be set between runs.

    Threads may share a chip: runs wait for each other, and their order decides which noise each of them has.
    Copies, and chips in forked children, have a lock of their own.

    Attributes:
        silicon: Its mismatch, for tests and figures; a calibration must not look.

    Raises:
        RunError: An argument is none of the above.
        SheetError: The sheet can not be read, or has a value that cannot be.
    """

    def __init__(
        self,
        serial: str = "emulated-1",
        fidelity: Fidelity = "full",
        seed: int = 0,
        imperfections: Imperfections | None = None,
        *,
        sheet: Sheet | str | PathLike[str] | None = None,
        temperature: float | None = None,
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
        if temperature is not None and not -20 <= temperature <= 120:
            raise RunError(f"temperature: got {temperature}, wanted -20 to 120 degrees Celsius")
        self.serial, self.fidelity, self.seed, self.precision = serial, fidelity, int(seed), precision
        self.threads = threads
        self.silicon = Silicon(serial, fidelity, imperfections or Imperfections(), _sheet(sheet), temperature)
        self._cells = Cells(self.silicon, self.seed)
        self._history = History(self.silicon.mean("calibration_age"))
        self._run_counter = 0
        self._spiking = SpikingEngine(self.silicon, _DTYPES[precision])
        self._hagen = HagenEngine(self.silicon)
        self._lock = Lock()

    @property
    def run_counter(self) -> int:
        """Number of the next run, which keys its noise; each run adds one.

        Set back by one, the last run can be made again or go on with more entries; set back to the first one, all runs
        can. Numbers from 2**31 on are those of a calibration, whose writes of cells and whose time are its own.
        """
        return self._run_counter

    @run_counter.setter
    def run_counter(self, number: int) -> None:
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 0:
            raise RunError(f"run_counter: got {number!r}, wanted the number of a run, 0 or more")
        self._run_counter = int(number)
        self._history.session(self._run_counter).go_to(self._run_counter)

    @property
    def emulated_time(self) -> float:
        """Seconds that the runs of this session have taken on the chip so far; its cells drift in this time."""
        return self._history.session(self._run_counter).time

    def landed(self, config: ChipConfig) -> ChipConfig:
        """Return registers with the analog cells where the next run would find them, in codes, float64.

        For tests and figures, as :attr:`silicon`; nothing is written.
        """
        return self._land([config])[0][0]

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
        scheduled: Scheduled | None = None,
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
            scheduled: A run that :meth:`schedule` of a chip with the same silicon and seed foresaw for these registers:
                it is made with the number and the cells from there, and this chip stays at the number that it has.

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
        return self.run_checked(held, runtime, events, recording, first_entry, scheduled)

    def run_checked(
        self,
        held: list[tuple[int, ChipConfig]],
        runtime: int,
        events: Events,
        recording: Recording,
        first_entry: int = 0,
        scheduled: Scheduled | None = None,
    ) -> SpikingRun:
        """Run what ``spiking/inputs.py`` checked; all else as for :meth:`run_spiking`.

        Args:
            held: What ``check_writes`` returned.
            runtime: What ``check_runtime`` returned.
            events: What ``check_events`` returned.
            recording: Of what ``check_recording`` and ``check_correlation`` returned; it may be taken again.
            first_entry: As for :meth:`run_spiking`, like what follows.
            scheduled: See there.
        """
        with self._lock:
            noise = self._noise(first_entry, scheduled)
            landed, written = self._land([after for _, after in held], scheduled)
            later = [(cycle, after) for (cycle, _), after in zip(held[1:], landed[1:], strict=True)]
            result = self._spiking.run(landed[0], runtime, events, recording, noise, self._threads(), later)
            if scheduled is None:
                self._done((first_entry + events.batch) * runtime * CYCLE, written)
        return result

    def schedule(
        self, config: ChipConfig, runtime: int, batch: int, writes: Iterable[tuple[int, ChipConfig]] = ()
    ) -> Scheduled:
        """Write the registers of the next run, and count it as done: a copy of this chip makes it, beside others.

        Args:
            config: As :meth:`run_spiking` of the copy gets it.
            runtime: As there.
            batch: Batch entries.
            writes: As there.

        Returns:
            What the copy is told.

        Raises:
            ConfigError, RunError: As for :meth:`run_spiking`.
        """
        held = [after for _, after in check_writes(check_runtime(runtime), config, writes, sensors=False)]
        with self._lock:
            landed, written = self._land(held)
            scheduled = Scheduled(self._run_counter, tuple(landed))
            self._done(batch * runtime * CYCLE, written)
        return scheduled

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
        patches: tuple[Any, Any] | None = None,
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
            patches: Starts (patches,) and offsets (rows,), if activations are images (images, values): row r of patch p
                is value ``starts[p] + offsets[r]``. The batch is all patches, those of the first image first.
            first_entry: As for :meth:`run_spiking`.

        Returns:
            int8 results, one row for each entry.

        Raises:
            RunError: Shapes, types or counts do not fit.
            OperandRangeError: A weight or an activation is out of range.
        """
        operands = check_operands(weights, activations, num_sends, wait_between_events, madc_column, patches)
        events = min(operands.weights.shape[0], TILE_ROWS) * operands.num_sends * operands.wait_between_events * CYCLE
        with self._lock:
            noise = self._noise(first_entry)
            landed, written = self._land([config])
            result = self._hagen.run(landed[0], operands, noise, self._threads())
            self._done((first_entry + operands.batch) * (events + HAGEN_BASELINE_DELAY), written)
        return result

    def _land(self, held: list[ChipConfig], scheduled: Scheduled | None = None) -> tuple[Sequence[ChipConfig], Writes]:
        """Return registers that hold one after the other with their cells where they stand, and what was written."""
        if scheduled is not None:
            return scheduled.landed, {}
        session, landed = self._history.session(self._run_counter), []
        if self._cells.exact:
            return held, session.writes
        writes = session.writes
        for part, config in enumerate(held):
            stamp = session.stamp(self._run_counter, part) if part == 0 else (session.kind, self._run_counter, part)
            writes = self._cells.write(writes, config, stamp)
            landed.append(self._cells.land(config, writes, session.time))
        return landed, writes

    def _done(self, duration: float, writes: Writes) -> None:
        self._history.session(self._run_counter).done(duration, writes)
        self._run_counter += 1

    def _noise(self, first_entry: int, scheduled: Scheduled | None = None) -> RunNoise:
        if (
            isinstance(first_entry, bool)
            or not isinstance(first_entry, (int, np.integer))
            or not 0 <= first_entry < 2**31
        ):
            raise RunError(f"first_entry: got {first_entry!r}, wanted the number of a batch entry")
        number = self._run_counter if scheduled is None else scheduled.run
        return RunNoise.of(self.serial, self.seed, number, first_entry)

    def _threads(self) -> int:
        return default_threads() if self.threads is None else self.threads
