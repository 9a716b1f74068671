"""Spiking programs on the emulated chip."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

import bss2_emulator
from bss2_emulator.facts.constants import BACKGROUND_INPUT, COLUMNS, COLUMNS_PER_OUTPUT
from bss2_emulator.spiking import inputs
from hxtorch.core.backends.emulator.link import TYPED, Link
from hxtorch.core.backends.timed_writes import changes, held_at
from hxtorch.core.errors import ConfigurationError, ProgramError
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.programs import CYCLE, Recording, SpikingProgram
from hxtorch.core.seam.results import (
    CADCSamples,
    CorrelationCodes,
    LabelEvents,
    MADCSamples,
    SpikeCounters,
    SpikeEvents,
    SpikingResult,
)


class _Written(NamedTuple):
    """A program, the emulator's registers at its start and later, and the same as the program has them."""

    program: SpikingProgram
    config: bss2_emulator.ChipConfig
    writes: list[tuple[int, bss2_emulator.ChipConfig]]
    held: list[ChipConfiguration]


class EmulatedSpiking:
    """Runs spiking programs on the emulated chip of a connection."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._told: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self._asked: tuple[Recording, int, inputs.Recording] | None = None

    def _senders_of(self, configuration: ChipConfiguration) -> np.ndarray:
        """Return :func:`senders`, those of the last run while the two registers are the same arrays."""
        outputs, addresses = configuration.enable_spike_output, configuration.event_address
        told = self._told  # runs at the same time may set it in between
        if told is None or told[0] is not outputs or told[1] is not addresses:
            self._told = told = outputs, addresses, senders(configuration)
        return told[2]

    def _recording_of(self, program: SpikingProgram) -> inputs.Recording:
        """Return what a program records as the emulator takes it: that of the last run where it is the same."""
        recording, runtime, asked = program.recording, program.runtime, self._asked
        if asked is None or asked[0] is not recording or asked[1] != runtime:
            cadc, madc = inputs.check_recording(recording.cadc_neurons, recording.madc_neuron)
            rows, reset = inputs.check_correlation(runtime, recording.correlation_rows, recording.correlation_reset)
            taken = inputs.Recording(cadc, recording.cadc_acausal, recording.cadc_in_dram, madc, rows, reset)
            self._asked = asked = recording, runtime, taken
        return asked[2]

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
        with TYPED:
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
        with TYPED:
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
        with TYPED:
            sensors = len(recording.correlation_rows) > 0
            run = chip.run_checked(
                inputs.check_writes(program.runtime, written.config, writes, sensors),
                program.runtime,
                inputs.check_events(program.runtime, events.times, events.labels, events.batch_offsets),
                self._recording_of(program),
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
            loopback=_returned(run, background=False),
            background=_returned(run, background=True),
            cadc=tuple(
                [
                    CADCSamples(samples.times, samples.values, neurons, samples.offsets)
                    for samples, neurons in zip(run.cadc, recording.hemispheres, strict=True)
                ]
            ),
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


def _returned(run: bss2_emulator.SpikingRun, background: bool) -> LabelEvents:
    """Return the events of generators that came back over the link, or the other ones."""
    times, labels, offsets = run.loopback_times, run.loopback_labels, run.loopback_offsets
    if times.size:
        chosen = (run.loopback_inputs >= BACKGROUND_INPUT) == background
        if not np.logical_and.reduce(chosen):
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
