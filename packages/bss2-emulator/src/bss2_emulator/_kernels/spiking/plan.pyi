"""All that a run is but its events and its noise, as the records that plan.h declares; no loop is compiled here."""

from typing import NamedTuple

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
    """Column ADC of one hemisphere under one set of registers: what it samples, and what codes voltages give."""

    def __init__(
        self,
        index: NDArray[np.int32],
        neuron: NDArray[np.uint32],
        gain: NDArray[np.float32],
        offset: NDArray[np.float32],
        noise: float,
        common: float,
        settling: float,
    ) -> None: ...

class Samples:
    """When the column ADC of one hemisphere samples in a run, and where the codes go (plan.h)."""

    def __init__(
        self,
        times: NDArray[np.int64],
        batch_offsets: NDArray[np.int64],
        first: NDArray[np.int64],
        values: NDArray[np.uint8],
    ) -> None: ...

class Delivery:
    """How events travel: routes, sources and plasticity of drivers (see transport.h)."""

    def __init__(
        self,
        loss: bool,
        keep_passed: bool,
        queues: tuple[int, int, int, int],
        routes: NDArray[np.void],
        actions: int,
        first_neuron: int,
        label_route: NDArray[np.int32],
        neuron_route: NDArray[np.int32],
        background_route: NDArray[np.int32],
        bus_cycles: NDArray[np.int32],
        sources: NDArray[np.void],
        part_offsets: NDArray[np.int32],
        part_driver: NDArray[np.int32],
        drivers: NDArray[np.float64],
        decay: NDArray[np.float64],
    ) -> None: ...

class Segment(NamedTuple):
    """What holds from one write of registers to the next.

    ``start``: step from which it holds; ``active``: neurons n in their order, padded; ``own``, ``led``: where each was
    under the segment before, and where what led its membrane was (-1: it leads none), None in the first segment;
    ``trace_index``: place of the neuron whose membrane is kept, -1 none. All else as in plan.h.
    """

    start: int
    tables: np.ndarray
    columns: np.ndarray
    exc: np.ndarray
    inh: np.ndarray
    spans: NDArray[np.int32]
    active: NDArray[np.uint32]
    reset_cycles: NDArray[np.int32]
    refractory_cycles: NDArray[np.int32]
    circuits: Circuits
    delivery: Delivery
    top: Readout | None
    bottom: Readout | None
    trace_index: int
    own: NDArray[np.int32] | None
    led: NDArray[np.int32] | None

class Plan:
    """All that a run is but its events, its noise and where it writes: looked at once, run as often as one likes."""

    def __init__(
        self,
        runtime: int,
        neurons: int,
        saturating: bool,
        compliance: float,
        noisy: bool,
        wander: tuple[float, float, float, float],
        rail_low: float,
        rail_high: float,
        segments: tuple[Segment, ...],
    ) -> None: ...
