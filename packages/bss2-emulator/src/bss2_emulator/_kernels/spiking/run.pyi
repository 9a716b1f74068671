"""Leaky integrate-and-fire neurons: all batch entries of a run in parallel."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bss2_emulator._kernels.spiking.plan import Plan, Samples

Listed = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]

class Outcome(NamedTuple):
    """What the entries of a batch left behind.

    Lists of events are (times, numbers, offsets), by time in each entry: ``fired`` all spikes, as neurons n;
    ``sent`` those that come over the link, as routes counted from that of the first active neuron, by n; ``back``
    other events that come over the link, as routes; ``passed`` events at synapses, as actions. Counters:
    ``delivered`` and ``dropped`` by crossbar input (20,), ``through`` by crossbar output (12,), ``link_dropped`` by
    channel, towards the chip and back (8,), ``generated`` by background source (8,), each of all entries.
    """

    fired: Listed
    sent: Listed
    back: Listed
    passed: Listed
    delivered: NDArray[np.int64]
    dropped: NDArray[np.int64]
    through: NDArray[np.int64]
    link_dropped: NDArray[np.int64]
    generated: NDArray[np.int64]

def run_batch(
    plan: Plan,
    key: int,
    run: int,
    first_entry: int,
    event_times: NDArray[np.int64],
    event_labels: NDArray[np.uint16],
    event_offsets: NDArray[np.int64],
    top: Samples | None,
    bottom: Samples | None,
    trace: np.ndarray | None,
    threads: int,
) -> Outcome:
    """Run all entries of a batch of events.

    ``top`` and ``bottom``: what the column ADCs write to, or None; ``trace``: the same for the membrane ADC.
    """
