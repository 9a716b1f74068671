"""What the engine's kernel takes for granted about its arrays, checked before it sees them: it does not look again."""

from __future__ import annotations

from typing import Any

import numpy as np

from bss2_emulator.errors import EngineError


def need(holds: Any, what: str) -> None:
    """Raise an error of the emulator itself unless something holds.

    Raises:
        EngineError: It does not.
    """
    if not holds:
        raise EngineError(f"engine: got {what}; this is a fault of the emulator: please report it")


def inside(values: np.ndarray, low: int, high: int) -> bool:
    """Tell whether all values lie in [low, high)."""
    # what the methods of arrays do, without their two more calls: this is asked about ten arrays in each run
    return not values.size or bool(np.minimum.reduce(values, None) >= low and np.maximum.reduce(values, None) < high)


def check_circuits(
    groups: int,
    group: np.ndarray,
    of_each: tuple[np.ndarray, ...],
    unit_end: np.ndarray,
    bypass: np.ndarray,
    offsets: np.ndarray,
    leads: np.ndarray,
    squares: np.ndarray,
    matrix: np.ndarray,
) -> None:
    """Check how circuits are grouped and joined (plan.h).

    Args:
        groups: Loops of the kernel.
        group: First circuit of each, (groups + 1,).
        of_each: Arrays over circuits, padded.
        unit_end: One past the last circuit on the membrane of each, padded.
        bypass: Twice a circuit, plus one for its inhibitory input.
        offsets: Of the coupled groups in ``leads``.
        leads: Coupled circuits.
        squares: Of the coupled groups in ``matrix``.
        matrix: Their exchange.

    Raises:
        EngineError: Something would lead the kernel outside an array.
    """
    width, counts = len(unit_end), np.diff(offsets)
    need(len(group) == groups + 1 and inside(group, 0, width + 1), "groups of circuits beyond the circuits")
    need((np.diff(group) >= 0).all(), "groups of circuits that overlap")
    need(all(len(one) == width for one in of_each), "arrays over circuits of different lengths")
    need((unit_end > np.arange(width)).all() and inside(unit_end, 1, width + 1), "a membrane without an end")
    need(inside(bypass, 0, 2 * width), "an input of a circuit that is not there")
    need(len(offsets) == len(squares) and offsets[0] == squares[0] == 0, "offsets of coupled circuits that do not fit")
    need(offsets[-1] == len(leads) and inside(leads, 0, width), "a coupled circuit that is not there")
    need(squares[-1] == len(matrix) and np.array_equal(np.diff(squares), counts**2), "an exchange that is no square")
    need(inside(counts, 0, width + 1), "more coupled circuits than there are")


def check_delivery(routes: np.ndarray, actions: int, neuron_route: np.ndarray, parts: tuple[np.ndarray, ...]) -> None:
    """Check where events go (transport.h).

    Args:
        routes: Of all sources.
        actions: Compiled rows.
        neuron_route: Source of each neuron.
        parts: Offsets of the parts of each action, and the driver of each part.

    Raises:
        EngineError: Something would lead the kernel outside an array.
    """
    part_offsets, part_driver = parts
    need(inside(routes["input"], 0, 20) and inside(routes["action"], -1, actions), "an event that leads nowhere")
    need(inside(neuron_route, -1, len(routes)), "a spike that leads nowhere")
    if len(part_driver):
        fits = len(part_offsets) == actions + 1 and part_offsets[-1] == len(part_driver)
        need(fits and inside(part_driver, 0, 256), "a driver that is not there")


def check_segment(segment: Any, tables: int, lanes: int, most: int, parts: int) -> None:
    """Check the arrays of one set of registers against each other.

    Args:
        segment: What holds from one write of registers to the next.
        tables: Rows of the table of neurons.
        lanes: Arrays over neurons are padded to multiples of it.
        most: Neurons of the chip.
        parts: Rows that the events of this segment need.

    Raises:
        EngineError: Something would lead the kernel outside an array.
    """
    width, rows = segment.tables.shape[1], len(segment.spans)
    need(
        len(segment.tables) == tables and 0 < width <= most and width % lanes == 0,
        "a table of neurons of another shape",
    )
    need(segment.columns.shape in {(1, tables), (width, tables)}, "constants of neurons that are not there")
    need(segment.exc.shape == segment.inh.shape == (rows, width) and segment.spans.shape == (rows, 4), "other synapses")
    need(rows >= parts and inside(segment.spans, 0, width + 1), "synapses of neurons that are not there")
    of_each = (segment.active, segment.reset_cycles, segment.refractory_cycles)
    need(all(one.shape == (width,) for one in of_each), "arrays over neurons of different lengths")
    need(inside(segment.active, 0, most) and -1 <= segment.trace_index < width, "a neuron that is not there")
    if segment.own is not None:
        need(segment.own.shape == segment.led.shape == (width,), "neurons that get lost by a write")
        need(inside(segment.own, 0, width) and inside(segment.led, -1, width), "neurons that come from nowhere")
