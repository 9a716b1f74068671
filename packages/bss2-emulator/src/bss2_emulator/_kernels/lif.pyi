"""Leaky integrate-and-fire neurons: all batch entries of a run in parallel."""

import numpy as np
from numpy.typing import NDArray

LAYOUT: dict[str, int]
"""Steps, latencies and rows of the table of neuron constants (plan.h)."""

class Circuits:
    """How neurons are grouped by kind and joined (plan.h), and what is read out of them."""

    def __init__(
        self,
        group: NDArray[np.int32],
        kind: NDArray[np.int8],
        source: NDArray[np.int8],
        pulse_cycles: NDArray[np.int32],
        unit_end: NDArray[np.int32],
        bypass: NDArray[np.int32],
        offsets: NDArray[np.int32],
        leads: NDArray[np.int32],
        squares: NDArray[np.int32],
        matrix: NDArray[np.float64],
        line_rest: float,
    ) -> None: ...

class Readout:
    """Column ADC of one hemisphere: where it samples what, and where the codes go."""

    def __init__(
        self,
        index: NDArray[np.int32],
        neuron: NDArray[np.uint32],
        gain: NDArray[np.float32],
        offset: NDArray[np.float32],
        noise: float,
        times: NDArray[np.int64],
        batch_offsets: NDArray[np.int64],
        first: NDArray[np.int64],
        values: NDArray[np.uint8],
    ) -> None: ...

def run_batch(
    runtime: int,
    neurons: int,
    saturating: bool,
    noisy: bool,
    rail_low: float,
    rail_high: float,
    tables: np.ndarray,
    exc: np.ndarray,
    inh: np.ndarray,
    spans: NDArray[np.int32],
    label_action: NDArray[np.int32],
    neuron: NDArray[np.uint32],
    reset_cycles: NDArray[np.int32],
    refractory_cycles: NDArray[np.int32],
    circuits: Circuits,
    neuron_action: NDArray[np.int32],
    event_times: NDArray[np.int64],
    event_labels: NDArray[np.uint16],
    event_offsets: NDArray[np.int64],
    key: int,
    run: int,
    first_entry: int,
    top: Readout | None,
    bottom: Readout | None,
    trace_index: int,
    trace: np.ndarray,
    threads: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Run all entries; returns spike times, active neurons and offsets of the entries."""
