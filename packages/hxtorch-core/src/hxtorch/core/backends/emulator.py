"""The emulated chip behind the seam; the only file that imports ``bss2_emulator``."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import is_
from queue import SimpleQueue
from time import perf_counter
from typing import Any, Literal, NamedTuple

import numpy as np

import bss2_emulator
from bss2_emulator.facts.constants import BACKGROUND_INPUT, COLUMNS, COLUMNS_PER_OUTPUT, DRIVERS
from hxtorch.core.backends.setup import Setup
from hxtorch.core.backends.timed_writes import changes, held_at
from hxtorch.core.errors import (
    BackendError,
    ConfigurationError,
    MemoryLimitError,
    NoConnectionError,
    OperandRangeError,
    ProgramError,
)
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE, MatrixProgram, SpikingProgram
from hxtorch.core.seam.results import (
    CADCSamples,
    CorrelationCodes,
    ExecutionInfo,
    LabelEvents,
    MADCSamples,
    MatrixResult,
    SpikeCounters,
    SpikeEvents,
    SpikingResult,
)
from hxtorch.core.threads import thread_count

_FIDELITIES: dict[str, Literal["ideal", "calibrated", "full"]] = {
    "ideal": "ideal",
    "calibrated": "calibrated",
    "full": "full",
}

_WRITTEN = 8  # configurations of which the emulator's registers are kept

# Real-time section of one matrix product beside its events: resets, settling and reads (chip facts 2.4).
_MATRIX_OVERHEAD = 46e-6


def connect(setup: Setup) -> EmulatorConnection:
    """Open the emulated chip of ``setup``.

    Raises:
        BackendError: The fidelity or the name of an imperfection is unknown, or the sheet of the silicon or the
            temperature is not legal.
    """
    return EmulatorConnection(chip_of(setup), setup)


def chip_of(setup: Setup) -> bss2_emulator.Chip:
    """Return the emulated chip of ``setup``, see :func:`connect`."""
    fidelity = _FIDELITIES.get(setup.fidelity)
    if fidelity is None:
        raise BackendError(f"fidelity: got {setup.fidelity!r}, wanted {', '.join(_FIDELITIES)}")
    imperfections = None
    if setup.imperfections:
        known = bss2_emulator.Imperfections.names()
        unknown = sorted(set(setup.imperfections) - set(known))
        if unknown:
            raise BackendError(f"imperfections: got {unknown[0]!r}, wanted {', '.join(known)}")
        imperfections = bss2_emulator.Imperfections(**setup.imperfections)
    try:
        return bss2_emulator.Chip(
            setup.serial, fidelity, setup.seed, imperfections, sheet=setup.sheet, temperature=setup.temperature
        )
    except (bss2_emulator.SheetError, bss2_emulator.RunError) as error:
        raise BackendError(str(error)) from error


class EmulatorConnection:
    """One emulated chip; runs both kinds of programs."""

    def __init__(self, chip: bss2_emulator.Chip, setup: Setup) -> None:
        self._link = _Link(chip, setup)
        self._spiking = _Spiking(self._link)
        self._matrix = _Matrix(self._link)

    @property
    def identifier(self) -> str:
        return self._link.setup.serial

    @property
    def configuration(self) -> ChipConfiguration:
        """What the registers hold now: what the last program left, or their defaults."""
        return self._link.held

    @property
    def spiking(self) -> _Spiking:
        return self._spiking

    @property
    def matrix(self) -> _Matrix:
        return self._matrix

    @property
    def run_counter(self) -> int:
        """Number of the next run, which keys its noise; set it to repeat or to resume a sequence of runs."""
        return int(self._link.open_chip().run_counter)

    @run_counter.setter
    def run_counter(self, value: int) -> None:
        self._link.open_chip().run_counter = value

    def describe(self) -> dict[str, str]:
        """Return backend, serial, fidelity and the emulator's version."""
        setup = self._link.setup
        description = {
            "backend": "emulator",
            "serial": setup.serial,
            "fidelity": setup.fidelity,
            "version": bss2_emulator.__version__,
        }
        if setup.imperfections:  # another chip: what is calibrated on one does not hold on the other
            switches = sorted(setup.imperfections.items())
            description["imperfections"] = ", ".join(f"{name} {'on' if on else 'off'}" for name, on in switches)
        if setup.sheet is not None:
            description["sheet"] = self._link.sheet
        if setup.temperature is not None:
            description["temperature"] = f"{setup.temperature:g}"
        return description

    def close(self) -> None:
        """Forget the chip; closing twice is harmless."""
        self._link.chip = None


class _Link:
    """The chip and the registers that it holds now."""

    def __init__(self, chip: bss2_emulator.Chip, setup: Setup) -> None:
        self.chip: bss2_emulator.Chip | None = chip
        self._threads = chip.threads
        self.sheet = chip.silicon.sheet.digest
        self.setup = setup
        self._copies: list[bss2_emulator.Chip] = []
        self._written = [(ChipConfiguration(), bss2_emulator.ChipConfig())]
        self.held = ChipConfiguration()

    def open_chip(self) -> bss2_emulator.Chip:
        if self.chip is None:
            raise NoConnectionError(f"the connection to {self.setup.serial!r} is closed")
        return self.chip

    def ready_chip(self) -> bss2_emulator.Chip:
        """Return the chip for a run, on as many threads as it was made for or, if for none, as the frontends want."""
        chip = self.open_chip()
        chip.threads = thread_count() if self._threads is None else self._threads
        return chip

    def copies(self, count: int) -> list[bss2_emulator.Chip]:
        """Return as many chips that are this one, for runs at the same time."""
        while len(self._copies) < count:
            self._copies.append(chip_of(self.setup))
        return self._copies[:count]

    def configure(self, configuration: ChipConfiguration) -> bss2_emulator.ChipConfig:
        """Return the emulator's registers for ``configuration``.

        They are made of those written before that share most arrays with it, which are neither checked nor copied
        again: networks that take turns on the chip have their own.
        """
        written = self._written
        for i, (known, config) in enumerate(written):
            if known is configuration:  # one object never changes
                if i:
                    written.insert(0, written.pop(i))
                return config
        registers = configuration.registers()
        likeness = [sum(map(is_, known.registers().values(), registers.values())) for known, _ in written]
        config = written[likeness.index(max(likeness))][1].update(registers)
        written.insert(0, (configuration, config))
        del written[_WRITTEN:]
        return config

    def info(self, run: int, started: float, emulated_time: float, events_sent: int, **more: Any) -> ExecutionInfo:
        return ExecutionInfo(
            backend="emulator",
            serial=self.setup.serial,
            fidelity=self.setup.fidelity,
            run=run,
            emulated_time=emulated_time,
            wall_time=perf_counter() - started,
            events_sent=events_sent,
            **more,
        )


class _TypedErrors:
    """Turns what the emulator refuses into errors of this package."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, bss2_emulator.ConfigError):
            raise ConfigurationError(str(error)) from error
        if isinstance(error, bss2_emulator.OperandRangeError):
            raise OperandRangeError(str(error)) from error
        if isinstance(error, bss2_emulator.MemoryLimitError):
            raise MemoryLimitError(str(error)) from error
        if isinstance(error, bss2_emulator.EmulatorError):
            raise ProgramError(str(error)) from error


_TYPED = _TypedErrors()


class _Written(NamedTuple):
    """A program, the emulator's registers at its start and later, and the same as the program has them."""

    program: SpikingProgram
    config: bss2_emulator.ChipConfig
    writes: list[tuple[int, bss2_emulator.ChipConfig]]
    held: list[ChipConfiguration]


class _Spiking:
    def __init__(self, link: _Link) -> None:
        self._link = link
        self._told: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def _senders_of(self, configuration: ChipConfiguration) -> np.ndarray:
        """Return :func:`senders`, those of the last run while the two registers are the same arrays."""
        outputs, addresses = configuration.enable_spike_output, configuration.event_address
        told = self._told  # runs at the same time may set it in between
        if told is None or told[0] is not outputs or told[1] is not addresses:
            self._told = told = outputs, addresses, senders(configuration)
        return told[2]

    def run(self, program: SpikingProgram) -> SpikingResult:
        """Run ``program`` once for each batch entry.

        Raises:
            ProgramError: It writes a register during the run that cannot change then.
        """
        chip = self._link.ready_chip()
        result = self._result(self._written(program), chip)
        self._link.held = program.final_configuration
        return result

    def run_all(self, programs: Sequence[SpikingProgram]) -> list[SpikingResult]:
        """Run ``programs`` on as many threads as the chip has, with the results of one after the other.

        The chip writes the registers of all of them in their order; then a run depends on these, its events and its
        number, so copies of the chip take some of the programs each. What is left when all copies have had as many runs
        on all threads.

        Raises:
            ProgramError: As for :meth:`run`; those before have run then.
        """
        chip = self._link.ready_chip()
        copies = self._link.copies(min(chip.threads or 1, len(programs)))
        together = len(programs) - len(programs) % len(copies) if len(copies) > 1 else 0
        try:
            written = [self._written(program) for program in programs[:together]]
        except (ConfigurationError, ProgramError):
            return [self.run(program) for program in programs]  # up to the one that cannot run
        first = int(chip.run_counter)
        with _TYPED:
            ahead = [
                chip.schedule(one.config, one.program.runtime, one.program.events.batch_size, one.writes)
                for one in written
            ]
        waiting: SimpleQueue[Any] = SimpleQueue()
        for copy in copies:
            copy.threads = max(1, (chip.threads or 1) // len(copies))
            waiting.put(copy)

        def work(number: int) -> SpikingResult:
            copy = waiting.get()
            try:
                return self._result(written[number], copy, ahead[number])
            finally:
                waiting.put(copy)

        results: list[SpikingResult] = []
        if together:
            try:
                with ThreadPoolExecutor(len(copies)) as pool:
                    for job in [pool.submit(work, number) for number in range(together)]:
                        results.append(job.result())
                        self._link.held = programs[len(results) - 1].final_configuration
            finally:
                if len(results) < together:  # those from the one that failed on have not run
                    chip.run_counter = first + len(results)
        return [*results, *(self.run(program) for program in programs[together:])]

    def _written(self, program: SpikingProgram) -> _Written:
        """Return ``program`` with the emulator's registers for it."""
        held = [program.configuration]
        with _TYPED:
            config, writes = self._link.configure(program.configuration), []
            after = config
            for time, configuration, changed in changes(program):
                after = after.replace(**changed)
                held.append(configuration)
                writes.append((time, after))
        return _Written(program, config, writes, held)

    def _result(
        self, written: _Written, chip: bss2_emulator.Chip, scheduled: bss2_emulator.Scheduled | None = None
    ) -> SpikingResult:
        """Run on ``chip``, as ``scheduled`` or else as its next run, and return what is seen of it."""
        started, number = perf_counter(), int(chip.run_counter if scheduled is None else scheduled.run)
        program, writes, held = written.program, written.writes, written.held
        recording, events = program.recording, program.events
        with _TYPED:
            run = chip.run_spiking(
                written.config,
                program.runtime,
                events.times,
                events.labels,
                events.batch_offsets,
                cadc_neurons=recording.cadc_neurons,
                cadc_acausal=recording.cadc_acausal,
                cadc_in_dram=recording.cadc_in_dram,
                madc_neuron=recording.madc_neuron,
                writes=writes,
                correlation_rows=recording.correlation_rows,
                correlation_reset=recording.correlation_reset,
                scheduled=scheduled,
            )
        madc = None
        if run.madc is not None and recording.madc_neuron is not None:
            times, values, offsets = run.madc
            madc = MADCSamples(times, values, recording.madc_neuron, offsets)
        neurons = self._senders_of(held[0])[run.spike_labels]
        if writes:
            which = held_at(run.spike_times, run.written)
            for i in np.unique(which[which > 0]).tolist():
                neurons[which == i] = senders(held[i])[run.spike_labels[which == i]]
        correlation = run.correlation
        return SpikingResult(
            spikes=SpikeEvents(run.spike_times, neurons, run.spike_offsets),
            loopback=_returned(run, run.loopback_inputs < BACKGROUND_INPUT),
            background=_returned(run, run.loopback_inputs >= BACKGROUND_INPUT),
            cadc=tuple(CADCSamples(*samples) for samples in run.cadc),
            madc=madc,
            info=self._link.info(
                number,
                started,
                program.runtime * CYCLE * events.batch_size,
                len(events.times),
                events_dropped=run.dropped,
                events_forwarded=run.delivered,
                events_passed=run.passed,
                link_dropped=run.dropped_link,
                background_events=run.background,
            ),
            correlation=None if correlation is None else CorrelationCodes(correlation, recording.correlation_rows),
            spike_counters=SpikeCounters(*run.spike_counters) if recording.spike_counters else None,
        )


def _returned(run: bss2_emulator.SpikingRun, chosen: np.ndarray) -> LabelEvents:
    """Return some of the events that came back over the link."""
    times, labels, offsets = run.loopback_times, run.loopback_labels, run.loopback_offsets
    if times.size and not np.logical_and.reduce(chosen):
        offsets = np.concatenate(([0], np.cumsum(chosen)))[offsets]
        times, labels = times[chosen], labels[chosen]
    return LabelEvents(times, labels, offsets)


def senders(configuration: ChipConfiguration) -> np.ndarray:
    """Tell which neuron sends each label, as one has to on the link; of two with one label the first.

    Args:
        configuration: Registers, of which spike outputs and event addresses count.

    Returns:
        Neurons ``n`` by on-chip label (event output in bits 10..8, address in bits 7..0), -1 for none, int64 (16384,):
        bits 13..11 do not matter.

    Source: chip facts 1.4.
    """
    neurons = np.flatnonzero(configuration.enable_spike_output)[::-1]
    table: np.ndarray = np.full((8, 2048), -1, np.int64)
    table[:, (neurons % COLUMNS // COLUMNS_PER_OUTPUT) << 8 | configuration.event_address[neurons]] = neurons
    return table.reshape(-1)


class _Matrix:
    gathers_rows = True

    def __init__(self, link: _Link) -> None:
        self._link = link

    def run(self, program: MatrixProgram) -> MatrixResult:
        """Multiply all activations of ``program`` with its matrix."""
        chip, started = self._link.ready_chip(), perf_counter()
        number = int(chip.run_counter)
        with _TYPED:
            run = chip.run_matrix(
                self._link.configure(program.configuration),
                program.weights,
                program.activations,
                program.num_sends,
                program.wait_between_events,
                madc_column=program.madc_column,
                patches=program.patches,
            )
        self._link.held = program.configuration
        rows, columns = program.weights.shape
        tiles = -(-rows // DRIVERS) * -(-columns // COLUMNS)
        events_time = min(rows, DRIVERS) * program.wait_between_events * program.num_sends * CYCLE
        madc = None
        if run.madc is not None and program.madc_column is not None:
            times, values, offsets = run.madc
            madc = MADCSamples(times, values, program.madc_column, offsets)
        return MatrixResult(
            values=run.values,
            madc=madc,
            info=self._link.info(
                number, started, program.batch * -(-tiles // 2) * (events_time + _MATRIX_OVERHEAD), int(run.events_sent)
            ),
        )
