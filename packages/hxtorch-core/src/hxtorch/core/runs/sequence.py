"""Batch entries one after the other in one run, where what an entry leaves behind reaches into the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hxtorch.core.errors import ProgramError, RecordingError
from hxtorch.core.runs.execution import run
from hxtorch.core.runs.graph import NetworkGraph
from hxtorch.core.runs.hooks import ExecutionInstanceHooks, PlaybackHook
from hxtorch.core.runs.inputs import NetworkInputs, SpikeTrains
from hxtorch.core.seam.configuration import ChipConfiguration
from hxtorch.core.seam.results import LabelEvents, SpikingResult
from hxtorch.core.sessions.session import Session


def run_in_sequence(
    config: ChipConfiguration,
    network_graph: NetworkGraph,
    inputs: NetworkInputs,
    playback_hooks: ExecutionInstanceHooks | PlaybackHook | Sequence[PlaybackHook] | None,
    wait: int,
    session: Session,
) -> SpikingResult:
    """Run all batch entries as one, each ``wait`` cycles of 8 ns after the end of the one before.

    Other arguments and errors are those of :func:`~hxtorch.core.run`.

    Returns:
        What was recorded within the entries, by entry, with times from the start of each.

    Raises:
        ProgramError: A hook writes registers during a run, whose times would be those of the first entry.
        RecordingError: The samples of the column ADC fill its memory before the last entry.
    """
    if isinstance(playback_hooks, ExecutionInstanceHooks) and playback_hooks.inside_realtime:
        raise ProgramError(
            "inter_batch_entry_wait: got hooks that write registers during a run; leave them out, or let entries be "
            "independent (None)"
        )
    stride, batch = inputs.runtime + wait, inputs.batch_size
    trains = {
        population: SpikeTrains(train.times + train.batches * stride, train.indices, np.zeros_like(train.batches))
        for population, train in inputs.trains.items()
    }
    whole = NetworkInputs(stride * batch - wait, 1, trains)
    result = run(config, network_graph, whole, playback_hooks, session=session)
    cut = _Cut(inputs.runtime, stride, batch)
    cadc = tuple(replace(samples, **cut(samples.times, values=samples.values)) for samples in result.cadc)
    for samples in cadc:
        counts = np.diff(samples.batch_offsets)
        if counts.any() and not counts.all():
            raise RecordingError(
                "inter_batch_entry_wait: entries one after the other share the memory of the column ADC, which is full "
                f"before entry {int(np.argmin(counts > 0))} of {batch}; record to DRAM "
                "(enable_cadc_recording_placement_in_dram=True), take fewer entries, or a longer wait or None for "
                "independent ones"
            )
    madc: dict[str, Any] = {} if result.madc is None else cut(result.madc.times, values=result.madc.values)
    return replace(
        result,
        spikes=replace(result.spikes, **cut(result.spikes.times, neurons=result.spikes.neurons)),
        loopback=_labels(cut, result.loopback),
        cadc=cadc,
        madc=None if result.madc is None else replace(result.madc, **madc),
        background=None if result.background is None else _labels(cut, result.background),
    )


class _Cut:
    """Gives what belongs to each entry."""

    def __init__(self, runtime: int, stride: int, batch: int) -> None:
        self._runtime, self._stride, self._batch = runtime, stride, batch

    def __call__(self, times: np.ndarray, **others: np.ndarray) -> dict[str, np.ndarray]:
        """Return times since the start of their entry, what belongs to them, and ``batch_offsets``."""
        entries, local = np.divmod(times, self._stride)
        inside = local < self._runtime
        offsets = np.searchsorted(entries[inside], np.arange(self._batch + 1)).astype(np.int64)
        kept = {name: values[inside] for name, values in others.items()}
        return {"times": local[inside], "batch_offsets": offsets, **kept}


def _labels(cut: _Cut, events: LabelEvents) -> LabelEvents:
    return replace(events, **cut(events.times, labels=events.labels))
